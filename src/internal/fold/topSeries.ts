/**
 * What a metric shows, with no more series than people can look at: a hundred thousand would be copied each second.
 */

export interface Largest {
  readonly dimensions: unknown
  /** How many series there are. */
  readonly seriesCount: number
}

export const largestSeries = (dimensions: unknown, max: number): Largest => {
  const series = seriesIn(dimensions)
  if (series.length <= max) return { dimensions, seriesCount: series.length }
  const sizes = new Map(series.map((each) => [each, sizeOf(each)]))
  const largest = series.toSorted((left, right) => sizes.get(right)! - sizes.get(left)!).slice(0, max)
  return { dimensions: { ...(dimensions as object), series: largest }, seriesCount: series.length }
}

const seriesIn = (dimensions: unknown): ReadonlyArray<unknown> => {
  const series = typeof dimensions === "object" && dimensions !== null && "series" in dimensions && dimensions.series
  return Array.isArray(series) ? series : []
}

/** By what a series is large: how much it counts, or what it shows first. */
const sizeOf = (series: unknown): number => {
  if (typeof series !== "object" || series === null) return 0
  const { count, total, ...rest } = series as { readonly [field: string]: unknown }
  return [count, total, ...Object.values(rest)].find((value) => typeof value === "number") ?? 0
}
