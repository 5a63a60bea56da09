/**
 * The fold side of one recorder: the states of its metrics, and the events that move them.
 *
 * A state machine driven by the stream. It never reads a clock: an event carries its time, a read carries `now`.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { LaneCounters } from "../stream/foldedCounters.ts"
import type { Change, Lane, LaneCommand, LaneMessage, Read, Watch } from "../stream/protocol.ts"
import type { RowRead, Rows } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import { type RowsFold, rowsFold } from "./kernels/generatedLoop.ts"
import { Kernel, type PlannedKernel } from "./kernels/kernel.ts"
import { Cell, type CellOwner, type Shown } from "./registeredMetric.ts"

/** A layout as the fold has it. */
export interface FoldLayout {
  readonly index: number
  readonly layout: Layout
  readonly read: RowRead
}

/** Someone who wants to see all metrics, behind every event that came before. */
interface Show {
  readonly _tag: "Show"
  readonly now: number
  readonly take: (shown: ReadonlyArray<Shown>) => void
}

/** How the rows of a layout are folded in this lane. */
interface Reading {
  /** The metrics that fold rows where they lie, and take all of them. */
  readonly fold: RowsFold | undefined
  /** Metrics that need the event itself. */
  readonly cells: ReadonlyArray<Cell>
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

/** What most lanes have of something. It is shared, and never written. */
const none: ReadonlyArray<never> = []

/** Most changes that wait for a listener: the fold goes on when these are delivered. */
const ChangesAtOnce = 32

/**
 * A runtime may have 100 000 lanes: what a lane does not need yet it does not have, and its arrays are as long as what
 * they hold, because one that grows by `push` has room for 17.
 */
export class FoldLane implements CellOwner {
  readonly #lane: Lane
  readonly #counters: LaneCounters
  readonly #send: (message: LaneMessage) => void
  #cells: ReadonlyArray<Cell> = none
  /** Made when events come one by one. */
  #byTag: Map<string, ReadonlyArray<Cell>> | undefined
  /** The layout of the rows that came last, and how they are folded; made when a row of it comes. */
  #layout: FoldLayout | undefined
  #reading: Reading | undefined
  /** Those of all layouts, where there are several. */
  #readings: Map<FoldLayout, Reading> | undefined
  /** What came while the lane waited. */
  #inbox: Array<LaneCommand | Batch | Show> | undefined
  #watch: Watch = "none"
  /** The batch whose changes a listener has not taken yet. */
  #waiting: Batch | undefined
  #sequence = 0

  constructor(options: {
    readonly lane: Lane
    readonly counters: LaneCounters
    readonly send: (message: LaneMessage) => void
  }) {
    this.#lane = options.lane
    this.#counters = options.counters
    this.#send = options.send
  }

  // --- what comes out of the stream

  rows(layout: FoldLayout, rows: Rows, at: number, count: number, time: number): void {
    if (this.#watch !== "none" || this.#waiting !== undefined) {
      const { words } = layout.layout
      for (let i = 0, row = at; i < count; i++, row += words) this.#later(layout.read(rows, row), time)
      return this.#goOn()
    }
    const { cells, fold } = layout === this.#layout ? this.#reading! : this.#readingOf(layout)
    let applied = 0
    if (fold !== undefined) {
      fold(rows, at, count, time)
      applied = count
    }
    if (cells.length > 0) applied = Math.max(applied, this.#decodeAndFold(layout, cells, rows, at, count, time))
    this.#sequence += count
    this.#moveCounters(applied, count - applied)
  }

  event(event: MetricEvent, at: number): void {
    if (this.#watch !== "none" || this.#waiting !== undefined) {
      this.#later(event, at)
      return this.#goOn()
    }
    const took = this.#apply(event, at, undefined)
    for (const cell of this.#cells) cell.settle()
    this.#moveCounters(took ? 1 : 0, took ? 0 : 1)
  }

  foreignEvents(count: number): void {
    if (this.#waiting === undefined) {
      this.#sequence += count
      return this.#moveCounters(0, count)
    }
    for (let i = 0; i < count; i++) this.#later(foreign, 0)
  }

  command(command: LaneCommand): void {
    this.#take(command)
  }

  /** Gives what all metrics show, once it is their turn. */
  show(now: number, take: Show["take"]): void {
    this.#take({ _tag: "Show", now, take })
  }

  #take(step: LaneCommand | Show): void {
    if (this.#inbox === undefined && this.#waiting === undefined) return this.#step(step)
    this.#inbox ??= []
    this.#inbox.push(step)
  }

  /** The recorder has been removed: there is nothing to show. */
  close(): void {
    for (const step of this.#inbox ?? none) if (step._tag === "Show") step.take([])
  }

  /** A listener has taken the changes: the lane goes on. */
  delivered(): void {
    const batch = this.#waiting
    if (batch === undefined) return
    this.#waiting = undefined
    this.#publish(batch)
    this.#foldBatch(batch)
    this.#goOn()
  }

  // --- in order, one by one

  #later(event: MetricEvent, at: number): void {
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
    while (this.#waiting === undefined && done < inbox.length) this.#step(inbox[done++]!)
    if (done === inbox.length) this.#inbox = undefined
    else inbox.splice(0, done)
  }

  #step(step: LaneCommand | Batch | Show): void {
    switch (step._tag) {
      case "Events":
        return this.#foldBatch(step)
      case "Show":
        this.#rewind(step.now)
        return step.take(this.#cells.map((cell) => cell.shown(step.now)))
      case "Register":
        return this.#register(step.metric!, step.at)
      case "Watch":
        this.#watch = step.watch
        return
      case "Skip":
        this.#sequence = step.to
        return
      case "Read": {
        this.#rewind(step.now)
        return this.#send({ _tag: "Answer", lane: this.#lane, request: step.request, read: this.#read(step) })
      }
      case "Reset": {
        this.#cells = this.#cells.map((cell) =>
          step.name === undefined || step.name === cell.metric.name
            ? new Cell(cell.metric, cell.epoch + 1, step.at, this)
            : cell
        )
        return this.#forgetReadings()
      }
    }
  }

  /** A read carries its time in the order of the events, so that the fold stays a function of the stream. */
  #rewind(now: number): void {
    for (const cell of this.#cells) cell.rewind(now)
  }

  #read({ maxSeries = 0, now, what }: Extract<LaneCommand, { readonly _tag: "Read" }>): Read {
    switch (what) {
      case "snapshots":
        return this.#cells.map((cell) => cell.snapshot(now))
      case "shown":
        return this.#cells.map((cell) => cell.shownRead(now))
      case "largest":
        return this.#cells.map((cell) => cell.largest(now, maxSeries))
      case "states":
        return this.#cells.flatMap((cell) => cell.state())
    }
  }

  /** Puts a metric into service with its initial state, in the place of one of the same name if there is one. */
  #register(metric: Metric.Any, at: number): void {
    const taken = this.#cells.findIndex((each) => each.metric.name === metric.name)
    this.#cells =
      taken < 0
        ? [...this.#cells, new Cell(metric, 0, at, this)]
        : this.#cells.with(taken, new Cell(metric, this.#cells[taken]!.epoch + 1, at, this))
    this.#forgetReadings()
  }

  quarantined({ name }: Metric.Any, error: string): void {
    // What folded its rows until now counts them as missed from here on.
    this.#forgetReadings()
    this.#send({ _tag: "Quarantined", lane: this.#lane, name, error })
  }

  #forgetReadings(): void {
    this.#byTag = undefined
    this.#layout = this.#reading = this.#readings = undefined
  }

