/** Quantiles from the buckets of histograms, over everything or over what was added between two updates. */
import type { Distribution, ExponentialDistribution } from "../../metric/histogram.ts"

/** The values between `lower` and `upper`. */
export interface Bucket {
  /** The same bucket has the same key in two updates. */
  readonly key: string
  readonly lower: number
  readonly upper: number
  readonly count: number
}

/** `boundaries`: those of all series. The outermost buckets end at the minimum and the maximum. */
export const bucketsOf = ({
  boundaries,
  counts,
  max,
  min
}: Pick<Distribution, "counts" | "min" | "max"> & {
  readonly boundaries: ReadonlyArray<number>
}): ReadonlyArray<Bucket> =>
  counts.map((count, i) => {
    const lower = boundaries[i - 1] ?? Math.min(min ?? 0, boundaries[0] ?? 0)
    const upper = boundaries[i] ?? Math.max(max ?? lower, lower)
    return { key: String(i), lower: Math.max(lower, min ?? lower), upper: Math.min(upper, max ?? upper), count }
  })

export const exponentialBucketsOf = ({
  negative,
  positive,
  scale,
  zeroCount
}: Pick<ExponentialDistribution, "scale" | "zeroCount" | "positive" | "negative">): ReadonlyArray<Bucket> => {
  const bound = (index: number): number => 2 ** (index * 2 ** -scale)
  return [
    ...negative.counts
      .map((count, i) => {
        const index = negative.offset + i
        return { key: `-${scale}/${index}`, lower: -bound(index + 1), upper: -bound(index), count }
      })
      .reverse(),
    { key: "0", lower: 0, upper: 0, count: zeroCount },
    ...positive.counts.map((count, i) => {
      const index = positive.offset + i
      return { key: `${scale}/${index}`, lower: bound(index), upper: bound(index + 1), count }
    })
  ]
}

/** The counts since `before`. After a reset, or if the buckets changed: all counts. */
export const since = (now: ReadonlyArray<Bucket>, before: ReadonlyArray<Bucket>): ReadonlyArray<Bucket> => {
  const known = new Map(before.map(({ count, key }) => [key, count]))
  const rest = now.map((bucket) => ({ ...bucket, count: bucket.count - (known.get(bucket.key) ?? 0) }))
  return rest.some(({ count }) => count < 0) ? now : rest
}

/** By linear interpolation within the bucket, clamped against rounding errors; `null` if there are no values. */
export const quantileOf = (buckets: ReadonlyArray<Bucket>, quantile: number): number | null => {
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return null
  const rank = quantile * total
  let below = 0
  for (const { count, lower, upper } of buckets) {
    if (count > 0 && below + count >= rank) {
      return Math.min(upper, Math.max(lower, lower + (upper - lower) * ((rank - below) / count)))
    }
    below += count
  }
  return null
}
