/**
 * The lanes of a link: the listener of each, the free lane numbers, and what a replacement fold must know about them.
 */

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
  /** The position in the log before which no replacement fold reads. */
  readonly covered: () => number
  readonly allocate: (bytes: number) => CounterBuffer
  /** Informs the fold of another chunk of memory for counters. */
  readonly allocated: (chunk: number, buffer: CounterBuffer) => void
}

/** A removed recorder that has left counts, which a replacement fold may still come across. */
interface Leaving {
  readonly listener: LaneListener
  /** The position of its end in the log. */
  readonly to: number
}

export class LinkLanes {
  readonly #options: LinkLanesOptions
  readonly #counters = new CounterTable()
  readonly #listeners = new Map<Lane, LaneListener>()
  /** Lanes that the fold has been told to close. */
  readonly #closing = new Map<Lane, LaneListener>()
  /** Lanes that the fold has closed, in order, each with a position in the log after its end. */
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

  /** Also finds the listener of a removed recorder. */
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

  /** Reserves a lane number. Its counters are cleared before anything can wait for them. */
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

  /** The number of a closed lane, once no fold will read that lane's rows in the log. */
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

  /** Keeps the listener of a removed recorder, because its counts outlive its lane. */
  leave(lane: Lane, listener: LaneListener, to: number): void {
    this.#leaving.set(lane, { listener, to })
  }

  /** Forgets the recorders whose ends no fold will read again. */
  forgetCovered(): void {
    for (const [oldest, { to }] of this.#leaving) if (to <= this.#options.covered()) this.#leaving.delete(oldest)
  }

  /** Records that the fold has closed a lane. Returns `false` if an earlier fold had already reported it. */
  closed(lane: Lane): boolean {
    this.#closing.get(lane)?.onClosed()
    return this.#closing.delete(lane)
  }

  /** Frees a closed lane that nothing writes to any more. `position`: a position in the log after its last row. */
  free(lane: Lane, position: number): void {
    this.#closed.set(lane, position)
  }

  /** What a replacement fold must know about the lanes. `to`: the end of the log. */
  restored(to: number): Pick<Restore, "counters" | "gone" | "seen"> {
    const gone = [...this.#closing.keys(), ...this.#closed.keys()]
    return {
      counters: this.#counters.buffers,
      seen: [
        ...Array.from(this.#listeners, ([lane, { seen }]) => [lane, seen] as const),
        // Removed recorders have no listener for changes.
        ...gone.map((lane) => [lane, Number.POSITIVE_INFINITY] as const)
      ],
      gone: { lanes: gone.filter((lane) => !this.#leaving.has(lane)), to }
    }
  }
}
