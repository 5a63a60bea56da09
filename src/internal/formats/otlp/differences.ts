/**
 * The difference between a point and an earlier one. Sums are exact until they are shown, so a delta has no rounding
 * error of a large total.
 */
import { less } from "../../metric/instruments/exactSum.ts"
import { minusPoints } from "../../metric/instruments/exponential.ts"
import { exactIn, roundedSum, roundedValue, withExact } from "../exactPoints.ts"
import type { ExponentialDataPoint, HistogramDataPoint, MetricData, NumberPoint } from "../metricData.ts"

/** What is remembered of a point in order to subtract it. */
export type Counted =
  | Pick<NumberPoint, "value" | "exact">
  | Pick<HistogramDataPoint, "count" | "sum" | "exact" | "boundaries" | "counts">
  | Pick<ExponentialDataPoint, "count" | "sum" | "exact" | "scale" | "zeroCount" | "positive" | "negative">

/** How data adds up. Data that does not add up, or may decrease, is shown as it is, as in OpenTelemetry. */
export type Adding = "sum" | "histogram" | "exponentialHistogram"

export const addingOf = (data: MetricData): Adding | undefined => {
  switch (data.type) {
    case "sum":
      return data.monotonic ? "sum" : undefined
    case "histogram":
    case "exponentialHistogram":
      return data.type
    case "gauge":
    case "summary":
      return undefined
  }
}

export const amountOf = (point: unknown): number => {
  const { count, value } = point as { readonly count?: number; readonly value?: number }
  return count ?? value!
}

/** Whether a point cannot follow an earlier one, so that it must have started again. */
export const hasFallen = (adding: Adding, point: unknown, earlier: Counted): boolean =>
  amountOf(point) < amountOf(earlier) ||
  (adding === "histogram" && !haveSameBuckets(point as HistogramDataPoint, earlier as HistogramDataPoint))

const haveSameBuckets = (point: HistogramDataPoint, earlier: HistogramDataPoint): boolean =>
  point.boundaries.length === earlier.boundaries.length &&
  point.boundaries.every((boundary, i) => boundary === earlier.boundaries[i])

/** The point minus the earlier one. */
export const minus = <P>(adding: Adding, point: P, earlier: Counted): P => {
  switch (adding) {
    case "histogram": {
      const [now, then] = [point as HistogramDataPoint, earlier as HistogramDataPoint]
      return {
        ...point,
        count: now.count - then.count,
        ...roundedSum(less(withExact(now).sum, withExact(then).sum)),
        counts: now.counts.map((count, i) => count - (then.counts[i] ?? 0))
      }
    }
    case "exponentialHistogram": {
      const rest = minusPoints(withExact(point as ExponentialDataPoint), withExact(earlier as ExponentialDataPoint))
      return { ...rest, ...roundedSum(rest.sum) } as P
    }
    case "sum":
      return { ...point, ...roundedValue(less(exactIn(point as NumberPoint), exactIn(earlier as NumberPoint))) }
  }
}
