/**
 * Exponential histograms as classic ones: all series of a family with the same boundaries, since Prometheus adds up
 * buckets by theirs. The boundaries are bounds of the exponential buckets, so that every count is exact.
 */
import type { Buckets } from "../../metric/histogram.ts"
import { bucketOf, lowerBound } from "../../metric/instruments/exponentialScale.ts"
import type { ExponentialDataPoint } from "../metricData.ts"

/** Buckets of positive values, and of negative ones: as many as people choose by hand. */
const MostBuckets = 28

/** Four buckets from a number to its double. Finer ones would change with every other value. */
const FinestScale = 2

export interface ClassicBuckets {
  readonly boundaries: ReadonlyArray<number>
  /** The counts of a point: one more than there are boundaries, not added up. */
  readonly counts: (point: ExponentialDataPoint) => ReadonlyArray<number>
}

/** The buckets that all of these points fit in. */
export const classicBuckets = (points: ReadonlyArray<ExponentialDataPoint>): ClassicBuckets => {
  const scale = scaleOf(points)
  const positive = rangeOf(points, "positive", scale)
  const negative = rangeOf(points, "negative", scale)
  const above = positive === undefined ? [] : boundsOf(positive, scale)
  const below = negative === undefined ? [] : boundsOf(negative, scale).map(justBelowMinus)
  const zeros = negative !== undefined || points.some(({ zeroCount }) => zeroCount > 0) ? [0] : []
  // The bounds of the least numbers there are come out as 0, and those beyond the greatest as infinity.
  const boundaries = [...new Set([...below, ...zeros, ...above].filter(Number.isFinite))].sort((x, y) => x - y)
  const places = new Map(boundaries.map((boundary, i) => [boundary, i]))
  return {
    boundaries,
    counts: (point) => {
      const counts = new Array<number>(boundaries.length + 1).fill(0)
      const add = (boundary: number, count: number): void => {
        counts[places.get(boundary) ?? boundaries.length]! += count
      }
      const shift = point.scale - scale
      each(point.negative, shift, (bucket, count) => add(justBelowMinus(bound(bucket, scale)), count))
      if (point.zeroCount > 0) add(0, point.zeroCount)
      each(point.positive, shift, (bucket, count) => add(bound(bucket + 1, scale), count))
      return counts
    }
  }
}

interface Range {
  readonly first: number
  readonly last: number
}

type Side = "positive" | "negative"

const scaleOf = (points: ReadonlyArray<ExponentialDataPoint>): number => {
  let scale = points.reduce((least, point) => Math.min(least, point.scale), FinestScale)
  while (isWide(rangeOf(points, "positive", scale)) || isWide(rangeOf(points, "negative", scale))) scale--
  return scale
}

const isWide = (range: Range | undefined): boolean => range !== undefined && range.last - range.first >= MostBuckets

const rangeOf = (points: ReadonlyArray<ExponentialDataPoint>, side: Side, scale: number): Range | undefined => {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const { scale: own, [side]: buckets } of points) {
    each(buckets, own - scale, (bucket) => {
      first = Math.min(first, bucket)
      last = Math.max(last, bucket)
    })
  }
  if (first > last) return undefined
  // From one power of two to another, so that not every new extreme brings a new boundary.
  const step = scale > 0 ? 1 << scale : 1
  return { first: Math.floor(first / step) * step, last: Math.floor(last / step) * step + step - 1 }
}

/** The buckets that have something, by their number `shift` scales coarser. */
const each = ({ counts, offset }: Buckets, shift: number, take: (bucket: number, count: number) => void): void => {
  for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) take((offset + i) >> shift, counts[i]!)
}

/** From where the first bucket begins to where the last one ends. */
const boundsOf = ({ first, last }: Range, scale: number): ReadonlyArray<number> =>
  Array.from({ length: last - first + 2 }, (_, i) => bound(first + i, scale))

/** The greatest number that is not yet in a bucket. */
const bound = (bucket: number, scale: number): number => {
  let value = lowerBound(bucket, scale)
  if (value === Number.POSITIVE_INFINITY) return value
  // Rounded, it may lie on the wrong side.
  while (value > 0 && bucketOf(value, scale) >= bucket) value = next(value, -1)
  while (bucketOf(next(value, 1), scale) < bucket) value = next(value, 1)
  return value
}

/** A bucket does not have its own lower bound; mirrored, the boundary would: it is moved by as little as can be. */
const justBelowMinus = (value: number): number => -next(value, 1)

const double = new DataView(new ArrayBuffer(8))

/** The number next to one that is not negative. */
const next = (value: number, step: 1 | -1): number => {
  double.setFloat64(0, value)
  double.setBigInt64(0, double.getBigInt64(0) + BigInt(step))
  return double.getFloat64(0)
}
