/**
 * The definition of a metric: a stable name, an initial state, a pure reducer per event tag, and a view from the
 * state to the dimensions of its snapshot.
 *
 * A definition is plain data and pure functions. It holds no state, so one definition can be registered in any number
 * of recorders, and it works without a recorder.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const Lookups = Metric.make("cache.lookups", {
 *   events: CacheEvent,
 *   initial: { total: 0, hits: 0 },
 *   reduce: {
 *     "cache.lookup": (state, { hit }) => ({ total: state.total + 1, hits: state.hits + (hit ? 1 : 0) })
 *   },
 *   view: ({ hits, total }) => ({ hits, total, ratio: total === 0 ? 0 : hits / total })
 * })
 *
 * const state = Metric.fold(Lookups, [{ _tag: "cache.lookup", hit: true }, { _tag: "cache.lookup", hit: false }])
 * Metric.snapshot(Lookups, state).dimensions // { hits: 1, total: 2, ratio: 0.5 }
 * ```
 *
 * @since 0.2.0
 */
export * from "./internal/metric/combinators.ts"
export * from "./internal/metric/counter.ts"
export * from "./internal/metric/definition/metric.ts"
export * from "./internal/metric/derive.ts"
export * from "./internal/metric/gauge.ts"
export * from "./internal/metric/histogram.ts"
export * from "./internal/metric/instrumentOptions.ts"
export * from "./internal/metric/make.ts"
export * from "./internal/metric/metricSet.ts"
export * from "./internal/metric/occurrences.ts"
export * from "./internal/metric/statistics.ts"
export * from "./internal/metric/summary.ts"
export * from "./internal/metric/unread.ts"
export * from "./internal/metric/window.ts"
