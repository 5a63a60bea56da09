/**
 * Layers that provide a running {@link MetricsRuntime}: with a worker thread, or in process. Both behave
 * the same. Closing the scope folds every accepted event, stops the recorders and releases the thread.
 *
 * Make such a layer once and provide it once. Each call makes another layer, and each layer that is built on its own starts
 * another runtime, with its own recorders. Starting a second runtime of a namespace in a process logs a warning.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 *
 * const Metrics = Recorder.layer("document_storage").pipe(
 *   Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
 * )
 * ```
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { runtimeConfig, unwrapped } from "./internal/runtime/runtimeConfig.ts"
import type { RuntimeStartError } from "./MetricsError.ts"
import {
  MetricsRuntime,
  type RuntimeOptions,
  type RuntimeService,
  type ThreadOptions,
  type WorkerOptions
} from "./MetricsRuntime.ts"

const started = (
  make: Effect.Effect<RuntimeService, never, Scope.Scope>
): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  Layer.effect(
    MetricsRuntime,
    Effect.tap(make, (runtime) => runtime.start)
  )

/**
 * Folds on a dedicated worker thread, so the application thread pays only for the hand-off. The thread imports the module
 * of a set declared with `Metric.module` when the set is registered. Fails with `RuntimeFailed` if the thread does not
 * start within `startTimeout`, and with `MetricsModuleError` if one of the modules in `metrics` cannot be used.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * const Metrics = Recorder.layer("document_storage").pipe(
 *   Layer.provide(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
 * )
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(StorageMetrics)
 *   return metrics.emitUnsafe({ _tag: "document_storage.save.attempt", outcome: "SUCCESS" })
 * })
 * await Effect.runPromise(Effect.provide(program, Metrics)) // true
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerWorker = (options: WorkerOptions): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  started(MetricsRuntime.makeWorker(options))

/**
 * Folds in process, with the same semantics: for tests, platforms without worker threads, and small programs.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 *
 * const Metrics = Recorder.layer("cache").pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Lookups)
 *   yield* metrics.emit({ _tag: "cache.lookup", hit: true })
 *   return (yield* (yield* Recorder).snapshot(Lookups)).dimensions
 * })
 * await Effect.runPromise(Effect.provide(program, Metrics)) // { value: 1 }
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerInProcess = (options: RuntimeOptions): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  started(MetricsRuntime.makeInProcess(options))

/**
 * Provides the runtime of another thread of this process to a thread of `node:worker_threads`, of a pool as well. Recorders
 * are made, emitted to and read as elsewhere. The main thread, which has the runtime, calls `acceptThreads`. Closing the
 * scope folds what was emitted. A thread that is terminated loses no event whose `emit` had returned.
 *
 * Scrapes, exporters, durable state and the flight recorder belong to the main thread. Fails with `RuntimeFailed` if no
 * runtime, or none of this namespace, accepts threads.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * const Metrics = Recorder.layer("document_storage").pipe(Layer.provide(MetricsLayer.layerThread()))
 * const task = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(StorageMetrics)
 *   yield* metrics.emit({ _tag: "document_storage.save.attempt", outcome: "SUCCESS" })
 * })
 * const inThread = Effect.provide(task, Metrics)
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerThread = (options?: ThreadOptions): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  Layer.effect(
    MetricsRuntime,
    Effect.flatMap(
      Effect.promise(() => import("./internal/runtime/attachedRuntime.ts")),
      ({ makeAttached }) => makeAttached(options)
    )
  )

/**
 * Reads the options of a runtime from `METRICS_NAMESPACE`, `METRICS_CAPACITY` (events), `METRICS_OVERFLOW`,
 * `METRICS_LOGGING`, `METRICS_SHUTDOWN_TIMEOUT` and `METRICS_WAIT_TIMEOUT` (`10 seconds`), `METRICS_TOTAL_OF_REMOVED`,
 * `METRICS_MEMORY_LIMIT` (`16 MiB`), and `METRICS_DURABLE_DIRECTORY` (the `directory` of `durable`). A variable is
 * optional if `defaults` has the option or the option has a default. Only the namespace has no default. Fails with
 * Effect's `ConfigError`, which names the variable.
 *
 * @example
 * ```ts
 * import { Config, ConfigProvider, Effect } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 *
 * const config = MetricsLayer.config({ namespace: "example.metrics" })
 * const provider = ConfigProvider.fromEnv({ env: { METRICS_CAPACITY: "500" } })
 * Effect.runSync(config.parse(provider)) // { namespace: "example.metrics", capacity: 500 }
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export const config = (defaults: Partial<RuntimeOptions> = {}): Config.Config<RuntimeOptions> => runtimeConfig(defaults)

/**
 * Folds as {@link layerWorker} does, with options from `Config`. Default: those of {@link config}. Fails with
 * `ConfigError` as well, if an option is missing or invalid.
 *
 * @example
 * ```ts
 * import { ConfigProvider, Effect, Layer } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 *
 * const env = ConfigProvider.fromEnv({ env: { METRICS_NAMESPACE: "example.metrics", METRICS_CAPACITY: "500" } })
 * const Metrics = MetricsLayer.layerWorkerConfig().pipe(Layer.provide(ConfigProvider.layer(env)))
 *
 * const namespace = Effect.map(MetricsRuntime, (runtime) => runtime.namespace)
 * await Effect.runPromise(Effect.provide(namespace, Metrics)) // "example.metrics"
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerWorkerConfig = (
  options: Config.Wrap<WorkerOptions> = config()
): Layer.Layer<MetricsRuntime, RuntimeStartError | Config.ConfigError> =>
  Layer.unwrap(Effect.map(unwrapped(options), layerWorker))

/**
 * Folds as {@link layerInProcess} does, with options from `Config`. Default: those of {@link config}. Fails with
 * `ConfigError` as well, if an option is missing or invalid.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 *
 * const Metrics = MetricsLayer.layerInProcessConfig({
 *   namespace: Config.succeed("example.metrics"),
 *   capacity: Config.Int("EVENT_CAPACITY").pipe(Config.withDefault(10_000))
 * })
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerInProcessConfig = (
  options: Config.Wrap<RuntimeOptions> = config()
): Layer.Layer<MetricsRuntime, RuntimeStartError | Config.ConfigError> =>
  Layer.unwrap(Effect.map(unwrapped(options), layerInProcess))
