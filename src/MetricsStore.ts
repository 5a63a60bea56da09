/**
 * Adds up metrics across processes and hosts, through a store that they share: Redis, PostgreSQL, or one of your own. Each
 * process writes the states of its recorders once a second; any process that has the definitions merges what is there into
 * one report, with every exporter that a runtime has.
 *
 * Writes are idempotent: one that is lost or repeated changes no number. The counts of a process are kept when it ends, up
 * to its last write, so totals never go backwards, however often processes are restarted. A process that ends in an orderly
 * way writes everything.
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
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { mergeable, someMetrics, whyNotMergeable } from "./internal/merging/mergeable.ts"
import { mergedRuntime } from "./internal/merging/mergedRuntime.ts"
import { isSame } from "./internal/metric/definition/fingerprint.ts"
import { isBuiltInLevel } from "./internal/metric/definition/levels.ts"
import {
  aBoolean,
  aDuration,
  type Check,
  check,
  notBlank,
  positiveInteger,
  refuse,
  whyInvalidOptions
} from "./internal/model/optionChecks.ts"
import { Log } from "./internal/recorder/logging.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { aStateStore, type WriterOptions, writeTo } from "./internal/runtime/storeOptions.ts"
import { EventStore } from "./internal/store/eventStore.ts"
import { makeMemory } from "./internal/store/memory.ts"
import { memoryEvents } from "./internal/store/memoryEvents.ts"
import { openStore } from "./internal/store/openStore.ts"
import { StateStore } from "./internal/store/stateStore.ts"
import { cloneable, type StoreModule, storeModule } from "./internal/store/storeModule.ts"
import { latestReport } from "./internal/storeReader/latestReport.ts"
import { StoreReader, type StoreReport } from "./internal/storeReader/storeReader.ts"
import { refuseInMetricsModule } from "./internal/worker/importedMetrics.ts"
import type * as Metric from "./Metric.ts"
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
export type { StoreReport, StoreSource } from "./internal/storeReader/storeReader.ts"

/**
 * The options of a reader.
 *
 * @category options
 * @since 0.2.0
 */
export interface ReaderOptions {
  /** The store: of `RedisStore.make`, `PostgresStore.make` or `MetricsStore.module`, or a layer of one. */
  readonly store: StoreModule | Layer.Layer<StateStore, unknown>
  /** The namespace of the runtimes that write. Exporters show it. */
  readonly namespace: string
  /** The metrics of the report. Each must have a `merge`. Other metrics of the processes are left out. */
  readonly metrics: ReadonlyArray<Metric.Any | Metric.MetricSet>
  /**
   * The metrics in `metrics` that describe the current state of a process rather than what it did. They are dropped when
   * the process ends. Gauges, up-down counters and metrics derived only from these are included automatically.
   */
  readonly levels?: ReadonlyArray<Metric.Any>
  /**
   * How long after its last write a process counts as running, by the clock of the store. Of one that was silent for longer,
   * counts stay, and levels are left out. Default: 30 seconds.
   */
  readonly timeToLive?: Duration.Input
  /**
   * Keeps together what more than 100 ended processes have counted, so that the store stays small. Only a reader with the
   * metrics of all processes should do this. Default: `true`.
   */
  readonly retires?: boolean
  /**
   * How long a process must be silent before it counts as ended although it did not say so. One that writes again after it
   * was kept together with others is not counted any more, and logs that. Default: 1 hour.
   */
  readonly retireAfter?: Duration.Input
  /**
   * The maximum number of recorder ids whose totals are kept separately when processes are kept together. Beyond it, the
   * oldest are merged into `others`. Default: 1000.
   */
  readonly maxEnded?: number
}

/**
 * The service of a reader.
 *
 * @category services
 * @since 0.2.0
 */
export interface StoreReaderService {
  /** Reads the recorders of all processes by id: those of running processes, and those of ended ones. */
  readonly report: Effect.Effect<StoreReport, MetricsStoreError>
  /**
   * The merged recorders as a runtime for exporters. Each export reads a report; while the store cannot be read, it shows the
   * last one. It has no recorders of its own: it makes none, and finds none.
   */
  readonly runtime: MetricsRuntime["Service"]
}

/**
 * The merged metrics of all processes that write to a store.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsStore extends Context.Service<MetricsStore, StoreReaderService>()("mvx-metrics/MetricsStore") {
  /**
   * Writes what the runtime counts to a store, from now on until the runtime shuts down: at the interval `every` what has
   * changed, when the runtime is flushed, and a last time when it shuts down, with what its removed recorders have counted.
   * The states are written by the thread that folds. A store that cannot be reached stops nothing: the failure is logged, and
   * a later write has everything.
   *
   * Fails if the store cannot be opened: its module cannot be imported, say. A server that cannot be reached is no reason.
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
  static readonly makeReader = Effect.fnUntraced(function* (
    options: ReaderOptions
  ): Effect.fn.Return<StoreReaderService, MetricsStoreError | MetricsModuleError, Scope.Scope> {
    yield* refuseInMetricsModule
    yield* refuse(
      whyInvalidOptions({ ...required, ...options }, readerChecks, true) ?? whyNotMergeable(options.metrics)
    )
    const { levels = [], maxEnded = 1000, retireAfter = "1 hour", retires = true, timeToLive = "30 seconds" } = options
    // As runtimes have it.
    const namespace = options.namespace.trim()
    const metrics = mergeable(options.metrics)
    const store = Context.get(yield* openStore(options.store), StateStore)
    const context = yield* Effect.context<never>()
    const log = new Log("normal", { namespace, store: store.place })
    const warn = (problem: string): void => void Effect.runForkWith(context)(log.warning(problem))
    const reader = new StoreReader({
      store,
      namespace,
      metrics,
      isLevel: (metric) => isBuiltInLevel(metric) || levels.some((level) => isSame(level, metric)),
      timeToLive: Duration.toMillis(Duration.fromInputUnsafe(timeToLive)),
      retireAfter: Duration.toMillis(Duration.fromInputUnsafe(retireAfter)),
      maxEnded,
      retires,
      onProblem: warn
    })
    const begun = yield* Clock.currentTimeMillis
    const merged = latestReport(reader, warn)
    const runtime = yield* mergedRuntime({ namespace, metrics, merged, begun, context, log })
    return { report: reader.report, runtime }
  })

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
   * Names a module that makes a store, in whichever thread needs it. The module exports `layer`, a function that is called
   * with the settings and returns a layer of {@link StateStore}. Throws `InvalidArgument` for settings that are not plain
   * data.
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
  URL.canParse(String(value)) ? undefined : "must be the URL of a module, such as import.meta.url"

const readerChecks: { readonly [K in keyof Required<ReaderOptions>]: Check } = {
  store: aStateStore,
  namespace: notBlank,
  metrics: someMetrics,
  levels: someMetrics,
  timeToLive: aDuration,
  retires: aBoolean,
  retireAfter: aDuration,
  maxEnded: positiveInteger
}

/** What is missing is refused as what is wrong. */
const required = { store: null, namespace: "" }
