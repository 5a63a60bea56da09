/**
 * Metrics over a sliding window of time.
 */
import * as Duration from "effect/Duration"
import type { Family, TagOf } from "../model/event.ts"
import { finiteDuration, integerWithin } from "../model/optionChecks.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  Dimensioned,
  EventOfTag,
  InstrumentOptions,
  Labels,
  LabelsOf,
  LabelValues,
  SeriesState,
  Value,
  ValueOptions
} from "./instrumentOptions.ts"
import type { Special } from "./instruments/checks.ts"
import { instrument } from "./instruments/makeInstrument.ts"
import type { WindowPoint } from "./instruments/window.ts"

export type { WindowPoint }

interface Sliding {
  /** The length of the window, back from the time of the read. Default: 1 minute. */
  readonly window?: Duration.Input
  /**
   * The number of steps in which the window slides. Its resolution is `window / slots`: it reaches back up to so much less
   * than its length. Default: 60.
   */
  readonly slots?: number
}

/**
 * The options of {@link rate}.
 *
 * @category options
 * @since 0.2.0
 */
export interface RateOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS>,
    Sliding {
  /** The amount that each event adds: a finite number. Default: 1. */
  readonly value?: Value<EventOfTag<F, Tag>>
}

/**
 * The options of {@link window}.
 *
 * @category options
 * @since 0.2.0
 */
export interface WindowOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends ValueOptions<F, Tag, LS>,
    Sliding {}

/**
 * What a rate shows: the average per second over the window.
 *
 * @category models
 * @since 0.2.0
 */
export interface Rate {
  readonly perSecond: number
}

/**
 * What a window shows. `min`, `max` and `average` are `null` while it is empty.
 *
 * @category models
 * @since 0.2.0
 */
export interface WindowStatistics {
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  readonly average: number | null
}

/**
 * The dimensions of a rate with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type RateDimensions<L extends LabelValues> = Dimensioned<L, Rate>

/**
 * The dimensions of a window with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type WindowDimensions<L extends LabelValues> = Dimensioned<L, WindowStatistics>

const sliding: Special = {
  checks: { window: finiteDuration, slots: integerWithin(1, 10_000) },
  settings: ({ slots = 60, window = "1 minute" }) => ({
    windowMillis: Duration.toMillis(window as Duration.Input),
    slots
  })
}

/**
 * Measures the events per second over the last minute, or the sum of their values per second.
 *
 * The window moves with the time of the events and of the reader, so it is exact under `TestClock`. Throws
 * `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": {} })
 *
 * const Requests = Metric.rate("http.requests", { events: HttpEvent, window: "10 seconds" })
 *
 * const state = Metric.fold(Requests, [{ _tag: "http.request" }, { _tag: "http.request" }], 1000)
 * Metric.snapshot(Requests, state, 2000).dimensions // { perSecond: 0.2 }
 * Metric.snapshot(Requests, state, 20_000).dimensions // { perSecond: 0 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const rate = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: RateOptions<F, Tag, LS>
): Metric<
  Name,
  RateDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<WindowPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> => instrument("rate", name, options, sliding)

/**
 * Measures count, sum, minimum, maximum and average of the values of the last minute.
 *
 * The window moves with the time of the events and of the reader, so it is exact under `TestClock`. Throws
 * `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { seconds: Schema.Number } })
 *
 * const Durations = Metric.window("http.request.recent", { events: HttpEvent, value: "seconds" })
 *
 * const state = Metric.fold(Durations, [{ _tag: "http.request", seconds: 2 }, { _tag: "http.request", seconds: 4 }])
 * Metric.snapshot(Durations, state).dimensions // { count: 2, sum: 6, min: 2, max: 4, average: 3 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const window = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: WindowOptions<F, Tag, LS>
): Metric<
  Name,
  WindowDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<WindowPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> => instrument("window", name, options, { ...sliding, required: ["value"] })
