/**
 * What a metric shows, as exporters need it: numbers with attributes, by the kinds that Prometheus and OpenTelemetry
 * have. Plain data, made from a definition and a snapshot.
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
import type { Buckets } from "./Histogram.ts"
import type { LabelValue } from "./Instrument.ts"
import type { Exemplar } from "./internal/instruments/exemplars.ts"

export type { Exemplar } from "./internal/instruments/exemplars.ts"

export type Attributes = { readonly [name: string]: LabelValue }

/** The attribute of what is beyond the cap on series, as in OpenTelemetry. */
export const OverflowAttribute = "otel.metric.overflow"

/** The attribute of what series had that have expired, where it was not exported while they were there. */
export const ExpiredAttribute = "mvx_metrics.expired"

/** Since when a series counts that can expire: from its first event, or from the first one after it expired. */
export interface Life {
  /** In milliseconds since the Unix epoch. */
  readonly since: number
  /** Differs from that of an earlier life of the same series, whatever the clock says. */
  readonly number: number
}

interface Named {
  /** As in the definition, with a suffix where a metric becomes several. */
  readonly name: string
  readonly description: string | undefined
  readonly unit: string | undefined
}

interface Point {
  readonly attributes: Attributes
  /** Where series expire. Default: the series counts for as long as its metric. */
  readonly life?: Life | undefined
}

export interface NumberPoint extends Point {
  readonly value: number
  readonly exemplar?: Exemplar | undefined
}

export interface HistogramDataPoint extends Point {
  readonly count: number
  readonly sum: number
  /** Whether values may be below 0, so that the sum can go down: nothing that only grows may show it then. */
  readonly sumFalls: boolean
  readonly min: number | null
  readonly max: number | null
  /** Those of this point: two recorders may measure one metric in different buckets. */
  readonly boundaries: ReadonlyArray<number>
  /** One more than there are boundaries. */
  readonly counts: ReadonlyArray<number>
  /** By bucket, where there are any. */
  readonly exemplars?: ReadonlyArray<Exemplar | undefined>
}

export interface ExponentialDataPoint extends Point {
  readonly count: number
  readonly sum: number
  /** Whether values may be below 0, so that the sum can go down: nothing that only grows may show it then. */
  readonly sumFalls: boolean
  readonly min: number | null
  readonly max: number | null
  readonly scale: number
  readonly zeroCount: number
  readonly positive: Buckets
  readonly negative: Buckets
}

export interface SummaryDataPoint extends Point {
  readonly count: number
  readonly sum: number
  /** Whether values may be below 0, so that the sum can go down: nothing that only grows may show it then. */
  readonly sumFalls: boolean
  readonly quantiles: ReadonlyArray<readonly [quantile: number, value: number]>
}

export type MetricData = Named &
  (
    | { readonly type: "gauge"; readonly points: ReadonlyArray<NumberPoint> }
    | { readonly type: "sum"; readonly monotonic: boolean; readonly points: ReadonlyArray<NumberPoint> }
    | { readonly type: "histogram"; readonly points: ReadonlyArray<HistogramDataPoint> }
    | { readonly type: "exponentialHistogram"; readonly points: ReadonlyArray<ExponentialDataPoint> }
    | { readonly type: "summary"; readonly points: ReadonlyArray<SummaryDataPoint> }
  )
