/**
 * What the axes of a chart span: a range of the last minutes, an earlier one that it is compared with, and values.
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

// --- values

/**
 * `fit`: what the data spans, with zero where that is near; `zero`: always with zero; `own`: each line in percent of its
 * own greatest value, so that the course of small series can be compared with that of large ones.
 */
export type Scale = "fit" | "zero" | "own"

/** In parts of what the data spans. */
const Margin = 0.08

export const rangeOf = (min: number | null, max: number | null, scale: Scale): [number, number] => {
  if (min === null || max === null) return [0, 1]
  if (min === max && min === 0) return [0, 1]
  const span = max === min ? Math.abs(max) * 0.1 : max - min
  // Zero is shown where it takes no more room than the data.
  const withZero = scale !== "fit" || (min >= 0 ? min <= span : max < 0 ? -max <= span : true)
  const [least, most] = withZero ? [Math.min(0, min), Math.max(0, max)] : [min, max]
  const margin = (withZero ? most - least : span) * Margin
  return [least === 0 ? 0 : least - margin, most === 0 ? 0 : most + margin]
}

/** In parts of the greatest value, by size, of `of`. */
export const ownScale = (values: Values, of: Values = values): Values => {
  const greatest = of.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0)
  return values.map((value) => (value === null ? null : greatest === 0 ? 0 : value / greatest))
}
