/**
 * The fold of a built-in instrument, in place: equivalent to its pure reducer, at a fraction of the cost. It takes
 * events, or rows in place (see {@link ./generatedLoop.ts}). Property tests compare both with the reducer.
 */

import type { Life } from "../../formats/metricData.ts"
import { type Instrument, type LabelValue, labelValues, measuredValue } from "../../metric/definition/instrument.ts"
import { type Exemplar, type Exemplars, exemplarsOf } from "../../metric/instruments/exemplars.ts"
import type { Measure } from "../../metric/instruments/measure.ts"
import type { Points } from "../../metric/instruments/points.ts"
import type { SeriesState } from "../../metric/instruments/series.ts"
import { StepSeries } from "../../metric/instruments/view.ts"
import type { MetricEvent } from "../../model/event.ts"
import type { Layout } from "../../stream/rows/layout.ts"
import { asItIs } from "../../util/copyPlain.ts"
import { allSteps, known, type Steps } from "../../util/steps.ts"
import { IdleSeries, type TimesByKey } from "./idleSeries.ts"
import { SavedAtOnce, type SavedInstrument, type SavedKernel, type SavedSeries, savingSteps } from "./savedKernel.ts"
import { type SeriesFinder, SeriesTable } from "./seriesTable.ts"
import { type ValuePlace, valuePlace } from "./valuePlace.ts"

/** Returns the series of a kernel as they are now, whatever happens later: see `SeriesCut`. */
export type Cutting = (kernel: Kernel) => { readonly kernel: Kernel }

/** A kernel, and the places in the rows of a layout of what it needs. */
export interface PlannedKernel {
  readonly kernel: Kernel
  readonly value: ValuePlace
  readonly finder: SeriesFinder
}

/** A fold in place: of an instrument, or of a metric derived from instruments. */
export interface InPlace {
  /**
   * The first half of folding an event: reads it and changes nothing. Returns whether it concerns the metric. Only this
   * half throws, what the definition's functions throw.
   */
  readonly read: (event: MetricEvent, at: number) => boolean
  /** The second half: takes the event that was read last, which concerned the metric. */
  readonly take: () => void
  /** A reader's clock is at `now`: see {@link rewoundState}. */
  readonly rewind: (now: number) => void
  /** The number of series. */
  readonly size: number
  /**
   * Takes over the counts of another one of the same definition. `current`: returns that one, or the copy that was made
   * of it meanwhile. `levels`: includes gauges and up-down counters, which are parts of what a derived metric shows.
   * Functions of the definition run in the first step: if one throws, nothing is changed.
   */
  readonly absorbing: (current: () => InPlace, at: number, levels: boolean) => Steps<void>
  /** The state in the form of the pure reducer. `addsUp`: for adding up, including what is kept from before. */
  readonly state: (addsUp?: boolean) => unknown
  /** Does what would make {@link save} take long, in steps between which events may be taken. */
  readonly prepare: () => Steps<void>
  /** Its complete state, as plain data of its own. Throws if hand-written states cannot be serialised. */
  readonly save: () => SavedKernel
  /** The same as it is in this call, in steps between which events may be taken. Throws in this call. */
  readonly saving: (cut: Cutting) => Steps<SavedKernel>
  /** Takes over what another one of the same definition saved. This one is new. */
  readonly load: (saved: SavedKernel) => void
  /** The same in steps, before it gets any event. */
  readonly loading: (saved: SavedKernel) => Steps<void>
}

export class Kernel implements InPlace {
  readonly instrument: Instrument
  readonly points: Points
  /** The number of values that were not valid measurements. */
  rejected = 0
  readonly #measure: Measure<unknown, unknown>
  readonly #table: SeriesTable
  readonly #exemplars: Exemplars | undefined
  /** Present if series expire. */
  readonly idle: IdleSeries | undefined
  // The value that was read last.
  #value: unknown
  #labels: ReadonlyArray<LabelValue> | "rejected" = "rejected"
  #at = 0

