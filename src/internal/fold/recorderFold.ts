/**
 * The fold side of one recorder: a state machine driven by the stream, which folds what comes, or keeps it while a
 * listener to changes has to be waited for. It never reads a clock: an event carries its time, a read carries `now`.
 */
import type { MetricEvent } from "../model/event.ts"
import type { LaneCounters } from "../stream/foldedCounters.ts"
import type { Change, Lane, LaneCommand, LaneMessage, Watch } from "../stream/protocol.ts"
import type { Rows } from "../stream/rows/format.ts"
import { type FoldLayout, LaneMetrics } from "./laneMetrics.ts"
import type { Shown } from "./registeredMetric.ts"

/** Someone who wants to see all metrics, behind every event that came before. */
interface Show {
  readonly _tag: "Show"
  readonly now: number
  readonly take: (shown: ReadonlyArray<Shown>) => void
}

/** Events were evicted: the next one comes after this sequence number. */
interface Skip {
  readonly _tag: "Skip"
  readonly to: number
}

/** Events that are to be folded one by one, from `next` on, because someone listens or the lane waits. */
interface Batch {
  readonly _tag: "Events"
  readonly events: Array<MetricEvent>
  readonly times: Array<number>
  next: number
  /** Folded since the counters were last moved. */
  applied: number
  ignored: number
}

/** Most changes that wait for a listener: the fold goes on when these are delivered. */
const ChangesAtOnce = 32

export class FoldLane {
  readonly #lane: Lane
  readonly #counters: LaneCounters
  readonly #send: (message: LaneMessage) => void
  readonly #sendCopies: boolean
  readonly #metrics: LaneMetrics
  /** What came while the lane waited. */
  #inbox: Array<LaneCommand | Batch | Show | Skip> | undefined
  #watch: Watch = "none"
  /** The batch whose changes a listener has not taken yet. */
  #undelivered: Batch | undefined
  #sequence = 0

  constructor(options: {
    readonly lane: Lane
    readonly counters: LaneCounters
    readonly send: (message: LaneMessage) => void
    /** Whether `send` copies. */
    readonly sendCopies: boolean
  }) {
    this.#lane = options.lane
    this.#counters = options.counters
    this.#send = options.send
    this.#sendCopies = options.sendCopies
    this.#metrics = new LaneMetrics(options.lane, options.send)
  }

  // --- what comes out of the stream

  rows(layout: FoldLayout, rows: Rows, at: number, count: number, time: number): void {
    if (this.#watch !== "none" || this.#undelivered !== undefined) {
      const { words } = layout.layout
      for (let i = 0, row = at; i < count; i++, row += words) this.#enqueue(layout.read(rows, row), time)
      return this.#goOn()
    }
    const applied = this.#metrics.rows(layout, rows, at, count, time)
    this.#sequence += count
    this.#moveCounters(applied, count - applied)
  }

  event(event: MetricEvent, at: number): void {
    if (this.#watch !== "none" || this.#undelivered !== undefined) {
      this.#enqueue(event, at)
      return this.#goOn()
    }
    const took = this.#metrics.event(event, at, ++this.#sequence, undefined)
    this.#moveCounters(took ? 1 : 0, took ? 0 : 1)
  }

  foreignEvents(count: number): void {
    if (this.#undelivered === undefined) {
      this.#sequence += count
      return this.#moveCounters(0, count)
    }
    for (let i = 0; i < count; i++) this.#enqueue(foreign, 0)
  }

  skip(to: number): void {
    this.#take({ _tag: "Skip", to })
  }

  command(command: LaneCommand): void {
    this.#take(command)
  }

  /** Gives what all metrics show, once it is their turn. */
  show(now: number, take: Show["take"]): void {
    this.#take({ _tag: "Show", now, take })
  }

  /** The recorder has been removed: there is nothing to show. */
  close(): void {
    for (const step of this.#inbox ?? []) if (step._tag === "Show") step.take([])
  }

  #take(step: LaneCommand | Show | Skip): void {
    if (this.#inbox === undefined && this.#undelivered === undefined) return this.#step(step)
    this.#inbox ??= []
    this.#inbox.push(step)
  }

  /** A listener has taken the changes: the lane goes on. */
  delivered(): void {
    const batch = this.#undelivered
    if (batch === undefined) return
    this.#undelivered = undefined
    this.#acknowledge(batch)
    this.#foldBatch(batch)
    this.#goOn()
  }

  // --- in order, one by one

  #enqueue(event: MetricEvent, at: number): void {
    this.#inbox ??= []
    let last = this.#inbox.at(-1)
    if (last?._tag !== "Events") {
      last = { _tag: "Events", events: [], times: [], next: 0, applied: 0, ignored: 0 }
      this.#inbox.push(last)
    }
    last.events.push(event)
    last.times.push(at)
  }

  /** Does what can be done now. */
  #goOn(): void {
    const inbox = this.#inbox
    if (inbox === undefined) return
    let done = 0
    while (this.#undelivered === undefined && done < inbox.length) this.#step(inbox[done++]!)
    if (done === inbox.length) this.#inbox = undefined
    else inbox.splice(0, done)
  }

  #step(step: LaneCommand | Batch | Show | Skip): void {
    switch (step._tag) {
      case "Events":
        return this.#foldBatch(step)
      case "Show":
        return step.take(this.#metrics.shown(step.now))
      case "Register":
        return this.#metrics.register(step.metric!, step.at)
      case "Watch":
        this.#watch = step.watch
        return
      case "Skip":
        this.#sequence = step.to
        return
      case "Read":
        return this.#send({
          _tag: "Answer",
          lane: this.#lane,
          request: step.request,
          read: this.#metrics.read(step, this.#sendCopies)
        })
      case "Reset":
        return this.#metrics.reset(step.name, step.at)
    }
  }

  /** Folds a batch from where it stands: to its end, or until a listener has to be waited for. */
  #foldBatch(batch: Batch): void {
    const { events, times } = batch
    const changes: Array<Change> = []
    while (batch.next < events.length && changes.length < ChangesAtOnce) {
      const index = batch.next++
      const at = times[index]!
      const took = this.#metrics.event(
        events[index]!,
        at,
        ++this.#sequence,
        this.#watch === "none" ? undefined : changes
      )
      if (took) batch.applied++
      else batch.ignored++
    }
    if (changes.length === 0) return this.#acknowledge(batch)
    // Not counted as folded before they are delivered: a slow listener uses up the capacity, not memory.
    this.#undelivered = batch
    this.#send({ _tag: "Changes", lane: this.#lane, changes: this.#watch === "latest" ? latest(changes) : changes })
  }

  /** Moves the counters, which frees the credits of what was folded. */
  #acknowledge(batch: Batch): void {
    this.#moveCounters(batch.applied, batch.ignored)
    batch.applied = batch.ignored = 0
  }

  #moveCounters(applied: number, ignored: number): void {
    this.#counters.add(applied, ignored)
    if (this.#counters.takeWanted()) this.#send({ _tag: "Folded", lane: this.#lane })
  }
}

/** Stands for an event that no metric reads. */
const foreign: MetricEvent = { _tag: "" }

/** The last change of each metric, in the order in which those came. */
const latest = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> => {
  const byName = new Map<string, Change>()
  for (const change of changes) {
    byName.delete(change.snapshot.name)
    byName.set(change.snapshot.name, change)
  }
  return [...byName.values()]
}
