/** The metrics of one recorder in the fold: which of them take which rows and events, and what they show. */
import { measuredKey, nameAndMeasured } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Snapshot } from "../metric/definition/snapshot.ts"
import type { MetricEvent } from "../model/event.ts"
import type { ReadCommand } from "../stream/commands.ts"
import type { Change } from "../stream/foldMessages.ts"
import type { Rows } from "../stream/rows/format.ts"
import { copyPlain } from "../util/copyPlain.ts"
import type { Steps } from "../util/steps.ts"
import type { Kernel } from "./kernels/kernel.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import { LaneCuts } from "./laneCuts.ts"
import { type FoldLayout, foldDecoded, MetricPlans, none } from "./metricPlans.ts"
import { type CutRead, cutRead, isBrief, readEach, showEach } from "./metricReads.ts"
import {
  DuringFold,
  DuringView,
  during,
  type MetricsLane,
  PlaceDuring,
  PlaceLane,
  PlaceMetric,
  PlaceReader,
  PlaceRows,
  PlaceSequence,
  PlaceTag
} from "./place.ts"
import { RegisteredMetric } from "./registeredMetric.ts"
import type { MetricAndSaved, SavedMetric } from "./savedLane.ts"
import { type Lost, leftMetric, loadEach, preparing, savingEach, withFormers } from "./savedMetrics.ts"
import type { Shown } from "./shown.ts"
import type { MetricOwner } from "./viewedMetric.ts"

/** A metric of a lane. */
export interface Generation {
  readonly name: string
  /** How often its name was reset or replaced. */
  readonly epoch: number
  /** The hash of what it measures. */
  readonly measured: string
}

/**
 * A runtime may have 100 000 lanes, so a lane allocates nothing before it is needed, and its arrays are exactly as long
 * as their contents: an array that grows by `push` has room for 17.
 */
export class LaneMetrics implements MetricOwner {
  readonly #lane: MetricsLane
  /** The lane's place, which is read for each run. */
  readonly #place: Int32Array
  #cells: ReadonlyArray<RegisteredMetric> = none
  /** How rows and events are folded. Created when the first ones arrive. */
  #plans: MetricPlans | undefined

  /** A number that changes with each registration and reset. */
  version = 0
  /** Series that are being read. */
  #cuts: LaneCuts | undefined

  constructor(lane: MetricsLane) {
    this.#lane = lane
    this.#place = lane.place
  }

  // --- which there are

