/**
 * Ranges of the last minutes: the one that a chart shows, and an earlier one that it is compared with.
 */
import { MeanOf } from "./history.ts"

type Values = ReadonlyArray<number | null>

/** Most seconds between a moment and the update that stands for it. */
const Near = 1

/**
 * The mean of the values from `from` to `to`, in the times of `times`; `null` of none. A value of before `fine` is a mean
 * itself.
 */
export const meanOf = (
  times: ReadonlyArray<number>,
  values: Values,
  from: number,
  to: number,
  fine = Number.NEGATIVE_INFINITY
): number | null => {
  let [sum, count] = [0, 0]
  for (const [index, time] of times.entries()) {
    const value = values[index] ?? null
    if (value === null || time < from || time > to) continue
    const weight = time < fine ? MeanOf : 1
    sum += value * weight
    count += weight
  }
  return count === 0 ? null : sum / count
}

/**
 * For each time the value of so many seconds before, of the update that is nearest, so that two ranges lie on each other.
 * Before `fine` they are further apart.
 */
export const earlier = (
  times: ReadonlyArray<number>,
  values: Values,
  seconds: number,
  fine = Number.NEGATIVE_INFINITY
): Values => {
  let at = 0
  return times.map((time) => {
    const target = time - seconds
    while (at + 1 < times.length && Math.abs(times[at + 1]! - target) <= Math.abs(times[at]! - target)) at++
    const near = target < fine ? MeanOf / 2 : Near
    return times.length > 0 && Math.abs(times[at]! - target) <= near ? (values[at] ?? null) : null
  })
}

/** How much more `now` is than `before`, in words; empty where that says nothing. */
export const change = (now: number | null, before: number | null): string => {
  if (now === null || before === null) return ""
  if (now === before) return "±0 %"
  if (before === 0) return ""
  const percent = ((now - before) / Math.abs(before)) * 100
  const text = Math.abs(percent) >= 10 ? percent.toFixed(0) : percent.toFixed(1)
  return `${percent > 0 ? "+" : "−"}${text.replace("-", "")} %`
}
