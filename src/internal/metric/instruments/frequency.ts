import { isLabelValue, type LabelValue, labelValue } from "../definition/instrument.ts"
import type { Measure } from "./measure.ts"

/**
 * How often each value came; beyond the limit on values, all others together.
 *
 * @category models
 * @since 0.2.0
 */
export interface FrequencyPoint {
  readonly counts: { readonly [value: string]: number }
  readonly others: number
}

const countOf = (counts: FrequencyPoint["counts"], value: string): number =>
  Object.hasOwn(counts, value) ? counts[value]! : 0

/** Plain assignment would treat `__proto__` specially. */
const withCount = (counts: FrequencyPoint["counts"], value: string, count: number): FrequencyPoint["counts"] => ({
  ...counts,
  [value]: count
})

const combine = (
  left: FrequencyPoint["counts"],
  right: FrequencyPoint["counts"],
  combined: (left: number, right: number) => number
): FrequencyPoint["counts"] =>
  Object.fromEntries(
    [...new Set([...Object.keys(left), ...Object.keys(right)])].map((value) => [
      value,
      combined(countOf(left, value), countOf(right, value))
    ])
  )

/** A value that did not occur has no entry. */
const withoutZeros = (counts: FrequencyPoint["counts"]): FrequencyPoint["counts"] =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))

export const frequencyMeasure = (maxValues: number, most?: number): Measure<FrequencyPoint, LabelValue> => {
  const next = (point: FrequencyPoint, of: LabelValue): FrequencyPoint => {
    const value = String(labelValue(of, most))
    const { counts, others } = point
    return Object.hasOwn(counts, value) || Object.keys(counts).length < maxValues
      ? { counts: withCount(counts, value, countOf(counts, value) + 1), others }
      : { counts, others: others + 1 }
  }
  return {
    accepts: isLabelValue,
    first: (value) => next({ counts: {}, others: 0 }, value),
    next,
    // May exceed the limit, which only bounds what one fold keeps.
    merge: (left, right) => ({
      counts: combine(left.counts, right.counts, (a, b) => a + b),
      others: left.others + right.others
    }),
    minus: (later, earlier) => ({
      counts: withoutZeros(combine(later.counts, earlier.counts, (a, b) => a - b)),
      others: later.others - earlier.others
    })
  }
}

export const showFrequency = (point: FrequencyPoint | null) => {
  const { counts, others } = point ?? { counts: {}, others: 0 }
  return others === 0 ? { counts } : { counts, others }
}
