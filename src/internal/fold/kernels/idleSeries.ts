/**
 * When the series of a kernel have had events, if series expire: which of them have expired, and their combined values.
 */
import type { Life } from "../../formats/metricData.ts"
import type { Instrument } from "../../metric/definition/instrument.ts"
import type { Exemplars } from "../../metric/instruments/exemplars.ts"
import type { Measure } from "../../metric/instruments/measure.ts"
import { grown, joined, noNumbers, type Points } from "../../metric/instruments/points.ts"
import { type Idle, isIdle, isSweepDue, together } from "../../metric/instruments/series.ts"
import type { asItIs } from "../../util/copyPlain.ts"
import { allSteps } from "../../util/steps.ts"
import type { SavedIdle } from "./savedKernel.ts"
import type { SeriesTable } from "./seriesTable.ts"

/** What it needs from the kernel about its series. */
interface ExpiringSeries {
  readonly table: SeriesTable
  readonly points: Points
  readonly exemplars: Exemplars | undefined
}

export interface TimesByKey {
  readonly born: Record<string, number>
  readonly seen: Record<string, number>
  readonly lives: Record<string, number>
}

/** Keeps the contents of a series before it expires. */
type Keep = (index: number, at: number) => void

/** Per series: the times of its first and last event, NaN if there is none, and the number of its life. */
const Times = 3
const Seen = 1
const LifeNumber = 2

export class IdleSeries {
  readonly #instrument: Instrument
  readonly #measure: Measure<unknown, unknown>
  readonly #series: ExpiringSeries
  /** {@link Times} numbers per series in one array, because most lanes have few series. */
  #times = noNumbers
  #expiries = 0
  /** All expired series as one point, or `null`. */
  expired: unknown = null
  #sweptAt: number | null = null
  /** The part of it that is not kept by series. `undefined`: all of it. */
  #unkept: unknown
  #keep: Keep | undefined
  /** The time of the latest event of any series. */
  latest = Number.NEGATIVE_INFINITY

  constructor(instrument: Instrument, measure: Measure<unknown, unknown>, series: ExpiringSeries) {
    this.#instrument = instrument
    this.#measure = measure
    this.#series = series
  }

  get isKept(): boolean {
    return this.#keep !== undefined
  }

  /** From now on, each series that expires is passed to `keep`. */
  keep(keep: Keep): void {
    this.#keep = keep
    this.#unkept = this.unkept
  }

  /** Ends the keeping. The keeper takes over the whole kernel. */
  endKeeping(): void {
    this.expired = this.unkept
    this.#keep = undefined
    this.#unkept = undefined
  }

  /** What has expired and is not kept by series. */
  get unkept(): unknown {
    return this.#unkept === undefined ? this.expired : this.#unkept
  }