  /**
   * Registers a metric with its initial state, in the place of one of the same name if there is one. `left`: the state that
   * an earlier recorder has left of it.
   */
  register(metric: Metric.Any, at: number, left?: Uint8Array): void {
    this.version++
    this.#cuts?.end()
    const taken = this.#cells.findIndex((each) => each.metric.name === metric.name)
    const index = taken < 0 ? this.#cells.length : taken
    const before = left && leftMetric(metric, index, left, this, this.#lane.notKept)
    this.#cells =
      taken < 0
        ? [...this.#cells, before ?? new RegisteredMetric(metric, index, 0, at, this)]
        : this.#cells.with(taken, this.#cells[taken]!.next(metric, at, before))
    this.#replan()
  }

  /** Resets the metric of this name, or all metrics. */
  reset(name: string | undefined, at: number): void {
    this.#change(name, (cell) => cell.next(cell.metric, at))
  }

  /** Gives the name of this metric to another definition, which has no events here. */
  supersede(name: string, at: number): void {
    this.#change(name, (cell) => cell.former(at))
  }

  #change(name: string | undefined, change: (cell: RegisteredMetric) => RegisteredMetric): void {
    this.version++
    // Their contents are kept, and what is kept may change.
    this.#cuts?.end()
    this.#cells = this.#cells.map((cell) => (name === undefined || name === cell.metric.name ? change(cell) : cell))
    this.#replan()
  }

  /** The metric of this name. */
  find(name: string): RegisteredMetric | undefined {
    return this.#cells.find(({ metric }) => metric.name === name)
  }

  /** The metrics, without their states. */
  generations(): ReadonlyArray<Generation> {
    return this.#cells.map(({ epoch, metric }) => ({ ...nameAndMeasured(metric), epoch }))
  }

  /** What must be done before {@link save}, in steps between which events may be taken. */
  *prepare(): Steps<void> {
    yield* preparing(this.#cells)
    if (this.#cuts !== undefined) yield* this.#cuts.views.running()
  }

  /** All metrics as they are in this call. `addsUp`: for processes that add up counts. */
  saving(addsUp = false): Steps<ReadonlyArray<MetricAndSaved>> {
    if (addsUp) this.keepExpired()
    return savingEach(withFormers(this.#cells), (kernel) => this.cut(kernel))
  }

  /**
   * `poisonOf`: why the state of a metric must not be read. Returns the metrics that are quarantined because their
   * state is missing.
   */
  restore(
    saved: ReadonlyArray<SavedMetric>,
    definitionOf: (name: string) => Metric.Any,
    poisonOf: (name: string) => string | undefined
  ): ReadonlyArray<Lost> {
    this.#cells = saved.map(
      ({ createdAt, epoch, name }, i) => new RegisteredMetric(definitionOf(name), i, epoch, createdAt, this)
    )
    return loadEach(this.#lane, this.#cells, saved, poisonOf)
  }

  quarantined({ name }: Metric.Any, error: string): void {
    // From here on its events count as missed, so its rows need another plan.
    this.#replan()
    this.#lane.quarantined(name, error)
  }

  #replan(): void {
    this.#plans = undefined
  }

  // --- folding

  /**
   * Folds the rows of a layout, starting at this sequence number. Returns how many of them at least one metric took.
   */
  rows(layout: FoldLayout, rows: Rows, at: number, count: number, time: number, sequence: number): number {
    if (this.#cuts?.isAny === true) this.#cuts.detach()
    this.#plans ??= new MetricPlans(this.#cells)
    const { cells, fold, reader, tag } = this.#plans.ofRows(layout)
    const place = this.#place
    place[PlaceLane] = this.#lane.lane
    place[PlaceReader] = reader
    place[PlaceTag] = tag
    if (fold !== undefined) {
      place[PlaceSequence] = sequence
      place[PlaceRows] = count
      fold(rows, at, count, time)
      place[PlaceRows] = 0
    }
    const decoded = cells.length > 0 ? foldDecoded(layout, cells, rows, at, count, time, sequence, place) : 0
    return fold !== undefined ? count : decoded
  }

  /**
   * Gives an event, which belongs to the library, to the metrics that read it. Returns whether at least one took it.
   * Its changes are added to `changes`.
   */
  event(event: MetricEvent, at: number, sequence: number, changes: Array<Change> | undefined): boolean {
    if (this.#cuts?.isAny === true) this.#cuts.detach()
    // Its changes are views as well.
    if (changes !== undefined) this.viewDue()
    const place = this.#place
    place[PlaceLane] = this.#lane.lane
    place[PlaceSequence] = sequence
    this.#plans ??= new MetricPlans(this.#cells)
    const { cells, mayWrite, reader, tag } = this.#plans.ofEvent(event._tag)
    place[PlaceReader] = reader
    place[PlaceTag] = tag
    let took = false
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      place[PlaceMetric] = cell.index
      const own = mayWrite && i < cells.length - 1 ? copyPlain(event) : event
      if (!cell.reduce(own, at)) continue
      took = true
      if (changes === undefined) continue
      place[PlaceDuring] = DuringView
      changes.push({ tag: event._tag, sequence, at, snapshot: cell.snapshot(at) })
      place[PlaceDuring] = DuringFold
    }
    return took
  }

  /** From now on, expired series are kept for processes that add up counts. */
  keepExpired(): void {
    for (const cell of this.#cells) cell.keepExpired()
  }

  /** The number of series. */
  get size(): number {
    return this.#cells.reduce((sum, { kernel }) => sum + (kernel?.size ?? 0), 0)
  }

  /**
   * The metrics of these names take over the counts of the others, which get no more events. `sequence`: of the last
   * event. Nothing else may happen between the steps.
   */
  *absorbing(others: LaneMetrics, at: number, sequence: number): Steps<void> {
    this.#cuts?.end()
    const place = this.#place
    for (const cell of this.#cells) {
      const other = others.find(cell.metric.name)
      if (other === undefined) continue
      cell.absorbFormers(other, at)
      if (cell.comesTo(other)) {
        // From here on it may change.
        others.#cuts?.end()
        cell.kernel = other.kernel
        cell.absorbEarlier(other, at)
        this.#replan()
        continue
      }
      place[PlaceLane] = this.#lane.lane
      place[PlaceSequence] = sequence
      place[PlaceMetric] = cell.index
      yield* cell.absorbing(other, at)
    }
  }

  // --- reads

  /** In one step per hand-written view, between which nothing may change. `sequence`: of the last event. */
  *showing(now: number, addsUp: boolean, sequence: number): Steps<ReadonlyArray<Shown>> {
    this.rewind(now)
    const cells = addsUp ? withFormers(this.#cells) : this.#cells
    return yield* showEach(cells, (cell) => {
      this.#cuts?.views.runOf(cell)
      return this.#views([cell], sequence, () => cell.shown(now, addsUp))
    })
  }

  /** The steps return the state as of this call. `isSent`: it goes to another thread immediately. */
  read(command: ReadCommand, sequence: number, isSent: boolean): CutRead {
    this.rewind(command.now)
    this.#cuts ??= new LaneCuts()
    const all = command.what === "counted" ? withFormers(this.#cells) : this.#cells
    const cells = command.what === "snapshots" ? this.#named(command.names) : all
    const view = <A>(cell: RegisteredMetric, view: () => A): A => this.#views([cell], sequence, view)[0]!
    return cutRead(this.#views(cells, sequence, readEach(this.#cuts, command, isSent, view)))
  }

  /** The same in this call, if that is short. Most reads are. */
  readBriefly(command: ReadCommand, sequence: number, isSent: boolean): ReadonlyArray<Snapshot> | undefined {
    const cells = this.#named(command.names)
    if (!isBrief(command, cells, this.#cuts)) return undefined
    this.rewind(command.now)
    return this.#views(cells, sequence, (cell) => cell.snapshotNow(command.now, isSent))
  }

  /** Runs the views that reads have left for later. */
  viewDue(): void {
    this.#cuts?.views.runAll()
  }

  cut(kernel: Kernel): SeriesCut {
    this.#cuts ??= new LaneCuts()
    return this.#cuts.cut(kernel)
  }

  #views<A>(cells: ReadonlyArray<RegisteredMetric>, sequence: number, view: (cell: RegisteredMetric) => A): Array<A> {
    this.#place[PlaceSequence] = sequence
    return during(DuringView, this.#lane, cells, view)
  }

  /** See {@link measuredKey}. */
  get keys(): ReadonlyArray<string> {
    return withFormers(this.#cells).map(({ metric }) => measuredKey(nameAndMeasured(metric)))
  }

  #named(names: ReadonlyArray<string> | undefined): ReadonlyArray<RegisteredMetric> {
    return names === undefined ? this.#cells : this.#cells.filter(({ metric }) => names.includes(metric.name))
  }

  /** A read carries its time in the order of the events, so that the fold is a function of the stream. */
  rewind(now: number): void {
    this.#cuts?.rewind(now)
    for (const cell of this.#cells) cell.rewind(now)
  }
}
