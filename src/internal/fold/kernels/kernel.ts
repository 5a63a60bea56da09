/**
 * The fold of a built-in instrument, in place: what its pure reducer says, at a fraction of the cost. It takes events,
 * or rows where they lie (see {@link ./generatedLoop.ts}); property tests hold both equal to the reducer.
 */

import type { Life } from "../../formats/metricData.ts"
import { type Instrument, type LabelValue, labelValues, measuredValue } from "../../metric/definition/instrument.ts"
import { type Exemplar, type Exemplars, exemplarsOf } from "../../metric/instruments/exemplars.ts"
import type { Measure } from "../../metric/instruments/measure.ts"
import type { Points } from "../../metric/instruments/points.ts"
import { isIdle, isSweepDue, type SeriesState, together } from "../../metric/instruments/series.ts"
import { StepSeries } from "../../metric/instruments/view.ts"
import type { MetricEvent } from "../../model/event.ts"
import type { Layout } from "../../stream/rows/layout.ts"
import { asItIs } from "../../util/copyPlain.ts"
import { allSteps, known, type Steps } from "../../util/steps.ts"
import type { SavedIdle, SavedInstrument, SavedKernel, SavedSeries, SavedTimes } from "./savedKernel.ts"
import { type SeriesFinder, SeriesTable } from "./seriesTable.ts"

/** Series that are saved in a step, in less than a millisecond. */
const SavedAtOnce = 512

/** Has the series of a kernel as they are now, whatever comes: see `SeriesCut`. */
export type Cutting = (kernel: Kernel) => { readonly kernel: Kernel }

/** A kernel, and where the rows of a layout have what it needs. */
export interface PlannedKernel {
  readonly kernel: Kernel
  readonly value: ValuePlace
  readonly finder: SeriesFinder
}

/** Where the value lies: in a word, or, as an integer, in a half. `one`: each row counts 1. */
type ValuePlace = "one" | { readonly word: number } | { readonly half: number }

/** A fold in place: of an instrument, or of a metric derived from some. */
export interface InPlace {
  /** Folds one event; whether it concerned the metric. Throws what the definition's functions throw, and changes nothing. */
  readonly event: (event: MetricEvent, at: number) => boolean
  /** The first half of that: reads the event and changes nothing. It is the one that throws. */
  readonly read: (event: MetricEvent, at: number) => boolean
  /** The second half: takes the event that was read last, which concerned the metric. */
  readonly take: () => void
  /** A reader's clock is at `now`: see {@link rewoundState}. */
  readonly rewind: (now: number) => void
  /** How many series there are. */
  readonly size: number
  /**
   * Takes what another one of the same definition has come to. `current`: that one, or the copy that was made of it
   * meanwhile. `levels`: gauges and up-down counters too, which are parts of what a derived metric shows. Functions of the
   * definition run in the first step: where one throws, nothing is changed.
   */
  readonly absorbing: (current: () => InPlace, at: number, levels: boolean) => Steps<void>
  /** The state as the pure reducer has it. */
  readonly state: () => unknown
  /** Whether {@link save} would take long without what {@link prepare} does, in steps between which events are taken. */
  readonly isStale: boolean
  readonly prepare: () => Steps<void>
  /** All that it has come to, as plain data of its own. Throws for hand-written states that cannot be kept. */
  readonly save: () => SavedKernel
  /** The same as it is in this call, in steps between which events are taken. Throws in this call. */
  readonly saving: (cut: Cutting) => Steps<SavedKernel>
  /** Takes over what one of the same definition saved; it is a fresh one. */
  readonly load: (saved: SavedKernel) => void
}

