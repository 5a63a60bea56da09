/**
 * Gauges: the present level of something.
 */

import type { Family, TagOf } from "../model/event.ts"
import { oneOf } from "../model/optionChecks.ts"
import type { Metric } from "./definition/metric.ts"
import type {
  EventOfTag,
  Labels,
  LabelsOf,
  LabelValues,
  Remarks,
  Series,
  SeriesState,
  ValueOptions
} from "./instrumentOptions.ts"
import type { GaugePoint, LevelPoint } from "./instruments/gauge.ts"
import { instrument } from "./instruments/makeInstrument.ts"

export type { GaugePoint, LevelPoint }

/**
 * The options of {@link gauge}.
 *
 * @category options
 * @since 0.2.0
 */
export interface GaugeOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends ValueOptions<F, Tag, LS> {
  /**
   * What an event does to the gauge: `"set"` replaces its value, `"add"` adds to it. Default: `"set"`.
   */
  readonly mode?: "set" | "add"
}

/**
 * The dimensions of a gauge with these labels. Gauges do not add up, so a gauge with labels has no total.
 *
 * @category utility types
 * @since 0.2.0
 */
export type GaugeDimensions<L extends LabelValues> = [keyof L] extends [never]
  ? { readonly value: number | null; readonly at: number | null } & Remarks<GaugePoint>
  : { readonly series: ReadonlyArray<Series<L, GaugePoint>> } & Remarks<GaugePoint>

/**
 * Keeps the last value and the time it was measured (milliseconds since the Unix epoch).
 *
 * Shows `{ value, at }`, both `null` before the first event. With labels it shows `series` instead. Throws
 * `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const PoolEvent = Schema.TaggedUnion({ "pool.resized": { connections: Schema.Number } })
 *
 * const Connections = Metric.gauge("pool.connections", { events: PoolEvent, value: "connections" })
 *
 * const state = Metric.fold(Connections, [{ _tag: "pool.resized", connections: 8 }], 1000)
 * Metric.snapshot(Connections, state).dimensions // { value: 8, at: 1000 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const gauge = <
  const Name extends string,
  Tag extends TagOf<F>,
  const LS extends Labels<EventOfTag<F, Tag>>,
  F extends Family
>(
  name: Name,
  options: GaugeOptions<F, Tag, LS>
): Metric<
  Name,
  GaugeDimensions<LabelsOf<EventOfTag<F, Tag>, LS>>,
  SeriesState<LevelPoint>,
  F["Type"],
  EventOfTag<F, Tag>
> =>
  instrument("gauge", name, options, {
    required: ["value"],
    checks: { mode: oneOf("set", "add") },
    settings: ({ mode = "set" }) => ({ mode })
  })
