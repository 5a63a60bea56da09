/** The axes of a chart: a range of the last minutes, an earlier one for comparison, and values. */
import { MeanOf } from "./history.ts"

type Values = ReadonlyArray<number | null>

/** The maximum distance in seconds between a moment and the update that represents it. */
const Near = 1

/**
 * The mean of the values from `from` to `to`, in the times of `times`; `null` if there are none. A value from before
 * `fine` is already a mean.
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
 * For each time the value this many seconds before, from the nearest update, so that two ranges can be overlaid. Before
 * `fine` updates are further apart.
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

/** How much greater `now` is than `before`, as text; empty if that is meaningless. */
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
 * `fit`: the range of the data, including zero if that is close; `zero`: always including zero; `own`: each line in
 * percent of its own maximum, so that the shapes of small and large series can be compared.
 */
export type Scale = "fit" | "zero" | "own"

/** As a fraction of the range of the data. */
const Margin = 0.08

export const rangeOf = (min: number | null, max: number | null, scale: Scale): [number, number] => {
  if (min === null || max === null) return [0, 1]
  if (min === max && min === 0) return [0, 1]
  const span = max === min ? Math.abs(max) * 0.1 : max - min
  // Zero is included if it takes no more room than the data.
  const withZero = scale !== "fit" || (min >= 0 ? min <= span : max < 0 ? -max <= span : true)
  const [least, most] = withZero ? [Math.min(0, min), Math.max(0, max)] : [min, max]
  const margin = (withZero ? most - least : span) * Margin
  return [least === 0 ? 0 : least - margin, most === 0 ? 0 : most + margin]
}

/** As a fraction of the largest value of `of`, by magnitude. */
export const ownScale = (values: Values, of: Values = values): Values => {
  const greatest = of.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0)
  return values.map((value) => (value === null ? null : greatest === 0 ? 0 : value / greatest))
}
