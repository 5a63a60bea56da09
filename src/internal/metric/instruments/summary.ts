/**
 * Quantiles over a sliding window of time: an exponential histogram for each slot of it. Time is that of the values,
 * never that of a clock. Where it goes back, the window goes back with it.
 */
import { type ExactSum, plus, rounded } from "./exactSum.ts"
import {
  copyOfDraft,
  draftFields,
  draftOf,
  type ExponentialDraft,
  type ExponentialPoint,
  exponentialMeasure,
  mergePoints,
  newDraft,
  pointOf,
  take
} from "./exponential.ts"
import { quantile } from "./exponentialView.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { aNumber, listOf, type Packed, packAll, record, units, unpackAll } from "./packing.ts"
import { noNumbers, type Points } from "./points.ts"
import { SharedSeries } from "./sharedSeries.ts"
import { SlidingWindow } from "./slidingWindow.ts"
import { addTo, noSum, type SumDraft, sumDraftOf, sumIn } from "./sumDraft.ts"

export interface SummarySettings {
  /** Each from 0 to 1. */
  readonly quantiles: ReadonlyArray<number>
  /** Default: a minute. */
  readonly windowMillis?: number
  /** In how many steps the window slides. Default: 6. */
  readonly slots?: number
}

/** The values of a slot of time; see {@link SlidingWindow.slotAt}. */
export interface SummarySlot extends ExponentialPoint {
  readonly slot: number
}

/**
 * `count` and `sum` are of all values. `slots` has those of the window in order, but for those without values: see
 * {@link SlidingWindow.staying}.
 *
 * @category models
 * @since 0.2.0
 */
export interface SummaryPoint {
  readonly count: number
  readonly sum: ExactSum
  /** How many values were below 0, where there were any: then the sum can go down. */
  readonly negatives?: number
  readonly slots: ReadonlyArray<SummarySlot>
}

const withNegatives = (negatives: number): Pick<SummaryPoint, "negatives"> => (negatives === 0 ? {} : { negatives })

const windowOf = (settings: SummarySettings): SlidingWindow => new SlidingWindow({ slots: 6, ...settings })

const newestOf = (slots: ReadonlyArray<{ readonly slot: number }>): number =>
  slots.at(-1)?.slot ?? Number.NEGATIVE_INFINITY

const exponential = exponentialMeasure({})

export const summaryMeasure = (settings: SummarySettings): Measure<SummaryPoint> => {
  const window = windowOf(settings)

  const next = ({ count, negatives = 0, slots, sum }: SummaryPoint, value: number, at: number): SummaryPoint => {
    const slot = window.slotAt(at)
    const point = slots.find((each) => each.slot === slot)
    const values = point === undefined ? exponential.first(value, at) : exponential.next(point, value, at)
    return {
      count: count + 1,
      sum: plus(sum, value),
      ...withNegatives(value < 0 ? negatives + 1 : negatives),
      slots: withSlots(window.staying(slots, slot), [{ ...values, slot }])
    }
  }

  /** `more` in place of those that are there for the same slots. */
  const withSlots = (slots: ReadonlyArray<SummarySlot>, more: ReadonlyArray<SummarySlot>): Array<SummarySlot> =>
    [...slots.filter(({ slot }) => !more.some((each) => each.slot === slot)), ...more].sort((a, b) => a.slot - b.slot)

  return {
    accepts: anyNumber,
    first: (value, at) => next({ count: 0, sum: 0, slots: [] }, value, at),
    next,
    rewind: (point, at) => {
      const slots = window.reached(point.slots, window.slotAt(at))
      return slots === point.slots ? point : { ...point, slots }
    },
    merge: (left, right) => {
      const newest = Math.max(newestOf(left.slots), newestOf(right.slots))
      const more = right.slots.map((each) => {
        const same = left.slots.find(({ slot }) => slot === each.slot)
        return same === undefined ? each : { ...mergePoints(same, each), slot: each.slot }
      })
      return {
        count: left.count + right.count,
        sum: plus(left.sum, right.sum),
        ...withNegatives((left.negatives ?? 0) + (right.negatives ?? 0)),
        slots: withSlots(left.slots, more).filter(({ slot }) => window.has(slot, newest))
      }
    }
  }
}

interface SlotDraft extends ExponentialDraft {
  readonly slot: number
}

/** A series in place. */
interface SummaryDraft extends SumDraft {
  count: number
  negatives: number
  slots: Array<SlotDraft>
}

