/**
 * An exact sum that is changed in place: a double, another one for what it rounds away, and a number of any length for what
 * does not fit in the two, which is seldom needed.
 */
import { type ExactSum, errorOf, exactSum, isExact, unitsIn, unitsOf } from "./exactSum.ts"

export interface SumDraft {
  sum: number
  /** What that rounds away. */
  low: number
  /** What does not fit there, in units of the least double. */
  units: bigint
}

export const noSum: SumDraft = { sum: 0, low: 0, units: 0n }

export const sumDraftOf = (sum: ExactSum): SumDraft => {
  if (typeof sum === "number") return { ...noSum, sum }
  if (typeof sum === "string") return { ...noSum, units: unitsOf(sum) }
  return { sum: sum[0]!, low: sum[1]!, units: unitsOf(sum.slice(2)) }
}

export const sumIn = ({ low, sum, units }: SumDraft): ExactSum => exactSum(sum, low, units)

export const addTo = (draft: SumDraft, value: number): void => {
  const before = draft.sum
  const sum = before + value
  draft.sum = sum
  if (isExact(before, value, sum)) return
  const error = errorOf(before, value, sum)
  const low = draft.low + error
  if (isExact(draft.low, error, low)) draft.low = low
  else if (Number.isFinite(error)) draft.units += unitsIn(error)
  else {
    draft.sum = value
    draft.units += unitsIn(before)
  }
}
