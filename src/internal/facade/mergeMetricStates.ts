/** Merging without Effect. */
import * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import type { Snapshots, States } from "../metric/definition/snapshot.ts"
import { merge } from "../metric/mergeSnapshots.ts"

/**
 * Merges the states of several recorders, threads or processes. Returns the snapshots that a single recorder would have
 * produced from the events of all. `now` (milliseconds since the Unix epoch, default 0) is for views that show a window
 * of time. Rejects with `StateMismatch` for a state of another version of its metric, and with `InvalidArgument`.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, MetricsRuntime, mergeMetricStates } from "mvx-metrics/promise"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const recorders = [await runtime.createRecorder("one"), await runtime.createRecorder("other")]
 * for (const recorder of recorders) (await recorder.registerMetric(Hits)).emit({ _tag: "cache.lookup", hit: true })
 * const states = await Promise.all(recorders.map((recorder) => recorder.getMetricStates()))
 * const snapshots = await mergeMetricStates([Hits], states)
 * snapshots["cache.hits"]?.dimensions // { ratio: 1, hits: 2, total: 2 }
 * await runtime.shutdown()
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const mergeMetricStates = (
  metrics: ReadonlyArray<Metric.Any>,
  states: ReadonlyArray<States>,
  now?: number
): Promise<Snapshots> => Effect.runPromise(merge(metrics, states, now))
