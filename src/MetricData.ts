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
 * | `ratio` | a gauge, and the sums `NAME.hits` and `NAME.total` |
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

interface Named {
  /** As in the definition, with a suffix where a metric becomes several. */
  readonly name: string
  readonly description: string | undefined
  readonly unit: string | undefined
}

export interface NumberPoint {
  readonly attributes: Attributes
  readonly value: number
  readonly exemplar?: Exemplar | undefined
}

export interface HistogramDataPoint {
  readonly attributes: Attributes
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  /** One more than there are boundaries. */
  readonly counts: ReadonlyArray<number>
  /** By bucket, where there are any. */
  readonly exemplars?: ReadonlyArray<Exemplar | undefined>
}

export interface ExponentialDataPoint {
  readonly attributes: Attributes
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  readonly scale: number
  readonly zeroCount: number
  readonly positive: Buckets
  readonly negative: Buckets
}

export interface SummaryDataPoint {
  readonly attributes: Attributes
  readonly count: number
  readonly sum: number
  readonly quantiles: ReadonlyArray<readonly [quantile: number, value: number]>
}

export type MetricData = Named &
  (
    | { readonly type: "gauge"; readonly points: ReadonlyArray<NumberPoint> }
    | { readonly type: "sum"; readonly monotonic: boolean; readonly points: ReadonlyArray<NumberPoint> }
    | {
        readonly type: "histogram"
        readonly boundaries: ReadonlyArray<number>
        readonly points: ReadonlyArray<HistogramDataPoint>
      }
    | { readonly type: "exponentialHistogram"; readonly points: ReadonlyArray<ExponentialDataPoint> }
    | { readonly type: "summary"; readonly points: ReadonlyArray<SummaryDataPoint> }
  )
