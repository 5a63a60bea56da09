/** The lanes of a link: who listens to each, which of their numbers are free, and what another fold is told of them. */

import type { Lane } from "../stream/commands.ts"
import {
  ChunkBytes,
  type CounterBuffer,
  type CounterPlace,
  CounterTable,
  type LaneCounters
} from "../stream/foldedCounters.ts"
import type { Restore } from "../stream/restore.ts"
import type { LaneListener } from "./link.ts"

interface LinkLanesOptions {
  /** The position in the log up to which no other fold comes to it. */
  readonly covered: () => number
  readonly allocate: (bytes: number) => CounterBuffer
  /** The fold is to count in this memory as well. */
  readonly allocated: (chunk: number, buffer: CounterBuffer) => void
}

/** A recorder that was removed which has left something, and which another fold may come to yet. */
interface Leaving {
  readonly listener: LaneListener
  /** The position of its end in the log. */
  readonly to: number
}

export class LinkLanes {
  readonly #options: LinkLanesOptions
  readonly #counters = new CounterTable()
  readonly #listeners = new Map<Lane, LaneListener>()
  /** Lanes that the fold is to close. */
  readonly #closing = new Map<Lane, LaneListener>()
  /** Those that it has closed, in order, with a position behind that in the log. */
  readonly #closed = new Map<Lane, number>()
  /** In the order of their ends in the log. */
  readonly #leaving = new Map<Lane, Leaving>()
  #made = 0

  constructor(options: LinkLanesOptions) {
    this.#options = options
  }

  listener(lane: Lane): LaneListener | undefined {
    return this.#listeners.get(lane)
  }

  /** The same, of a recorder that was removed as well. */
  knownListener(lane: Lane): LaneListener | undefined {
    return this.#listeners.get(lane) ?? this.#leaving.get(lane)?.listener
  }

  entries(): IterableIterator<[Lane, LaneListener]> {
    return this.#listeners.entries()
  }

  listeners(): IterableIterator<LaneListener> {
    return this.#listeners.values()
  }

  /** Changes while events are folded. */
  get folded(): number {
    return this.#counters.folded
  }

  countersOf(lane: Lane): LaneCounters {
    return this.#counters.of(lane)
  }

  placeOf(lane: Lane): CounterPlace {
    return this.#counters.placeOf(lane)
  }

  // --- numbers

  /** A number for a lane. Its counters are cleared before anybody can wait for them. */
  reserve(): Lane {
    const lane = this.#nextLane()
    this.#leaving.delete(lane)
    this.#counters.of(lane).clear()
    return lane
  }

  #nextLane(): Lane {
    const lane = this.#freeLane() ?? this.#made++
    if (lane >= this.#counters.lanes) {
      const buffer = this.#options.allocate(ChunkBytes)
      const chunk = this.#counters.buffers.length
      this.#counters.add(chunk, buffer)
      this.#options.allocated(chunk, buffer)
    }
    return lane
  }

  /** The number of a lane that was closed, once no fold will come to what lies in the log of it. */
  #freeLane(): Lane | undefined {
    const [first] = this.#closed
    if (first === undefined || first[1] > this.#options.covered()) return undefined
    this.#closed.delete(first[0])
    return first[0]
  }

  // --- from its opening to its end

  open(lane: Lane, listener: LaneListener): void {
    this.#listeners.set(lane, listener)
  }

  close(lane: Lane, listener: LaneListener): void {
    this.#listeners.delete(lane)
    this.#closing.set(lane, listener)
  }

  /** What a recorder has counted that was removed is not over with its lane. */
  leave(lane: Lane, listener: LaneListener, to: number): void {
    this.#leaving.set(lane, { listener, to })
  }

  /** No fold comes to the ends of these any more. */
  forgetCovered(): void {
    for (const [oldest, { to }] of this.#leaving) if (to <= this.#options.covered()) this.#leaving.delete(oldest)
  }

  /** The fold has closed it. `false`: that was known, from a fold before. */
  closed(lane: Lane): boolean {
    this.#closing.get(lane)?.onClosed()
    return this.#closing.delete(lane)
  }

  /** Nobody writes to a lane that was closed. `position`: behind that in the log. */
  free(lane: Lane, position: number): void {
    this.#closed.set(lane, position)
  }

  /** What a fold is told of them that takes the place of another one. `to`: the end of the log. */
  restored(to: number): Pick<Restore, "counters" | "gone" | "seen"> {
    const gone = [...this.#closing.keys(), ...this.#closed.keys()]
    return {
      counters: this.#counters.buffers,
      seen: [
        ...Array.from(this.#listeners, ([lane, { seen }]) => [lane, seen] as const),
        // Nobody listens to those that are gone.
        ...gone.map((lane) => [lane, Number.POSITIVE_INFINITY] as const)
      ],
      gone: { lanes: gone.filter((lane) => !this.#leaving.has(lane)), to }
    }
  }
}