  constructor(
    instrument: Instrument,
    measure: Measure<unknown, unknown>,
    points: Points,
    table: SeriesTable = new SeriesTable(instrument, points),
    exemplars: Exemplars | undefined = exemplarsOf(instrument)
  ) {
    this.instrument = instrument
    this.points = points
    this.#measure = measure
    this.#table = table
    this.#exemplars = exemplars
    if (instrument.expireAfter !== undefined) {
      this.idle = new IdleSeries(instrument, measure, { points, table, exemplars })
    }
  }

  read(event: MetricEvent, at: number): boolean {
    const { filter } = this.instrument
    if (filter !== undefined && !filter(event)) return false
    const value = measuredValue(this.instrument, event, at)
    if (value === undefined) return false
    this.#labels = this.#measure.accepts(value) ? labelValues(this.instrument, event, at) : "rejected"
    this.#value = value
    this.#at = at
    this.#exemplars?.read(event, at)
    return true
  }

  take(): void {
    const at = this.#at
    if (this.#labels === "rejected") return void this.rejected++
    this.idle?.comeTo(at)
    const index = this.#table.indexOf(this.#labels)
    this.idle?.see(index, at)
    this.points.add(index, this.#value as never, at)
    this.#exemplars?.take(index, this.#value as number)
  }

  rewind(now: number): void {
    this.points.rewind?.(now)
    this.idle?.rewind(now)
  }

  /** Whether this one would equal the other after taking it over. */
  comesTo(other: InPlace | undefined): boolean {
    if (!(other instanceof Kernel) || other.instrument !== this.instrument) return false
    return this.#table.indexes === 0 && this.rejected === 0 && this.idle === undefined && this.#exemplars === undefined
  }

  *absorbing(current: () => InPlace, at: number): Steps<void> {
    this.idle?.sweep(at)
    let count = 0
    for (const index of (current() as Kernel).#table.all) {
      if (++count % StepSeries === 0) yield
      this.#takeSeries(current() as Kernel, index, at, false)
    }
    const other = current() as Kernel
    this.rejected += other.rejected
    this.idle?.absorb(other.idle!, at)
  }

  /**
   * Takes over these series of another one, merging each with the series of the same key, however long ago they had
   * events.
   */
  *joining(current: () => Kernel, indexes: ReadonlyArray<number>, at: number): Steps<void> {
    for (const [i, index] of indexes.entries()) {
      if (i % StepSeries === StepSeries - 1) yield
      this.#takeSeries(current(), index, at, true)
    }
  }

  #takeSeries(other: Kernel, index: number, at: number, joins: boolean): void {
    const { size } = this.#table
    const own = this.#table.indexOfKey(other.#table.key(index))
    const begins = this.idle?.seeOther(own, other.idle!, index, at, joins) ?? this.#table.size > size
    if (this.points.merge !== undefined) return this.points.merge(own, other.points as never, index)
    const point = other.points.point(index)
    const merged = begins ? point : this.#measure.merge(this.points.point(own), point, at)
    this.points.put(own, merged as never, other.points.latest)
  }

  /** How to fold the rows of a layout, all of which then concern the metric. `undefined` if it takes events instead. */
  plan(layout: Layout): PlannedKernel | undefined {
    if (this.instrument.filter !== undefined || this.idle !== undefined || this.#exemplars !== undefined) {
      return undefined
    }
    if (this.points.code === undefined) return undefined
    const value = valuePlace(this.instrument, layout)
    if (value === undefined) return undefined
    const finder = this.#table.finder(layout)
    return finder === undefined ? undefined : { kernel: this, value, finder }
  }

  state(addsUp = false): SeriesState<unknown> {
    return allSteps(this.stateSteps(() => this, asItIs, addsUp))
  }

  /**
   * The same in steps. `current`: returns this one, or the copy that was made of it meanwhile. `own`: converts points
   * that are given away.
   */
  *stateSteps(current: () => Kernel, own = asItIs, addsUp = false): Steps<SeriesState<unknown>> {
    const series: Record<string, unknown> = {}
    const times: TimesByKey = { born: {}, seen: {}, lives: {} }
    let count = 0
    for (const index of current().#table.all) {
      if (++count % StepSeries === 0) yield
      const kernel = current()
      const key = kernel.#table.key(index)
      series[key] = own(kernel.points.point(index))
      kernel.idle?.addTo(times, key, index)
    }
    const kernel = current()
    const { rejected } = kernel
    return { series, rejected, ...(kernel.idle !== undefined && { idle: kernel.idle.state(times, own, addsUp) }) }
  }

  get isStale(): boolean {
    return this.#table.isStale
  }

  prepare(): Steps<void> {
    return this.#table.prepare()
  }

  save(): SavedInstrument {
    return allSteps(savingSteps({ kernel: this }))
  }

  saving(cut: Cutting): Steps<SavedInstrument> {
    return this.#table.indexes <= SavedAtOnce ? known(this.save()) : savingSteps(cut(this))
  }

  saveTable(): Omit<SavedInstrument, "series"> {
    return { table: this.#table.save(), rejected: this.rejected, idle: this.idle?.save() }
  }

  /** Saves some of the series, from an index on. */
  saveSeries(from: number): SavedSeries {
    const to = Math.min(this.#table.indexes, from + SavedAtOnce)
    return {
      points: this.points.save(from, to),
      exemplars: this.#exemplars?.save(from, to),
      times: this.idle?.saveTimes(from, to)
    }
  }

  load(saved: SavedKernel): void {
    allSteps(this.loading(saved))
  }

  *loading(saved: SavedKernel): Steps<void> {
    const { idle, rejected, series, table } = saved as SavedInstrument
    yield* this.#table.loading(table)
    yield* this.points.loading(series.map(({ points }) => points as never))
    this.rejected = rejected
    for (const { exemplars } of series) if (exemplars !== undefined) this.#exemplars?.load(exemplars)
    const times = series.flatMap(({ times }) => times ?? [])
    if (idle !== undefined) this.idle?.load(idle, times)
  }

  /** A copy as it is now, to be read while this one continues. */
  copy(): Kernel {
    const points = this.points.copy(this.#table.indexes)
    const copy = new Kernel(this.instrument, this.#measure, points, this.#table.copy(points), this.#exemplars?.copy())
    copy.rejected = this.rejected
    if (this.idle !== undefined) copy.idle?.takeOver(this.idle, this.#table.indexes)
    return copy
  }

  /**
   * The indexes of the series that have not expired by `now`, or of those that have and remain until the next sweep.
   */
  indexes(now: number, which: "live" | "idle"): ReadonlyArray<number> {
    const idle = this.idle
    if (idle === undefined) return which === "live" ? this.#table.all : []
    return this.#table.all.filter((index) => idle.isIdle(index, now) === (which === "idle"))
  }

  /** If series do not expire, all indexes are below it. */
  get size(): number {
    return this.#table.size
  }

  /** Includes the indexes of free series. */
  get indexCount(): number {
    return this.#table.indexes
  }

  key(index: number): string {
    return this.#table.key(index)
  }

  has(key: string): boolean {
    return this.#table.has(key)
  }

  /** By bucket. */
  exemplarsOf(index: number): ReadonlyArray<Exemplar | undefined> | undefined {
    return this.#exemplars?.of(index)
  }

  /** Present if series expire. */
  lifeOf(index: number): Life | undefined {
    return this.idle?.lifeOf(index)
  }

  /** Whether it contains something with a time in the future, which {@link rewind} would change. */
  isAhead(now: number): boolean {
    return (this.points.latest ?? now) > now || (this.idle !== undefined && this.idle.latest > now)
  }

  /** All expired series as one point. `null`: there are none, or series never expire. */
  get expired(): unknown {
    return this.idle?.expired ?? null
  }
}
