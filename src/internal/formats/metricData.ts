/**
 * The data of a metric for exporters: numbers with attributes, in the kinds that Prometheus and OpenTelemetry have.
 * Plain data, made from a definition and a snapshot.
 *
 * | metric | becomes |
 * | --- | --- |
 * | `counter`; `frequency`, by the attribute `value` | a sum that only goes up |
 * | `upDownCounter` | a sum |
 * | `gauge`, `rate`, `distinct` | a gauge |
 * | `histogram`, `exponentialHistogram`, `summary` | the same |
 * | `average` | a summary without quantiles: count and sum |
 * | `ratio` | a gauge, and the sums `NAME.hits` and `NAME.checked` (hits or not) |
 * | `minMax` | the gauges `NAME.min` and `NAME.max` |
 * | `window` | these, and `NAME.average`, `NAME.values` (how many), `NAME.sum_of_values` |
 * | any other | a gauge, each number that it shows by the attribute `dimension` |
 */
import type { Buckets } from "../metric/histogram.ts"
import type { LabelValue } from "../metric/instrumentOptions.ts"
import type { ExactSum } from "../metric/instruments/exactSum.ts"
import type { Exemplar } from "../metric/instruments/exemplars.ts"
import type { BucketGrid } from "./bucketGrid.ts"

export type { Exemplar } from "../metric/instruments/exemplars.ts"

export type Attributes = { readonly [name: string]: LabelValue }

/** The attribute of the series for events beyond the cardinality limit, as in OpenTelemetry. */
export const OverflowAttribute = "otel.metric.overflow"

/** The attribute of a point with the counts of expired series that were not exported before they expired. */
export const ExpiredAttribute = "mvx_metrics.expired"

/** The life of a series that can expire: it begins with its first event, or with the first one after it expired. */
export interface Life {
  /** In milliseconds since the Unix epoch. */
  readonly since: number
  /** Differs from the number of an earlier life of the same series, even if the clock was set back. */
  readonly number: number
}

interface Named {
  /** The name in the definition, with a suffix if a metric becomes several. */
  readonly name: string
  readonly description: string | undefined
  readonly unit: string | undefined
}

interface Point {
  readonly attributes: Attributes
  /** Present if series expire. Otherwise the series has the same life as its metric. */
  readonly life?: Life | undefined
}

/** A point with a sum. */
interface Summed extends Point {
  /** Present if the sum that is shown is rounded. Differences are those of exact sums, and are rounded once. */
  readonly exact?: ExactSum | undefined
}

export interface NumberPoint extends Summed {
  readonly value: number
  readonly exemplar?: Exemplar | undefined
}

/** The count and the sum of several values. */
interface Counted extends Summed {
  readonly count: number
  readonly sum: number
  /** Whether values may be below 0. The sum can then go down, so it must not be shown as a counter. */
  readonly sumFalls: boolean
}

interface Distributed extends Counted {
  readonly min: number | null
  readonly max: number | null
}

export interface HistogramDataPoint extends Distributed {
  /** The boundaries of this point. Two recorders may measure one metric in different buckets. */
  readonly boundaries: ReadonlyArray<number>
  /** One count more than there are boundaries. */
  readonly counts: ReadonlyArray<number>
  /** By bucket, if the metric has exemplars. */
  readonly exemplars?: ReadonlyArray<Exemplar | undefined>
}

export interface ExponentialDataPoint extends Distributed {
  readonly scale: number
  readonly zeroCount: number
  readonly positive: Buckets
  readonly negative: Buckets
}

export interface SummaryDataPoint extends Counted {
  readonly quantiles: ReadonlyArray<readonly [quantile: number, value: number]>
}

export type MetricData = Named &
  (
    | { readonly type: "gauge"; readonly points: ReadonlyArray<NumberPoint> }
    | { readonly type: "sum"; readonly monotonic: boolean; readonly points: ReadonlyArray<NumberPoint> }
    | { readonly type: "histogram"; readonly points: ReadonlyArray<HistogramDataPoint> }
    | {
        readonly type: "exponentialHistogram"
        /** Present if it is shown as a classic one. */
        readonly grid: BucketGrid
        readonly points: ReadonlyArray<ExponentialDataPoint>
      }
    | { readonly type: "summary"; readonly points: ReadonlyArray<SummaryDataPoint> }
  )

/** A histogram of either kind. */
export type HistogramData = Extract<MetricData, { readonly type: "histogram" | "exponentialHistogram" }>

interface Shaped extends Pick<MetricData, "name" | "type" | "unit"> {
  readonly monotonic?: boolean
}

/** Everything that data shares besides its name, as text. Data that differs in it is never added up. */
export const shapeKey = (data: Shaped): string => JSON.stringify([data.name, data.type, data.unit, data.monotonic])

/** Merges data of one name and one shape. */
export const together = <Data extends Shaped & { readonly points: ReadonlyArray<unknown> }>(
  all: ReadonlyArray<Data>
): ReadonlyArray<Data> =>
  Array.from(Map.groupBy(all, shapeKey).values(), ([first, ...others]) =>
    others.length === 0 ? first! : { ...first!, points: [first!, ...others].flatMap(({ points }) => points) }
  )
