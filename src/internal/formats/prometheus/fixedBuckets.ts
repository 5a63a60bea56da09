/**
 * Exponential histograms as classic ones whose boundaries never move: 0 and powers of four. A reader that takes
 * differences of what it saw last would count a boundary that comes later from its beginning, beside others that it
 * counts since then.
 */
import type { ExponentialDataPoint, HistogramData, HistogramDataPoint } from "../metricData.ts"

type UpTo = ReadonlyArray<[boundary: number, count: number]>

/** From a millionth to a million millions. */
const powers: ReadonlyArray<number> = Array.from({ length: 31 }, (_, i) => i - 10)

/**
 * How many values are up to each boundary. Every count is exact: where buckets have become so wide that they lie across a
 * boundary, it is left out, and it stays out, since buckets get no finer again.
 */
export const fixedBuckets = (
  point: Pick<ExponentialDataPoint, "negative" | "positive" | "scale" | "zeroCount">
): UpTo => {
  const { negative, positive, scale, zeroCount } = point
  let total = negative.counts.reduce((sum, count) => sum + count, zeroCount)
  const buckets: Array<[number, number]> = [[0, total]]
  let next = 0
  for (const power of powers) {
    const end = 2 * power * 2 ** scale - positive.offset
    if (!Number.isInteger(end)) continue
    for (; next < positive.counts.length && next < end; next++) total += positive.counts[next]!
    buckets.push([4 ** power, total])
  }
  return buckets
}

/** How many values are up to each boundary. */
const upTo = ({ boundaries, counts }: HistogramDataPoint): UpTo => {
  let total = 0
  return boundaries.map((boundary, i) => {
    total += counts[i]!
    return [boundary, total]
  })
}

/** The points of a histogram of either kind, with how many of their values are up to each boundary. */
export const cumulativePoints = (
  data: HistogramData
): ReadonlyArray<(HistogramDataPoint | ExponentialDataPoint) & { readonly upTo: UpTo }> =>
  data.type === "histogram"
    ? data.points.map((point) => ({ ...point, upTo: upTo(point) }))
    : data.points.map((point) => ({ ...point, upTo: fixedBuckets(point) }))
