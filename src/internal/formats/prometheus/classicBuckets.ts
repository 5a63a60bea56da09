/**
 * Converts exponential histograms to classic ones, on the grid of their metric.
 *
 * A bucket that spans a boundary, which requires values far outside the range of the grid, counts as below the
 * boundary. So when buckets become wider, no count ever decreases, which Prometheus would take for a restart.
 */
import { bucketOf, lowerBound } from "../../metric/instruments/exponentialScale.ts"
import { oncePer } from "../../util/oncePer.ts"
import type { BucketGrid } from "../bucketGrid.ts"
import type { ExponentialDataPoint, HistogramData, HistogramDataPoint } from "../metricData.ts"

/** The same array for the same grid. */
export const boundariesOf = oncePer(
  ({ first, last, scale }: BucketGrid): ReadonlyArray<number> => [
    0,
    ...Array.from({ length: last - first + 1 }, (_, i) => bound(first + i, scale))
  ]
)

/** The points of a histogram of either kind as classic ones. */
export const classicPoints = (data: HistogramData): ReadonlyArray<HistogramDataPoint> => {
  if (data.type === "histogram") return data.points
  const boundaries = boundariesOf(data.grid)
  return data.points.map((point) => ({ ...point, boundaries, counts: countsOf(point, data.grid) }))
}

/** One count more than there are boundaries, not cumulative. */
export const countsOf = (
  { negative, positive, scale, zeroCount }: ExponentialDataPoint,
  grid: BucketGrid
): ReadonlyArray<number> => {
  const { first, last } = grid
  const counts = new Array<number>(last - first + 3).fill(0)
  counts[0] = negative.counts.reduce((sum, count) => sum + count, zeroCount)
  const shift = scale - grid.scale
  for (let i = 0; i < positive.counts.length; i++) {
    const bucket = positive.offset + i
    // The first boundary above the lower bound of the bucket.
    const boundary = (shift >= 0 ? bucket >> shift : bucket << -shift) + 1
    counts[Math.min(Math.max(boundary, first), last + 1) - first + 1]! += positive.counts[i]!
  }
  return counts
}

/** The greatest number that is below a bucket. */
const bound = (bucket: number, scale: number): number => {
  let value = lowerBound(bucket, scale)
  // Rounding may put it on the wrong side.
  while (bucketOf(value, scale) >= bucket) value = next(value, -1)
  while (bucketOf(next(value, 1), scale) < bucket) value = next(value, 1)
  return value
}

const double = new DataView(new ArrayBuffer(8))

/** The number next to a positive one. */
const next = (value: number, step: 1 | -1): number => {
  double.setFloat64(0, value)
  double.setBigInt64(0, double.getBigInt64(0) + BigInt(step))
  return double.getFloat64(0)
}
