/**
 * Quantiles over a sliding window of time.
 */
import * as Duration from "effect/Duration"
import type { Family, TagOf } from "../model/event.ts"
import { finiteDuration, integerWithin } from "../model/optionChecks.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  Dimensioned,
  EventOfTag,
  FromZeroOptions,
  Labels,
  LabelsOf,
  LabelValues,
  SeriesState,
  ValueOptions
} from "./instrumentOptions.ts"
import { quantilesCheck } from "./instruments/checks.ts"
import { instrument } from "./instruments/makeInstrument.ts"
import type { SummaryPoint } from "./instruments/summary.ts"

export type { SummaryPoint }

/**
 * The options of {@link summary}.
 *
 * @category options
 * @since 0.2.0
 */
export interface SummaryOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends ValueOptions<F, Tag, LS>,
    FromZeroOptions {
  /** Which quantiles, each from 0 to 1. Default: 0.5, 0.9, 0.99. */
  readonly quantiles?: ReadonlyArray<number>
  /** The length of the window that the quantiles cover. Default: 1 minute. */
  readonly window?: Duration.Input
  /** The number of steps in which the window slides. Default: 6. */
  readonly slots?: number
}

/**
 * `count` and `sum` cover all values, `quantiles` those in the window. A quantile is `null` if the window is empty.
 * Otherwise it is an estimate of the least value that this share of the values does not exceed: the 0.99 quantile of 1 and
 * 100 is 100.
 *
 * @category models
 * @since 0.2.0
 */
export interface Quantiles {
  readonly count: number
  readonly sum: number
  readonly quantiles: { readonly [quantile: string]: number | null }
}

/**
 * The dimensions of a summary with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type SummaryDimensions<L extends LabelValues> = Dimensioned<L, Quantiles>

/**
 * Measures quantiles of the values of the last minute (or of another window), and the count and sum of all values.
 *
 * Quantiles are estimated from exponential histograms of 160 buckets, one per slot of the window. Their relative error
 * is below 1 % while the values of a window lie within a factor of about 20, and grows with the logarithm of that factor.
 * Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { seconds: Schema.Number } })
 *
 * const Durations = Metric.summary("http.request.duration", { events: HttpEvent, value: "seconds", quantiles: [0, 1] })
 *
 * const state = Metric.fold(Durations, [
 *   { _tag: "http.request", seconds: 0.25 },
 *   { _tag: "http.request", seconds: 0.5 }
 * ])
 * Metric.snapshot(Durations, state).dimensions // { count: 2, sum: 0.75, quantiles: { "0": 0.25, "1": 0.5 } }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const summary = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: SummaryOptions<F, Tag, LS>
): Metric<
  Name,
  SummaryDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<SummaryPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("summary", name, options, {
    required: ["value"],
    checks: { quantiles: quantilesCheck, window: finiteDuration, slots: integerWithin(1, 1000) },
    settings: ({ quantiles = [0.5, 0.9, 0.99], slots = 6, window = "1 minute" }) => ({
      quantiles: [...(quantiles as ReadonlyArray<number>)],
      windowMillis: Duration.toMillis(window as Duration.Input),
      slots
    })
  })