const summaryForm = record<SummaryDraft>({
  count: aNumber,
  sum: aNumber,
  low: aNumber,
  units,
  negatives: aNumber,
  slots: listOf(record<SlotDraft>({ ...draftFields, slot: aNumber }))
})

interface SavedSummaries {
  readonly series: Packed
  readonly at: number
}

/** In place: a draft for each slot of each series. */
export class SummaryPoints implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly #settings: SummarySettings
  readonly #window: SlidingWindow
  #series: Array<SummaryDraft> = []
  readonly #shared = new SharedSeries()
  /** When the last value was measured. */
  latest = Number.NEGATIVE_INFINITY

  constructor(settings: SummarySettings) {
    this.#settings = settings
    this.#window = windowOf(settings)
  }

  code(): string {
    return "points.add(s, v, time);"
  }

  reserve(index: number): void {
    this.#shared.leave(index)
    this.#series[index] = { count: 0, ...noSum, negatives: 0, slots: [] }
  }

  add(index: number, value: number, at: number): void {
    const series = this.#own(index)
    series.count++
    addTo(series, value)
    if (value < 0) series.negatives++
    const slot = this.#window.slotAt(at)
    if (at < this.latest) this.rewind(at)
    this.latest = at
    take(this.#draft(series, slot), value)
  }

  rewind(at: number): void {
    if (at >= this.latest) return
    this.latest = at
    const slot = this.#window.slotAt(at)
    for (const index of this.#series.keys()) {
      const series = this.#own(index)
      series.slots = this.#window.reached(series.slots, slot)
    }
  }

  /** A series, to be changed. */
  #own(index: number): SummaryDraft {
    const series = this.#series[index]!
    if (!this.#shared.leave(index)) return series
    const own = { ...series, slots: series.slots.map((each) => ({ ...copyOfDraft(each), slot: each.slot })) }
    this.#series[index] = own
    return own
  }

  /** That of the slot, which is known or new. */
  #draft(series: { slots: Array<SlotDraft> }, slot: number): SlotDraft {
    const last = series.slots.at(-1)
    if (last?.slot === slot) return last
    series.slots = this.#window.staying(series.slots, slot)
    const before = series.slots.findLastIndex((each) => each.slot <= slot)
    if (series.slots[before]?.slot === slot) return series.slots[before]
    const draft = { ...newDraft({}), slot }
    series.slots.splice(before + 1, 0, draft)
    return draft
  }

  point(index: number): SummaryPoint {
    const { negatives, slots, ...series } = this.#series[index]!
    return {
      count: series.count,
      sum: sumIn(series),
      ...withNegatives(negatives),
      slots: slots.map((each) => ({ ...pointOf(each), slot: each.slot }))
    }
  }

  put(index: number, { count, negatives = 0, slots, sum }: SummaryPoint, latest = this.latest): void {
    this.#shared.leave(index)
    this.#series[index] = {
      count,
      ...sumDraftOf(sum),
      negatives,
      slots: slots.map((each) => ({ ...draftOf(each), slot: each.slot }))
    }
    if (latest > this.latest) this.latest = latest
  }

  copy(count: number): SummaryPoints {
    const copy = new SummaryPoints(this.#settings)
    copy.#series = this.#series.slice(0, count)
    copy.latest = this.latest
    this.#shared.share(count)
    return copy
  }

  save(from: number, to: number): SavedSummaries {
    return { series: packAll(summaryForm, this.#series.slice(from, to)), at: this.latest }
  }

  load(saved: ReadonlyArray<SavedSummaries>): void {
    this.#series = saved.flatMap(({ series }) => unpackAll(summaryForm, series) as Array<SummaryDraft>)
    for (const { at } of saved) this.latest = at
  }
}

/** `count` and `sum` of all values, and quantiles of those of the window that ends now. */
export const showSummary = (settings: SummarySettings) => {
  const window = windowOf(settings)
  return (point: SummaryPoint | null, now: number) => {
    const newest = window.slotAt(now)
    const values = (point?.slots ?? [])
      .filter(({ slot }) => window.has(slot, newest))
      .reduce<ExponentialPoint | null>((all, each) => (all === null ? each : mergePoints(all, each)), null)
    return {
      count: point?.count ?? 0,
      sum: rounded(point?.sum ?? 0),
      quantiles: Object.fromEntries(
        settings.quantiles.map((q) => [String(q), values === null ? null : quantile(values, q)])
      )
    }
  }
}