  /** The metrics that read events of a tag. */
  #readersOf(tag: string): ReadonlyArray<Cell> {
    return exact(this.#cells.filter(({ metric }) => Object.hasOwn(metric.reduce, tag)))
  }

  #readingOf(layout: FoldLayout): Reading {
    let reading = this.#readings?.get(layout)
    if (reading === undefined) {
      reading = this.#resolve(layout)
      if (this.#layout !== undefined) {
        this.#readings ??= new Map([[this.#layout, this.#reading!]])
        this.#readings.set(layout, reading)
      }
    }
    this.#layout = layout
    this.#reading = reading
    return reading
  }

  #resolve({ layout }: FoldLayout): Reading {
    const all = this.#readersOf(layout.tag)
    const planned: Array<PlannedKernel> = []
    const cells = all.filter(({ inService, kernel }) => {
      const plan = inService && kernel instanceof Kernel ? kernel.plan(layout) : undefined
      if (plan !== undefined) planned.push(plan)
      return plan === undefined
    })
    return { fold: rowsFold(planned, layout.words), cells: exact(cells) }
  }

  /** Folds a batch from where it stands: to its end, or until a listener has to be waited for. */
  #foldBatch(batch: Batch): void {
    const { events, times } = batch
    const changes: Array<Change> = []
    while (batch.next < events.length && changes.length < ChangesAtOnce) {
      const index = batch.next++
      const took = this.#apply(events[index]!, times[index]!, this.#watch === "none" ? undefined : changes)
      if (took) batch.applied++
      else batch.ignored++
    }
    for (const cell of this.#cells) cell.settle()
    if (changes.length === 0) return this.#publish(batch)
    // Not counted as folded before they are delivered: a slow listener uses up the capacity, not memory.
    this.#waiting = batch
    this.#send({ _tag: "Changes", lane: this.#lane, changes: this.#watch === "latest" ? latest(changes) : changes })
  }

  /** Gives one event to the metrics that read it; whether at least one took it. */
  #apply(event: MetricEvent, at: number, changes: Array<Change> | undefined): boolean {
    const sequence = ++this.#sequence
    let took = false
    for (const cell of this.#cellsOf(event._tag)) {
      if (!cell.reduce(event, at)) continue
      took = true
      changes?.push({ tag: event._tag, sequence, at, snapshot: cell.snapshot(at) })
    }
    return took
  }

  #cellsOf(tag: string): ReadonlyArray<Cell> {
    this.#byTag ??= new Map()
    let cells = this.#byTag.get(tag)
    if (cells === undefined) {
      cells = this.#readersOf(tag)
      this.#byTag.set(tag, cells)
    }
    return cells
  }

  /** Folds rows as the events they hold; how many at least one of `cells` took. */
  #decodeAndFold(
    layout: FoldLayout,
    cells: ReadonlyArray<Cell>,
    rows: Rows,
    at: number,
    count: number,
    time: number
  ): number {
    const { words } = layout.layout
    let applied = 0
    for (let i = 0, row = at; i < count; i++, row += words) {
      const event = layout.read(rows, row)
      let took = false
      for (let c = 0; c < cells.length; c++) if (cells[c]!.reduce(event, time)) took = true
      if (took) applied++
    }
    for (const cell of this.#cells) cell.settle()
    return applied
  }

  /** Moves the counters, which frees the credits of what was folded. */
  #publish(batch: Batch): void {
    this.#moveCounters(batch.applied, batch.ignored)
    batch.applied = batch.ignored = 0
  }

  #moveCounters(applied: number, ignored: number): void {
    this.#counters.add(applied, ignored)
    if (this.#counters.takeWanted()) this.#send({ _tag: "Folded", lane: this.#lane })
  }
}

const exact = <A>(array: ReadonlyArray<A>): ReadonlyArray<A> => (array.length === 0 ? none : array.slice())

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
