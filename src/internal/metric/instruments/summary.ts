/**
 * Quantiles over a sliding window of time: an exponential histogram for each of its slots. The time is that of the
 * values, never of a clock. If it goes back, the window goes back with it.
 */
import { type ExactSum, plus, rounded } from "./exactSum.ts"
import { type ExponentialPoint, exponentialMeasure, mergePoints } from "./exponential.ts"
import { quantile } from "./exponentialView.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { SlidingWindow } from "./slidingWindow.ts"

export interface SummarySettings {
  /** Each from 0 to 1. */
  readonly quantiles: ReadonlyArray<number>
  /** Default: a minute. */
  readonly windowMillis?: number
  /** The number of steps in which the window slides. Default: 6. */
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
  /** The number of values below 0, if there were any. The sum may then decrease. */
  readonly negatives?: number
  readonly slots: ReadonlyArray<SummarySlot>
}

export const withNegatives = (negatives: number): Pick<SummaryPoint, "negatives"> =>
  negatives === 0 ? {} : { negatives }

export const windowOf = (settings: SummarySettings): SlidingWindow => new SlidingWindow({ slots: 6, ...settings })

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

  /** Replaces the slots that `more` also contains. */
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

/** `count` and `sum` of all values, and quantiles of the values in the window that ends now. */
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
