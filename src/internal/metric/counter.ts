/**
 * Sums: counters, which only go up, and up-down counters.
 */

import type { Family, TagOf } from "../model/event.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  Dimensioned,
  EventOfTag,
  ExemplarSource,
  FromZeroOptions,
  InstrumentOptions,
  Labels,
  LabelsOf,
  LabelValues,
  SeriesState,
  Value,
  ValueOptions
} from "./instrumentOptions.ts"
import type { ExactSum } from "./instruments/exactSum.ts"
import { exemplarCheck, exemplarSettings } from "./instruments/exemplars.ts"
import { instrument } from "./instruments/makeInstrument.ts"

export type { ExactSum }

/**
 * The options of {@link counter}.
 *
 * @category options
 * @since 0.2.0
 */
export interface CounterOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS>,
    FromZeroOptions {
  /** The amount that each event adds: a finite number, not negative. Default: 1. */
  readonly value?: Value<EventOfTag<F, Tag>>
  /**
   * The trace of an event: `"span"` for the Effect span in which it is emitted, or the field or fields with the ids.
   * OpenMetrics and OTLP show the last traced event of each series as its exemplar. Exemplars make the fold slower,
   * because it looks at each event. Default: no exemplars.
   *
   * With `"span"`, the ids are taken when the event is emitted, also if it waits for room or for the recorder to start.
   * An event outside a span, or in one that is not sampled, has no exemplar and counts all the same. A field that is
   * named `span` is given as `{ traceId: "span" }`.
   *
   * @example
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Metric, Recorder } from "mvx-metrics"
   *
   * const HttpEvent = Schema.TaggedUnion({ "http.request": { method: Schema.String } })
   * const Requests = Metric.counter("http.requests", { events: HttpEvent, labels: ["method"], exemplar: "span" })
   *
   * const program = Effect.gen(function* () {
   *   const metrics = yield* Recorder.register(Requests)
   *   yield* metrics.emit({ _tag: "http.request", method: "GET" }).pipe(Effect.withSpan("handle"))
   * })
   * ```
   */
  readonly exemplar?: ExemplarSource<EventOfTag<F, Tag>>
}

/**
 * What a counter shows: the sum of its values.
 *
 * @category models
 * @since 0.2.0
 */
export interface Sum {
  readonly value: number
}

/**
 * The dimensions of a counter with these labels.
 *
 * @category utility types
 * @since 0.2.0
 */
export type CounterDimensions<L extends LabelValues> = Dimensioned<L, Sum>

/**
 * Counts events, or adds up a value of each. A counter only goes up.
 *
 * Shows `{ value }`, the total, and with labels also `series`, each with its own value. Throws `InvalidArgument` for an
 * invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { method: Schema.Literals(["GET", "PUT"]) } })
 *
 * const Requests = Metric.counter("http.requests", { events: HttpEvent, labels: ["method"] })
 *
 * const state = Metric.fold(Requests, [
 *   { _tag: "http.request", method: "GET" },
 *   { _tag: "http.request", method: "GET" }
 * ])
 * Metric.snapshot(Requests, state).dimensions // { value: 2, series: [{ labels: { method: "GET" }, value: 2 }] }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const counter = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: CounterOptions<F, Tag, LS>
): Metric<
  Name,
  CounterDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<ExactSum>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("counter", name, options, {
    checks: { exemplar: exemplarCheck },
    settings: ({ exemplar }) => exemplarSettings(exemplar)
  })

/**
 * Adds up values that may be negative: a balance, or the length of a queue from what enters and leaves it.
 *
 * Shows the same dimensions as a {@link counter}. Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const PoolEvent = Schema.TaggedUnion({ "pool.moved": { connections: Schema.Number } })
 *
 * const Connections = Metric.upDownCounter("pool.connections", { events: PoolEvent, value: "connections" })
 *
 * const state = Metric.fold(Connections, [
 *   { _tag: "pool.moved", connections: 3 },
 *   { _tag: "pool.moved", connections: -1 }
 * ])
 * Metric.snapshot(Connections, state).dimensions // { value: 2 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const upDownCounter = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: ValueOptions<F, Tag, LS> & FromZeroOptions
): Metric<
  Name,
  CounterDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<ExactSum>,
  F["Type"],
  EventOfTag<F, Tag>
> => instrument("upDownCounter", name, options, { required: ["value"] })
