/**
 * Distributions of values: in buckets that you choose, or in self-scaling exponential buckets.
 */

import type { Family, TagOf } from "../model/event.ts"
import { integerWithin } from "../model/optionChecks.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { unitCode } from "../naming/unitCode.ts"
import { didYouMean } from "../util/didYouMean.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  Dimensioned,
  EventOfTag,
  ExemplarSource,
  FromZeroOptions,
  Labels,
  LabelsOf,
  LabelValues,
  Remarks,
  Series,
  SeriesState,
  ValueOptions
} from "./instrumentOptions.ts"
import { boundariesCheck, rangeCheck } from "./instruments/checks.ts"
import { defaultBoundaries } from "./instruments/defaultBoundaries.ts"
import { exemplarCheck, exemplarSettings } from "./instruments/exemplars.ts"
import type { ExponentialPoint } from "./instruments/exponential.ts"
import type { HistogramPoint } from "./instruments/histogram.ts"
import { instrument } from "./instruments/makeInstrument.ts"

export type { ExponentialPoint, HistogramPoint }

/**
 * The options of {@link histogram}.
 *
 * @category options
 * @since 0.2.0
 */
export interface HistogramOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends ValueOptions<F, Tag, LS>,
    FromZeroOptions {
  /**
   * Upper bounds of the buckets, inclusive, increasing. One more bucket counts larger values. Default: by the unit, for
   * `s`, `ms` and `By`. Required for any other unit, and without one.
   */
  readonly boundaries?: ReadonlyArray<number>
  /**
   * The trace of an event: `"span"` for the Effect span in which it is emitted, or the field or fields with the ids, as
   * for a {@link ./counter.ts | counter}. OpenMetrics and OTLP show the last traced event of each series, and of each of
   * its buckets, as an exemplar. Exemplars make the fold slower, because it looks at each event. Default: no exemplars.
   */
  readonly exemplar?: ExemplarSource<EventOfTag<F, Tag>>
}

/**
 * `counts[i]` counts the values up to `boundaries[i]`; the last count is for larger values. `min` and `max` are `null` before the first value.
 *
 * @category models
 * @since 0.2.0
 */
export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  readonly counts: ReadonlyArray<number>
}

/**
 * The dimensions of a histogram with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type HistogramDimensions<L extends LabelValues> = Distribution & {
  readonly boundaries: ReadonlyArray<number>
} & Remarks<Distribution> &
  ([keyof L] extends [never] ? unknown : { readonly series: ReadonlyArray<Series<L, Distribution>> })

/**
 * Measures how values are distributed: a count for each bucket, and the sum, minimum and maximum.
 *
 * Shows the distribution of all series together, and with labels also `series`, each with its own. Throws
 * `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { seconds: Schema.Number } })
 *
 * const Durations = Metric.histogram("http.request.duration", {
 *   events: HttpEvent,
 *   value: "seconds",
 *   unit: "s",
 *   boundaries: [0.1, 1]
 * })
 *
 * const state = Metric.fold(Durations, [{ _tag: "http.request", seconds: 0.5 }])
 * Metric.snapshot(Durations, state).dimensions.counts // [0, 1, 0]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const histogram = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: HistogramOptions<F, Tag, LS>
): Metric<
  Name,
  HistogramDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<HistogramPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("histogram", name, options, {
    required: ["value"],
    checks: { boundaries: boundariesCheck, exemplar: exemplarCheck },
    whyNot: whyNoBoundaries,
    settings: ({ boundaries, exemplar, unit }) => ({
      // 0 + boundary: -0 becomes 0, as in JSON.
      boundaries: boundariesOf(boundaries, unit)!.map((each) => 0 + each),
      ...exemplarSettings(exemplar)
    })
  })

const boundariesOf = (boundaries: unknown, unit: unknown): ReadonlyArray<number> | undefined =>
  (boundaries as ReadonlyArray<number> | undefined) ?? defaultBoundaries.get(unitCode((unit ?? "") as string))

/** Boundaries for milliseconds would put seconds or bytes into one or two buckets, without a warning. */
const whyNoBoundaries = ({ boundaries, unit }: { readonly [option: string]: unknown }): InvalidArgument | undefined => {
  if (boundariesOf(boundaries, unit) !== undefined) return undefined
  const which =
    unit === undefined
      ? "a histogram without a unit has no default."
      : `the unit ${JSON.stringify(unit)} has no default.${didYouMean(unit, ["seconds", "milliseconds", "bytes"])}`
  const reason = `is missing, and ${which} Pass boundaries, or one of the units that have a default: s, ms, By`
  return new InvalidArgument({ argument: "boundaries", reason })
}

