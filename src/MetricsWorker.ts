/**
 * Makes a worker entry of your own, for bundled programs. Make it an entry of the bundle, and start it with `spawn`. List
 * every set and metric that is registered: such a worker imports no modules. Programs that run unbundled need no entry,
 * because the packaged worker imports the modules of sets declared with `Metric.module`.
 *
 * @example
 * ```ts
 * // metrics.worker.ts
 * import { MetricsWorker } from "mvx-metrics"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * MetricsWorker.run([StorageMetrics])
 *
 * // main.ts
 * import { Worker } from "node:worker_threads"
 * import { MetricsLayer } from "mvx-metrics"
 *
 * const Metrics = MetricsLayer.layerWorker({
 *   namespace: "example.metrics",
 *   spawn: () => new Worker(new URL("./metrics.worker.js", import.meta.url))
 * })
 * ```
 *
 * The URL names the file as it is when the program runs. Compilers and bundlers leave the URL alone, so it ends in `.js`
 * unless Node runs the sources as they are.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { KeyValueStore } from "effect/persistence/KeyValueStore"
import { aLayer, aStore, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import type { StateStore } from "./internal/store/stateStore.ts"
import type * as Metric from "./Metric.ts"
import { InvalidArgument } from "./MetricsError.ts"

/**
 * The options of a worker entry.
 *
 * @category options
 * @since 0.2.0
 */
export interface RunOptions {
  /**
   * The store of the durable state, for a runtime with the option `durable` and no directory. Nothing prevents two
   * processes from writing to the same store. Default: none.
   *
   * @example
   * ```ts
   * // metrics.worker.ts
   * import { KeyValueStore } from "effect/persistence"
   * import { MetricsWorker } from "mvx-metrics"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * MetricsWorker.run([StorageMetrics], { store: KeyValueStore.layerMemory })
   *
   * // main.ts
   * import { Worker } from "node:worker_threads"
   * import { MetricsLayer } from "mvx-metrics"
   *
   * const Metrics = MetricsLayer.layerWorker({
   *   namespace: "example.metrics",
   *   spawn: () => new Worker(new URL("./metrics.worker.js", import.meta.url)),
   *   durable: { interval: "5 seconds" }
   * })
   * ```
   */
  readonly store?: Layer.Layer<KeyValueStore, unknown>
  /**
   * The store that the runtime writes its counts to, for `MetricsStore.layer()` without a store: a worker in a bundle
   * has no module to import. Default: none.
   *
   * @example
   * ```ts
   * // metrics.worker.ts
   * import { MetricsWorker } from "mvx-metrics"
   * import * as RedisStore from "mvx-metrics/RedisStore"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * MetricsWorker.run([StorageMetrics], { states: RedisStore.layer({ url: "redis://127.0.0.1:6379" }) })
   *
   * // main.ts
   * import { Worker } from "node:worker_threads"
   * import { Layer } from "effect"
   * import { MetricsLayer } from "mvx-metrics"
   * import { MetricsStore } from "mvx-metrics/MetricsStore"
   *
   * const spawn = () => new Worker(new URL("./metrics.worker.js", import.meta.url))
   * const Metrics = MetricsStore.layer({ every: "1 second" }).pipe(
   *   Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics", spawn }))
   * )
   * ```
   */
  readonly states?: Layer.Layer<StateStore, unknown>
}

/**
 * Runs the fold in this worker, with these definitions, until the runtime that started it closes. It is the only statement
 * of a worker entry. Outside a worker it ends the process with an error.
 *
 * @example
 * ```ts
 * // metrics.worker.ts
 * import { Schema } from "effect"
 * import { Metric, MetricsWorker } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * MetricsWorker.run([Metric.counter("cache.lookups", { events: CacheEvent })])
 *
 * // main.ts
 * import { Worker } from "node:worker_threads"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * const spawn = () => new Worker(new URL("./metrics.worker.ts", import.meta.url))
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics", spawn })
 * await runtime.shutdown()
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const run = (metrics: ReadonlyArray<Metric.Any | Metric.MetricSet>, options?: RunOptions): void => {
  const invalid = Array.isArray(metrics)
    ? whyInvalidOptions(options, { store: aStore, states: aLayer })
    : new InvalidArgument({ argument: "metrics", reason: "must be an array of definitions" })
  const load = invalid === undefined ? Effect.succeed(metrics) : Effect.fail(invalid)
  // Imported here, so that the barrel of this package does not need worker threads. Messages wait for a listener, and an
  // unhandled rejection ends the thread with its error, which the parent receives.
  void import("./internal/worker/main.ts").then(({ runFold }) =>
    Effect.runPromise(runFold(load, undefined, options?.store, options?.states))
  )
}
