/** What an exponential histogram shows: its point, and estimates of its quantiles. */
import { rounded } from "./exactSum.ts"
import { DefaultMaxScale, type ExponentialPoint, estimate, newDraft } from "./exponential.ts"
import { relativeError } from "./exponentialScale.ts"

/** A product may be rounded up beyond the integer that it equals: `0.07 * 100` is more than 7. */
const JustBelow = 1 - 2 ** -52

/**
 * Estimates the smallest value that is not exceeded by a share of `q` of all values, or returns `null` if there are
 * none: the 99th percentile of 1 and 100 is 100. This is the nearest rank, the `q * count`-th value rounded up, as in
 * HdrHistogram and in the summaries of Prometheus' clients. The error is limited by {@link relativeError}; the minimum
 * and the maximum are exact.
 */
export const quantile = (point: ExponentialPoint, q: number): number | null => {
  const { count, max, min } = point
  const rank = Math.ceil(q * count * JustBelow) - 1
  if (count === 0) return null
  if (rank <= 0) return min
  if (rank >= count - 1) return max
  return estimate(point, rank)
}

export const showExponential = (point: ExponentialPoint | null) =>
  point === null
    ? { ...newDraft({}), sum: 0, min: null, max: null, ...noEstimates }
    : {
        ...point,
        sum: rounded(point.sum),
        p50: quantile(point, 0.5),
        p90: quantile(point, 0.9),
        p99: quantile(point, 0.99),
        relativeError: relativeError(point.scale)
      }

const noEstimates = { p50: null, p90: null, p99: null, relativeError: relativeError(DefaultMaxScale) }