/**
 * The options of {@link exponentialHistogram}.
 *
 * @category options
 * @since 0.2.0
 */
export interface ExponentialHistogramOptions<
  F extends Family,
  Tag extends TagOf<F>,
  LS extends Labels<EventOfTag<F, Tag>>
> extends ValueOptions<F, Tag, LS>,
    FromZeroOptions {
  /** The maximum number of buckets for positive values, and for negative values. Default: 160, as in OpenTelemetry. */
  readonly maxSize?: number
  /** The finest scale, from -10 to 20. It is reduced as far as `maxSize` requires. Default: 20. */
  readonly maxScale?: number
  /**
   * Where most values are, in the unit of the metric: the classic buckets that Prometheus' text formats show cover this
   * range with up to 40 boundaries. It limits neither the values nor the buckets that are measured. Default: a
   * microsecond to an hour for times, 1 byte to 512 GiB for sizes, a millionth to 2 for ratios, 2^-10 to 2^29 otherwise.
   */
  readonly range?: readonly [least: number, greatest: number]
}

/**
 * Buckets of an exponential histogram. `counts[i]` counts the values in (base^(offset + i), base^(offset + i + 1)], where
 * base is 2^(2^-scale).
 *
 * @category models
 * @since 0.2.0
 */
export interface Buckets {
  readonly offset: number
  readonly counts: ReadonlyArray<number>
}

/**
 * What an exponential histogram shows. `min` and `max` are `null` before the first value.
 *
 * @category models
 * @since 0.2.0
 */
export interface ExponentialDistribution {
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  readonly scale: number
  readonly zeroCount: number
  readonly positive: Buckets
  readonly negative: Buckets
  /** Estimates of the median, the 90th and the 99th percentile; `null` before the first value. */
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  /** The maximum relative error of these estimates. */
  readonly relativeError: number
}

/**
 * The dimensions of an exponential histogram with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type ExponentialHistogramDimensions<L extends LabelValues> = Dimensioned<L, ExponentialDistribution>

/**
 * Measures how values of any magnitude are distributed, in up to `maxSize` buckets whose width grows with the value, as
 * fine as that limit allows. You need to know nothing about the values beforehand, and any two states can be merged.
 *
 * Follows OpenTelemetry's data model:
 * https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram. Throws `InvalidArgument` for an
 * invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.response": { bytes: Schema.Number } })
 *
 * const Sizes = Metric.exponentialHistogram("http.response.size", { events: HttpEvent, value: "bytes", maxScale: 0 })
 *
 * const state = Metric.fold(Sizes, [
 *   { _tag: "http.response", bytes: 3 },
 *   { _tag: "http.response", bytes: 9 }
 * ])
 * Metric.snapshot(Sizes, state).dimensions.positive // { offset: 1, counts: [1, 0, 1] }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const exponentialHistogram = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: ExponentialHistogramOptions<F, Tag, LS>
): Metric<
  Name,
  ExponentialHistogramDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<ExponentialPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("exponentialHistogram", name, options, {
    required: ["value"],
    checks: { maxSize: integerWithin(2, 10_000), maxScale: integerWithin(-10, 20), range: rangeCheck },
    settings: ({ maxScale = 20, maxSize = 160, range }) => ({
      maxSize,
      maxScale,
      ...(range !== undefined && { range })
    })
  })