  isIdle(index: number, now: number): boolean {
    return isIdle(this.#instrument, this.seen(index), now)
  }

  seen(index: number): number {
    return this.#times[index * Times + Seen] ?? Number.NaN
  }

  lifeOf(index: number): Life {
    return { number: this.#times[index * Times + LifeNumber]!, since: this.#times[index * Times]! }
  }

  /** Records an event. */
  comeTo(at: number): void {
    this.#rewindExpired(at)
    this.sweep(at)
  }

  #rewindExpired(at: number): void {
    const { rewind } = this.#measure
    if (rewind === undefined || this.expired === null) return
    this.expired = rewind(this.expired, at)
    if (this.#unkept !== undefined && this.#unkept !== null) this.#unkept = rewind(this.#unkept, at)
  }

  rewind(now: number): void {
    if (now >= this.latest) return
    this.latest = now
    this.#rewindExpired(now)
    for (const index of this.#series.table.all) this.#times[index * Times + Seen] = Math.min(this.seen(index), now)
    if (this.#sweptAt !== null) this.#sweptAt = Math.min(this.#sweptAt, now)
  }

  sweep(at: number): void {
    if (!isSweepDue(this.#instrument, this.#sweptAt, at)) return
    for (const index of this.#series.table.all) {
      if (this.isIdle(index, at)) {
        this.#expire(index, at)
        this.#series.table.remove(index)
      } else if (this.seen(index) > at) this.#times[index * Times + Seen] = at
    }
    this.#sweptAt = at
  }

  /**
   * Records an event for a series that is new, live, or expired without being swept yet. Returns whether the series
   * begins.
   */
  see(index: number, at: number): boolean {
    const { length } = this.#times
    const needed = (index + 1) * Times
    if (length < needed) this.#times = grown(this.#times, needed).fill(Number.NaN, length)
    const ended = this.isIdle(index, at)
    if (ended) {
      this.#expire(index, at)
      this.#series.points.reserve(index)
    }
    const begins = Number.isNaN(this.seen(index))
    if (begins) {
      this.#times[index * Times] = at
      this.#times[index * Times + LifeNumber] = this.#expiries
    }
    this.#times[index * Times + Seen] = at
    if (at > this.latest) this.latest = at
    return begins
  }

  /**
   * The same for a series of another kernel. Returns whether it begins here. `joins`: it is merged with the series of
   * the same key here, which does not expire.
   */
  seeOther(index: number, from: IdleSeries, other: number, at: number, joins: boolean): boolean {
    const seen = Math.min(from.seen(other), at)
    const own = this.seen(index)
    if (joins && !Number.isNaN(own)) this.#times[index * Times + Seen] = Math.max(seen, own)
    const begins = this.see(index, Number.isNaN(own) ? seen : Math.max(seen, own))
    const born = Math.min(from.#times[other * Times]!, at)
    if (begins) this.#times[index * Times] = born
    else this.#times[index * Times] = Math.min(this.#times[index * Times]!, born)
    return begins
  }

  /** Makes series expire, regardless of their last event. */
  drop(isDropped: (index: number) => boolean, at: number): void {
    for (const index of this.#series.table.all) {
      if (!isDropped(index)) continue
      this.expired = together(this.#measure.merge, this.expired, this.#series.points.point(index), at)
      this.#times[index * Times + Seen] = Number.NaN
      this.#series.table.remove(index)
    }
  }

  /** Takes over the expired series of another kernel. */
  absorb(other: IdleSeries, at: number): void {
    const { merge } = this.#measure
    this.#expiries += other.#expiries
    if (this.#unkept !== undefined || other.#unkept !== undefined) {
      this.#unkept = together(merge, this.unkept, other.unkept, at)
    }
    this.expired = together(merge, this.expired, other.expired, at)
  }

  /** Takes over the part that is not kept by series. */
  absorbUnkept(other: IdleSeries, at: number): void {
    this.expired = together(this.#measure.merge, this.expired, other.unkept, at)
  }

  #expire(index: number, at: number): void {
    const { exemplars, points } = this.#series
    const { merge } = this.#measure
    const point = points.point(index)
    if (this.#keep !== undefined) this.#keep(index, at)
    else if (this.#unkept !== undefined) this.#unkept = together(merge, this.#unkept, point, at)
    this.expired = together(merge, this.expired, point, at)
    this.#expiries++
    exemplars?.forget(index)
    this.#times[index * Times + Seen] = Number.NaN
  }

  /** Adds the data that the pure reducer has about a series, by its key. */
  addTo({ born, lives, seen }: TimesByKey, key: string, index: number): void {
    const { number, since } = this.lifeOf(index)
    born[key] = since
    seen[key] = this.seen(index)
    lives[key] = number
  }

  /**
   * In the form of the pure reducer. `own`: converts points that are given away. `addsUp`: includes what is kept by
   * series.
   */
  state(times: TimesByKey, own: typeof asItIs, addsUp: boolean): Idle<unknown> {
    const expired = own(addsUp ? this.unkept : this.expired)
    return { ...times, expiries: this.#expiries, expired, sweptAt: this.#sweptAt }
  }

  /** Takes over everything about the first `count` series. */
  takeOver(from: IdleSeries, count: number): void {
    this.load(from.save(), [from.saveTimes(0, count)])
  }

  save(): SavedIdle {
    const [expiries, sweptAt, unkept] = [this.#expiries, this.#sweptAt, this.#unkept]
    return { expiries, expired: this.expired, sweptAt, latest: this.latest, ...(unkept !== undefined && { unkept }) }
  }

  /** The times of the series in a range of indexes. */
  saveTimes(from: number, to: number): Float64Array {
    return this.#times.slice(from * Times, to * Times)
  }

  load({ expired, expiries, latest, sweptAt, unkept }: SavedIdle, times: ReadonlyArray<Float64Array>): void {
    this.#times = allSteps(joined(times))
    this.#expiries = expiries
    this.expired = expired
    this.#unkept = unkept
    this.#sweptAt = sweptAt
    this.latest = latest
  }
}
