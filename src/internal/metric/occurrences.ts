/**
 * Values as such: how often each occurs, and how many different ones there are.
 */

import type { Family, TagOf } from "../model/event.ts"
import { integerWithin, positiveInteger } from "../model/optionChecks.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  Dimensioned,
  EventOfTag,
  InstrumentOptions,
  LabelSource,
  Labels,
  LabelsOf,
  LabelValues,
  SeriesState
} from "./instrumentOptions.ts"
import type { DistinctPoint } from "./instruments/distinct.ts"
import type { FrequencyPoint } from "./instruments/frequency.ts"
import { instrument } from "./instruments/makeInstrument.ts"

export type { DistinctPoint, FrequencyPoint }

/**
 * The options of {@link frequency}.
 *
 * @category options
 * @since 0.2.0
 */
export interface FrequencyOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS> {
  /** The value that is counted: a field, or a function of the event. A missing field is not counted. */
  readonly value: LabelSource<EventOfTag<F, Tag>>
  /** The maximum number of values counted separately. Default: 1000. */
  readonly maxValues?: number
}

/**
 * What a frequency shows: how often each value occurred.
 *
 * @category models
 * @since 0.2.0
 */
export interface Frequency {
  readonly counts: { readonly [value: string]: number }
  /** The count of all values beyond `maxValues`, if there are any. */
  readonly others?: number
}

/**
 * The dimensions of a frequency with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type FrequencyDimensions<L extends LabelValues> = Dimensioned<L, Frequency>

/**
 * Counts how often each value occurs.
 *
 * Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.response": { status: Schema.Number } })
 *
 * const Statuses = Metric.frequency("http.statuses", { events: HttpEvent, value: "status" })
 *
 * const state = Metric.fold(Statuses, [{ _tag: "http.response", status: 200 }, { _tag: "http.response", status: 200 }])
 * Metric.snapshot(Statuses, state).dimensions // { counts: { "200": 2 } }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const frequency = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: FrequencyOptions<F, Tag, LS>
): Metric<
  Name,
  FrequencyDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<FrequencyPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("frequency", name, options, {
    required: ["value"],
    checks: { maxValues: positiveInteger },
    settings: ({ maxLabelLength, maxValues = 1000 }) => ({
      maxValues,
      ...(maxLabelLength !== undefined && { maxLabelLength })
    })
  })

/**
 * The options of {@link distinct}.
 *
 * @category options
 * @since 0.2.0
 */
export interface DistinctOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS> {
  /** The value that is counted once: a field, or a function of the event. A missing field is not counted. */
  readonly value: LabelSource<EventOfTag<F, Tag>>
  /** The logarithm to base 2 of the number of registers, from 4 to 16. The standard error is 1.04 / sqrt(registers). Default: 11. */
  readonly precision?: number
}

/**
 * What a count of distinct values shows: an estimate, a whole number.
 *
 * @category models
 * @since 0.2.0
 */
export interface Distinct {
  readonly estimate: number
}

/**
 * The dimensions of a count of distinct values with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type DistinctDimensions<L extends LabelValues> = Dimensioned<L, Distinct>

/**
 * Estimates the number of distinct values in little memory, with a standard error of 2.3 % (see `precision`).
 *
 * Uses HyperLogLog (Flajolet et al., 2007). Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { user: Schema.String } })
 *
 * const Users = Metric.distinct("http.users", { events: HttpEvent, value: "user" })
 *
 * const state = Metric.fold(Users, [
 *   { _tag: "http.request", user: "ann" },
 *   { _tag: "http.request", user: "ann" },
 *   { _tag: "http.request", user: "bob" }
 * ])
 * Metric.snapshot(Users, state).dimensions // { estimate: 2 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const distinct = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: DistinctOptions<F, Tag, LS>
): Metric<
  Name,
  DistinctDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<DistinctPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("distinct", name, options, {
    required: ["value"],
    checks: { precision: integerWithin(4, 16) },
    settings: ({ precision = 11 }) => ({ precision })
  })