export class Kernel implements InPlace {
  readonly instrument: Instrument
  readonly points: Points
  /** Measurements that were none. */
  rejected = 0
  readonly #measure: Measure<unknown, unknown>
  readonly #table: SeriesTable
  readonly #exemplars: Exemplars | undefined
  /** Where series expire. */
  readonly #idle: IdleSeries | undefined
  // What was read last.
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
    if (instrument.expireAfter !== undefined)
      this.#idle = {
        born: [],
        seen: [],
        lives: [],
        expiries: 0,
        expired: null,
        sweptAt: null,
        latest: Number.NEGATIVE_INFINITY
      }
  }

  event(event: MetricEvent, at: number): boolean {
    const concerns = this.read(event, at)
    if (concerns) this.take()
    return concerns
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
    if (this.#labels === "rejected") {
      this.rejected++
      return
    }
    if (this.#idle !== undefined) {
      const { expired } = this.#idle
      if (expired !== null) this.#idle.expired = this.#measure.rewind?.(expired, at) ?? expired
      this.#sweep(this.#idle, at)
    }
    const index = this.#table.indexOf(this.#labels)
    if (this.#idle !== undefined) this.#see(this.#idle, index, at)
    this.points.add(index, this.#value as never, at)
    this.#exemplars?.take(index, this.#value as number)
  }

  rewind(now: number): void {
    this.points.rewind?.(now)
    const idle = this.#idle
    if (idle === undefined || now >= idle.latest) return
    idle.latest = now
    if (idle.expired !== null) idle.expired = this.#measure.rewind?.(idle.expired, now) ?? idle.expired
    for (const index of this.#table.all) idle.seen[index] = Math.min(idle.seen[index]!, now)
    if (idle.sweptAt !== null) idle.sweptAt = Math.min(idle.sweptAt, now)
  }

  /** Whether the other one is what this one comes to when it takes it in. */
  comesTo(other: InPlace | undefined): boolean {
    if (!(other instanceof Kernel) || other.instrument !== this.instrument) return false
    return this.#table.indexes === 0 && this.rejected === 0 && this.#idle === undefined && this.#exemplars === undefined
  }

  *absorbing(current: () => InPlace, at: number): Steps<void> {
    const idle = this.#idle
    if (idle !== undefined) this.#sweep(idle, at)
    let count = 0
    for (const index of (current() as Kernel).#table.all) {
      if (++count % StepSeries === 0) yield
      const other = current() as Kernel
      const { size } = this.#table
      const own = this.#table.indexOfKey(other.#table.key(index))
      const begins = idle === undefined ? this.#table.size > size : this.#seeOther(idle, own, other.#idle!, index, at)
      if (this.points.merge !== undefined) {
        this.points.merge(own, other.points as never, index)
        continue
      }
      const point = other.points.point(index)
      const merged = begins ? point : this.#measure.merge(this.points.point(own), point, at)
      this.points.put(own, merged as never, other.points.latest)
    }
    const other = current() as Kernel
    this.rejected += other.rejected
    if (idle === undefined) return
    idle.expiries += other.#idle!.expiries
    idle.expired = together(this.#measure.merge, idle.expired, other.#idle!.expired, at)
  }

  /** How to fold the rows of a layout, all of which then concern the metric; `undefined` where it takes the event. */
  plan(layout: Layout): PlannedKernel | undefined {
    if (this.instrument.filter !== undefined || this.#idle !== undefined || this.#exemplars !== undefined) {
      return undefined
    }
    if (this.points.code === undefined) return undefined
    const value = valuePlace(this.instrument, layout)
    if (value === undefined) return undefined
    const finder = this.#table.finder(layout)
    return finder === undefined ? undefined : { kernel: this, value, finder }
  }

  state(): SeriesState<unknown> {
    return allSteps(this.stateSteps(() => this))
  }

  /** The same in steps. `current`: this kernel, or the copy that was made of it meanwhile. `own`: points are given away so. */
  *stateSteps(current: () => Kernel, own = asItIs): Steps<SeriesState<unknown>> {
    const series: Record<string, unknown> = {}
    const born: Record<string, number> = {}
    const seen: Record<string, number> = {}
    const lives: Record<string, number> = {}
    let count = 0
    for (const index of current().#table.all) {
      if (++count % StepSeries === 0) yield
      const kernel = current()
      const key = kernel.#table.key(index)
      series[key] = own(kernel.points.point(index))
      if (kernel.#idle === undefined) continue
      born[key] = kernel.#idle.born[index]!
      seen[key] = kernel.#idle.seen[index]!
      lives[key] = kernel.#idle.lives[index]!
    }
    const kernel = current()
    if (kernel.#idle === undefined) return { series, rejected: kernel.rejected }
    const { expired, expiries, sweptAt } = kernel.#idle
    return { series, rejected: kernel.rejected, idle: { born, seen, lives, expiries, expired: own(expired), sweptAt } }
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
    const { born: _, lives: __, seen: ___, ...idle } = this.#idle ?? {}
    return { table: this.#table.save(), rejected: this.rejected, idle: this.#idle && (idle as SavedIdle) }
  }

  /** The series from an index on: some of them. */
  saveSeries(from: number): SavedSeries {
    const to = Math.min(this.#table.indexes, from + SavedAtOnce)
    return {
      points: this.points.save(from, to),
      exemplars: this.#exemplars?.save(from, to),
      times: this.#idle && savedTimes(this.#idle, from, to)
    }
  }

  load(saved: SavedKernel): void {
    const { idle, rejected, series, table } = saved as SavedInstrument
    this.#table.load(table)
    this.points.load(series.map(({ points }) => points as never))
    this.rejected = rejected
    for (const { exemplars } of series) if (exemplars !== undefined) this.#exemplars?.load(exemplars)
    if (idle === undefined || this.#idle === undefined) return
    const { born, lives, seen } = this.#idle
    for (const { times } of series) {
      born.push(...times!.born)
      lives.push(...times!.lives)
      seen.push(...times!.seen)
    }
    Object.assign(this.#idle, idle)
    for (const index of table.free ?? []) this.#idle.seen[index] = undefined
  }

  /** As it is now, to be read while this one goes on. */
  copy(): Kernel {
    const points = this.points.copy(this.#table.indexes)
    const copy = new Kernel(this.instrument, this.#measure, points, this.#table.copy(points), this.#exemplars?.copy())
    copy.rejected = this.rejected
    if (this.#idle !== undefined && copy.#idle !== undefined) {
      const { born, lives, seen, ...rest } = this.#idle
      Object.assign(copy.#idle, rest, { born: born.slice(), lives: lives.slice(), seen: seen.slice() })
    }
    return copy
  }

  /** The indexes of the series that have not expired by `now`, or of those that have and are there until the next sweep. */
  indexes(now: number, which: "live" | "idle"): ReadonlyArray<number> {
    const idle = this.#idle
    if (idle === undefined) return which === "live" ? this.#table.all : []
    return this.#table.all.filter((index) => isIdle(this.instrument, idle.seen[index]!, now) === (which === "idle"))
  }

  /** Where series do not expire, their indexes are those below it. */
  get size(): number {
    return this.#table.size
  }

  /** Those of free series are among them. */
  get indexCount(): number {
    return this.#table.indexes
  }

  key(index: number): string {
    return this.#table.key(index)
  }

  /** By bucket. */
  exemplarsOf(index: number): ReadonlyArray<Exemplar | undefined> | undefined {
    return this.#exemplars?.of(index)
  }

  /** Where series expire. */
  lifeOf(index: number): Life | undefined {
    return this.#idle && { number: this.#idle.lives[index]!, since: this.#idle.born[index]! }
  }

  /** Whether there is something in it of a time that is yet to come: {@link rewind} would change it. */
  isAhead(now: number): boolean {
    return (this.points.latest ?? now) > now || (this.#idle !== undefined && this.#idle.latest > now)
  }

  /** All series that are there no more as one point; `null`: there are none, or series never expire. */
  get expired(): unknown {
    return this.#idle?.expired ?? null
  }

  // --- expiry

  #sweep(idle: IdleSeries, at: number): void {
    if (!isSweepDue(this.instrument, idle.sweptAt, at)) return
    for (const index of this.#table.all) {
      const seen = idle.seen[index]!
      if (isIdle(this.instrument, seen, at)) {
        this.#expire(idle, index, at)
        this.#table.remove(index)
      } else if (seen > at) idle.seen[index] = at
    }
    idle.sweptAt = at
  }

  /**
   * An event has come for a series, which is new, goes on, or has expired without having been swept away yet. Whether it
   * begins.
   */
  #see(idle: IdleSeries, index: number, at: number): boolean {
    const seen = idle.seen[index]
    const ended = seen !== undefined && isIdle(this.instrument, seen, at)
    if (ended) {
      this.#expire(idle, index, at)
      this.points.reserve(index)
    }
    const goesOn = seen !== undefined && !ended
    if (!goesOn) {
      idle.born[index] = at
      idle.lives[index] = idle.expiries
    }
    idle.seen[index] = at
    if (at > idle.latest) idle.latest = at
    return !goesOn
  }

  /** The same of a series of another kernel. Whether it begins here. */
  #seeOther(idle: IdleSeries, index: number, from: IdleSeries, other: number, at: number): boolean {
    const seen = Math.min(from.seen[other]!, at)
    const begins = this.#see(idle, index, Math.max(seen, idle.seen[index] ?? seen))
    if (begins) idle.born[index] = Math.min(from.born[other]!, at)
    return begins
  }

  #expire(idle: IdleSeries, index: number, at: number): void {
    idle.expired = together(this.#measure.merge, idle.expired, this.points.point(index), at)
    idle.expiries++
    this.#exemplars?.forget(index)
    idle.seen[index] = undefined
  }
}

/** By the index of the series: when it had its first event and its last, and which life it is in. */
interface IdleSeries {
  readonly born: Array<number>
  readonly seen: Array<number | undefined>
  readonly lives: Array<number>
  expiries: number
  expired: unknown
  sweptAt: number | null
  /** No series was seen later. */
  latest: number
}

const savedTimes = ({ born, lives, seen }: IdleSeries, from: number, to: number): SavedTimes => ({
  born: Float64Array.from(born.slice(from, to)),
  lives: Float64Array.from(lives.slice(from, to)),
  seen: Float64Array.from(seen.slice(from, to) as ReadonlyArray<number>)
})

/** `cut`: has another kernel when that one has changed. */
function* savingSteps(cut: { readonly kernel: Kernel }): Steps<SavedInstrument> {
  const table = cut.kernel.saveTable()
  const series: Array<SavedSeries> = []
  for (let from = 0; from < cut.kernel.indexCount; from += SavedAtOnce) {
    if (from > 0) yield
    series.push(cut.kernel.saveSeries(from))
  }
  return { ...table, series }
}

/** Where the rows of a layout have the value, or `undefined` where the instrument has to take it from the event. */
const valuePlace = ({ value }: Instrument, layout: Layout): ValuePlace | undefined => {
  if (value === undefined) return "one"
  const field = layout.fields.find(([name]) => name === value)?.[1]
  if (field === undefined || field.half >= 0) return undefined
  if (field.kind === "integer") return { half: field.place }
  return field.kind === "number" ? { word: field.word } : undefined
}
