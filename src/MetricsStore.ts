/**
 * Merges metrics across processes and hosts through a shared store: Redis, PostgreSQL, or one of your own. Each process
 * writes the states of its recorders once a second. Any process that has the definitions merges these states into one
 * report, which every exporter of a runtime can serve.
 *
 * Writes are idempotent, so a lost or repeated write changes no number. The counts of a process are kept when it ends,
 * up to its last write, so totals never go backwards, however often processes are restarted. A process that ends in an
 * orderly way writes everything.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import { MetricsStore } from "mvx-metrics/MetricsStore"
 * import * as RedisStore from "mvx-metrics/RedisStore"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * const store = RedisStore.make({ url: "redis://127.0.0.1:6379" })
 *
 * // In each process.
 * const Metrics = Layer.mergeAll(Recorder.layer("document_storage"), MetricsStore.layer({ store })).pipe(
 *   Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
 * )
 *
 * // In any process.
 * const total = Effect.gen(function* () {
 *   const { recorders, sources } = yield* MetricsStore.report
 *   console.log(sources.length, recorders["document_storage"]?.snapshots)
 * }).pipe(
 *   Effect.provide(MetricsStore.layerReader({ store, namespace: "example.metrics", metrics: [StorageMetrics] }))
 * )
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Check, check } from "./internal/model/optionChecks.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { type WriterOptions, writeTo } from "./internal/runtime/storeOptions.ts"
import { EventStore } from "./internal/store/eventStore.ts"
import { makeMemory } from "./internal/store/memory.ts"
import { memoryEvents } from "./internal/store/memoryEvents.ts"
import { StateStore } from "./internal/store/stateStore.ts"
import { cloneable, type StoreModule, storeModule } from "./internal/store/storeModule.ts"
import { openReader, type ReaderOptions, type StoreReaderService } from "./internal/storeReader/openReader.ts"
import type { StoreReport } from "./internal/storeReader/storeReader.ts"
import { isOf } from "./internal/util/realms.ts"
import type { InvalidState, MetricsModuleError, MetricsStoreError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { Others, Total } from "./internal/merging/merger.ts"
export type { LeftOut } from "./internal/merging/misfits.ts"
export type { WriterOptions } from "./internal/runtime/storeOptions.ts"
export {
  type EventAppend,
  type EventBatch,
  type EventCommit,
  type EventEnd,
  type EventMembers,
  type EventSource,
  type EventState,
  EventStore,
  type EventStoreService
} from "./internal/store/eventStore.ts"
export {
  type SourcesRetired,
  type SourceVersion,
  type SourceWrite,
  StateStore,
  type StateStoreService,
  type StatesRead,
  type StoredSource,
  type WriteOutcome
} from "./internal/store/stateStore.ts"
export type { StoreModule } from "./internal/store/storeModule.ts"
export type { ReaderOptions, StoreReaderService } from "./internal/storeReader/openReader.ts"
export type { StoreReport, StoreSource, Unreadable } from "./internal/storeReader/storeReader.ts"

/**
 * The merged metrics of all processes that write to a store.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsStore extends Context.Service<MetricsStore, StoreReaderService>()("mvx-metrics/MetricsStore") {
  /**
   * Writes the counts of the runtime to a store until the runtime shuts down. Changes are written at the interval
   * `every` and when the runtime is flushed. The last write, at shutdown, includes the counts of removed recorders. The
   * thread that folds writes the states. If the store cannot be reached, nothing stops: the failure is logged, and a
   * later write includes everything.
   *
   * Fails if the store cannot be opened, for example because its module cannot be imported. An unreachable server does
   * not make it fail.
   *
   * @since 0.2.0
   */
  static readonly layer = (
    options?: WriterOptions
  ): Layer.Layer<never, InvalidState | MetricsStoreError, MetricsRuntime> =>
    Layer.effectDiscard(Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) => writeTo(runtime, options)))

  /**
   * Reads the report, see {@link StoreReaderService.report}.
   *
   * @since 0.2.0
   */
  static readonly report: Effect.Effect<StoreReport, MetricsStoreError, MetricsStore> = MetricsStore.use(
    (self) => self.report
  )

  /**
   * Opens a store for reading. Fails if it cannot be opened, and in a module that is imported for its metrics.
   *
   * @since 0.2.0
   */
  static readonly makeReader: (
    options: ReaderOptions
  ) => Effect.Effect<StoreReaderService, MetricsStoreError | MetricsModuleError, Scope.Scope> = openReader

  /**
   * Provides {@link MetricsStore.makeReader} as a layer.
   *
   * @since 0.2.0
   */
  static readonly layerReader = (
    options: ReaderOptions
  ): Layer.Layer<MetricsStore, MetricsStoreError | MetricsModuleError> =>
    Layer.effect(MetricsStore, MetricsStore.makeReader(options))

  /**
   * Provides the merged recorders of a reader as a runtime for exporters: `/metrics`, OTLP, the live page and all others,
   * which read it as they read a runtime of one process.
   *
   * @example
   * ```ts
   * import { Layer } from "effect"
   * import { MetricsStore } from "mvx-metrics/MetricsStore"
   * import * as PostgresStore from "mvx-metrics/PostgresStore"
   * import * as Prometheus from "mvx-metrics/Prometheus"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * const store = PostgresStore.make({ url: "postgres://metrics@127.0.0.1/metrics" })
   * const Exporters = Prometheus.layerHttp().pipe(
   *   Layer.provide(MetricsStore.layerRuntime),
   *   Layer.provide(MetricsStore.layerReader({ store, namespace: "example.metrics", metrics: [StorageMetrics] }))
   * )
   * ```
   *
   * @since 0.2.0
   */
  static readonly layerRuntime: Layer.Layer<MetricsRuntime, never, MetricsStore> = Layer.effect(
    MetricsRuntime,
    MetricsStore.use(({ runtime }) => Effect.succeed(runtime))
  )

  /**
   * Names a module that creates a store in any thread that needs it. The module exports `layer`, a function that is
   * called with the settings and returns a layer of {@link StateStore}. Throws `InvalidArgument` for settings that are
   * not plain data.
   *
   * @example
   * ```ts
   * // my-store.ts
   * import { Layer } from "effect"
   * import { MetricsStore, StateStore, type StateStoreService } from "mvx-metrics/MetricsStore"
   *
   * declare const connect: (settings: { readonly host: string }) => StateStoreService
   *
   * export const layer = (settings: { readonly host: string }) => Layer.sync(StateStore, () => connect(settings))
   *
   * export const myStore = (host: string) => MetricsStore.module(import.meta.url, { host })
   * ```
   *
   * @since 0.2.0
   */
  static readonly module = (url: URL | string, settings?: unknown): StoreModule => {
    check("url", url, aUrl)
    check("settings", settings, cloneable)
    return storeModule(url, settings)
  }

  /**
   * Provides a store in the memory of the process, which is empty when the layer is built: for tests, and for several
   * runtimes of one process.
   *
   * @since 0.2.0
   */
  static readonly layerMemory: Layer.Layer<StateStore | EventStore> = Layer.merge(
    Layer.sync(StateStore, makeMemory),
    Layer.sync(EventStore, () => memoryEvents())
  )
}

const aUrl: Check = (value) =>
  (typeof value === "string" || isOf(value, "URL")) && URL.canParse(String(value))
    ? undefined
    : "must be the URL of a module, such as import.meta.url"
