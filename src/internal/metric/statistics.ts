/**
 * Plain statistics: averages, extremes and ratios.
 */

import type { Family, TagOf } from "../model/event.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  BooleanField,
  Dimensioned,
  EventOfTag,
  FromZeroOptions,
  InstrumentOptions,
  Labels,
  LabelsOf,
  LabelValues,
  SeriesState,
  ValueOptions
} from "./instrumentOptions.ts"
import type { AveragePoint } from "./instruments/average.ts"
import { instrument } from "./instruments/makeInstrument.ts"
import type { MinMaxPoint } from "./instruments/minMax.ts"
import type { RatioPoint } from "./instruments/ratio.ts"

export type { AveragePoint, MinMaxPoint, RatioPoint }

/**
 * What an average shows.
 *
 * @category models
 * @since 0.2.0
 */
export interface Average {
  /** `null` before the first value. */
  readonly average: number | null
  readonly count: number
  readonly sum: number
}

/**
 * The dimensions of an average with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type AverageDimensions<L extends LabelValues> = Dimensioned<L, Average>

/**
 * Measures the average of all values.
 *
 * Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { bytes: Schema.Number } })
 *
 * const Sizes = Metric.average("http.request.size", { events: HttpEvent, value: "bytes", unit: "By" })
 *
 * const state = Metric.fold(Sizes, [{ _tag: "http.request", bytes: 2 }, { _tag: "http.request", bytes: 4 }])
 * Metric.snapshot(Sizes, state).dimensions // { average: 3, count: 2, sum: 6 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const average = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: ValueOptions<F, Tag, LS> & FromZeroOptions
): Metric<
  Name,
  AverageDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<AveragePoint>,
  F["Type"],
  EventOfTag<F, Tag>
> => instrument("average", name, options, { required: ["value"] })

/**
 * What a minimum and maximum shows. Both are `null` before the first value.
 *
 * @category models
 * @since 0.2.0
 */
export interface MinMax {
  readonly min: number | null
  readonly max: number | null
  readonly count: number
}

/**
 * The dimensions of a minimum and maximum with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type MinMaxDimensions<L extends LabelValues> = Dimensioned<L, MinMax>

/**
 * Measures the minimum and the maximum of all values. Both are `null` before the first value.
 *
 * Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { bytes: Schema.Number } })
 *
 * const Sizes = Metric.minMax("http.request.size", { events: HttpEvent, value: "bytes", unit: "By" })
 *
 * const state = Metric.fold(Sizes, [{ _tag: "http.request", bytes: 2 }, { _tag: "http.request", bytes: 4 }])
 * Metric.snapshot(Sizes, state).dimensions // { min: 2, max: 4, count: 2 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const minMax = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: ValueOptions<F, Tag, LS>
): Metric<
  Name,
  MinMaxDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<MinMaxPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> => instrument("minMax", name, options, { required: ["value"] })

/**
 * The options of {@link ratio}.
 *
 * @category options
 * @since 0.2.0
 */
export interface RatioOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS>,
    FromZeroOptions {
  /** Which events count as hits: a boolean field, or a function of the event. */
  readonly hits:
    | BooleanField<EventOfTag<F, Tag>>
    | ((event: EventOfTag<F, Tag>, at: number) => boolean | null | undefined)
}

/**
 * What a ratio shows.
 *
 * @category models
 * @since 0.2.0
 */
export interface Ratio {
  /** `hits / total`, or `null` before the first event. */
  readonly ratio: number | null
  readonly hits: number
  readonly total: number
}

/**
 * The dimensions of a ratio with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type RatioDimensions<L extends LabelValues> = Dimensioned<L, Ratio>

/**
 * Measures which part of the events were hits: failures over attempts, cache hits over lookups.
 *
 * Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const state = Metric.fold(Hits, [{ _tag: "cache.lookup", hit: true }, { _tag: "cache.lookup", hit: false }])
 * Metric.snapshot(Hits, state).dimensions // { ratio: 0.5, hits: 1, total: 2 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const ratio = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: RatioOptions<F, Tag, LS>
): Metric<
  Name,
  RatioDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<RatioPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> => instrument("ratio", name, options, { measures: "hits", required: ["hits"] })
