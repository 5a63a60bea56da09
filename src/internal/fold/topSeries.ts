/**
 * What a metric shows, limited to the number of series that people can look at. Otherwise a hundred thousand would be
 * copied each second.
 */
import type { Steps } from "../util/steps.ts"

interface Largest {
  readonly dimensions: unknown
  /** The total number of series. */
  readonly seriesCount: number
}

/** The number of series examined in one step, in addition to the largest so far. */
const StepSeries = 512

export function* largestSeries(dimensions: unknown, max: number): Steps<Largest> {
  const series = seriesIn(dimensions)
  if (series.length <= max) return { dimensions, seriesCount: series.length }
  let largest: ReadonlyArray<{ readonly each: unknown; readonly size: number }> = []
  for (let i = 0; i < series.length; i += StepSeries) {
    const more = series.slice(i, i + StepSeries).map((each) => ({ each, size: sizeOf(each) }))
    // Series of the same size keep their order.
    largest = [...largest, ...more].sort((left, right) => right.size - left.size).slice(0, max)
    yield
  }
  return {
    dimensions: { ...(dimensions as object), series: largest.map(({ each }) => each) },
    seriesCount: series.length
  }
}

const seriesIn = (dimensions: unknown): ReadonlyArray<unknown> => {
  const series = typeof dimensions === "object" && dimensions !== null && "series" in dimensions && dimensions.series
  return Array.isArray(series) ? series : []
}

/** The size of a series: its count, or the first number that it shows. */
const sizeOf = (series: unknown): number => {
  if (typeof series !== "object" || series === null) return 0
  const { count, total, ...rest } = series as { readonly [field: string]: unknown }
  return [count, total, ...Object.values(rest)].find((value) => typeof value === "number") ?? 0
}
