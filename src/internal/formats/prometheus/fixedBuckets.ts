/**
 * Exponential histograms as classic ones with fixed boundaries: 0 and powers of four. A reader that subtracts what it
 * read last would count a boundary that appears later from its beginning, and the others only since the last read.
 */
import type { ExponentialDataPoint, HistogramData, HistogramDataPoint } from "../metricData.ts"

type UpTo = ReadonlyArray<[boundary: number, count: number]>

/** From a millionth to a million million. */
const powers: ReadonlyArray<number> = Array.from({ length: 31 }, (_, i) => i - 10)

/**
 * The number of values up to each boundary. Every count is exact: a boundary within a bucket that has become too wide
 * is omitted, and stays omitted, because buckets never become finer again.
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
