/**
 * The fold side of one recorder: the states of its metrics, and the events that move them.
 *
 * A state machine driven by commands. It never reads a clock: an event carries its time, a read carries `now`.
 */
import * as MutableRef from "effect/MutableRef"
import * as Ref from "effect/Ref"
import type * as Metric from "../Metric.ts"
import type { MetricEvent } from "../MetricEvent.ts"
import type { Snapshot } from "../Snapshot.ts"
import { describeError } from "./describeError.ts"
import { Applied, type Change, type Command, Ignored, type Lane, type LaneMessage, type Watch } from "./protocol.ts"

/** A metric in service: its definition, its state, and what became of it. */
interface Cell {
  readonly metric: Metric.Any
  readonly state: Ref.Ref<unknown>
  /** The state while a batch is folded; the `Ref` is set once at its end. */
  working: unknown
  /** What was shown last. */
  shown: unknown
  quarantine: { readonly error: string; missed: number } | undefined
}

/** Events of a batch that are still to be folded, from `next` on. */
interface Batch {
  readonly command: Extract<Command, { readonly _tag: "Events" }>
  next: number
  /** Folded since the counters were last moved. */
  applied: number
  ignored: number
}

/** Most changes that wait for a listener: the fold goes on when these are delivered. */
const ChangesAtOnce = 32

export class FoldLane {
  readonly #lane: Lane
  readonly #counters: Int32Array
  readonly #send: (message: LaneMessage) => void
  readonly #cells = new Map<string, Cell>()
  readonly #byTag = new Map<string, Array<Cell>>()
  readonly #inbox: Array<Command> = []
  #watch: Watch = "none"
  /** The batch whose changes a listener has not taken yet. While there is one, commands wait in the inbox. */
  #waiting: Batch | undefined

  constructor(lane: Lane, counters: Int32Array, send: (message: LaneMessage) => void) {
    this.#lane = lane
    this.#counters = counters
    this.#send = send
  }

  /** Takes a command, and does what can be done now. `metric` is the definition for a `Register`. */
  handle(command: Command): void {
    if (command._tag === "Delivered") {
      const batch = this.#waiting
      if (batch === undefined) return
      this.#waiting = undefined
      this.#publish(batch)
      this.#fold(batch)
    } else {
      this.#inbox.push(command)
    }
    let done = 0
    while (this.#waiting === undefined && done < this.#inbox.length) this.#step(this.#inbox[done++]!)
    this.#inbox.splice(0, done)
  }

  #step(command: Command): void {
    switch (command._tag) {
      case "Events":
        return this.#fold({ command, next: 0, applied: 0, ignored: 0 })
      case "Register":
        return this.#register(command.metric!)
      case "Watch":
        this.#watch = command.watch
        return
      case "Read": {
        const snapshots = Array.from(this.#cells.values(), (cell) =>
          this.#snapshotOf(cell, Ref.getUnsafe(cell.state), command.now)
        )
        return this.#send({ _tag: "Snapshots", lane: this.#lane, request: command.request, snapshots })
      }
    }
  }

  /** Puts a metric into service with its initial state, in the place of one of the same name if there is one. */
  #register(metric: Metric.Any): void {
    const state = Ref.makeUnsafe<unknown>(metric.initial)
    this.#cells.set(metric.name, { metric, state, working: metric.initial, shown: {}, quarantine: undefined })
    this.#byTag.clear()
    for (const cell of this.#cells.values()) {
      for (const tag of Object.keys(cell.metric.reduce)) {
        const cells = this.#byTag.get(tag)
        if (cells === undefined) this.#byTag.set(tag, [cell])
        else cells.push(cell)
      }
    }
  }

  /** Folds a batch from where it stands: to its end, or until a listener has to be waited for. */
  #fold(batch: Batch): void {
    const { events, first, times } = batch.command
    const changes: Array<Change> = []
    while (batch.next < events.length && changes.length < ChangesAtOnce) {
      const index = batch.next++
      const took = this.#apply(events[index]!, times[index]!, first + index, changes)
      if (took) batch.applied++
      else batch.ignored++
    }
    for (const cell of this.#cells.values()) {
      if (!Object.is(cell.working, Ref.getUnsafe(cell.state))) MutableRef.set(cell.state.ref, cell.working)
    }
    if (changes.length === 0) return this.#publish(batch)
    // Not counted as folded before they are delivered: a slow listener uses up the capacity, not memory.
    this.#waiting = batch
    this.#send({ _tag: "Changes", lane: this.#lane, changes: this.#watch === "latest" ? latest(changes) : changes })
  }

  /** Gives one event to the metrics that read it; whether at least one took it. */
  #apply(event: MetricEvent, at: number, sequence: number, changes: Array<Change>): boolean {
    const cells = this.#byTag.get(event._tag)
    if (cells === undefined) return false
    let took = false
    for (const cell of cells) {
      if (cell.quarantine !== undefined) {
        cell.quarantine.missed++
        continue
      }
      try {
        const next: unknown = cell.metric.reduce[event._tag]!(cell.working, event, at)
        if (Object.is(next, cell.working)) continue
        cell.working = next
      } catch (error) {
        this.#quarantine(cell, describeError(error), 1)
        continue
      }
      took = true
      if (this.#watch !== "none") {
        changes.push({ tag: event._tag, sequence, at, snapshot: this.#snapshotOf(cell, cell.working, at) })
      }
    }
    return took
  }

  #quarantine(cell: Cell, error: string, missed: number): void {
    cell.quarantine = { error, missed }
    this.#send({ _tag: "Quarantined", lane: this.#lane, name: cell.metric.name, error })
  }

  /** A copy that the reader may keep: structured clone also refuses here what could not cross a thread. */
  #snapshotOf(cell: Cell, state: unknown, now: number): Snapshot {
    const { name, view } = cell.metric
    try {
      cell.shown = structuredClone(view(state, now))
    } catch (error) {
      if (cell.quarantine === undefined) this.#quarantine(cell, `view: ${describeError(error)}`, 0)
    }
    const { quarantine, shown } = cell
    return quarantine === undefined
      ? { name, dimensions: shown }
      : { name, dimensions: shown, quarantine: { ...quarantine } }
  }

  /** Moves the counters, which frees the credits of what was folded, and says so. */
  #publish(batch: Batch): void {
    Atomics.add(this.#counters, Applied, batch.applied)
    Atomics.add(this.#counters, Ignored, batch.ignored)
    batch.applied = batch.ignored = 0
    this.#send({ _tag: "Folded", lane: this.#lane })
  }
}

/** The last change of each metric, in the order in which those came. */
const latest = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> => {
  const byName = new Map<string, Change>()
  for (const change of changes) {
    byName.delete(change.snapshot.name)
    byName.set(change.snapshot.name, change)
  }
  return [...byName.values()]
}
