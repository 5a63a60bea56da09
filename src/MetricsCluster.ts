/**
 * Merges metrics across the processes of Node's `cluster`. Each worker process measures for itself and reports the states
 * of its recorders to the primary, which merges them.
 *
 * The counts of a process are kept when it ends, up to its last report, so totals never go backwards, however often
 * processes are restarted. A process that ends in an orderly way reports everything.
 *
 * @example
 * ```ts
 * import cluster from "node:cluster"
 * import { NodeRuntime } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import { MetricsCluster } from "mvx-metrics/MetricsCluster"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * const primary = Effect.gen(function* () {
 *   cluster.fork()
 *   cluster.fork()
 *   ...
 *   const { processes, recorders } = yield* MetricsCluster.report
 *   console.log(processes.length, recorders["document_storage"]?.snapshots)
 * }).pipe(Effect.provide(MetricsCluster.layer({ metrics: [StorageMetrics] })))
 *
 * const Metrics = Layer.mergeAll(Recorder.layer("document_storage"), MetricsCluster.layerWorker()).pipe(
 *   Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
 * )
 * const worker = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(StorageMetrics)
 *   ...
 * }).pipe(Effect.provide(Metrics))
 *
 * NodeRuntime.runMain(cluster.isPrimary ? primary : worker)
 * ```
 *
 * @since 0.2.0
 */
import cluster from "node:cluster"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type ClusterReport, PrimaryProcess } from "./internal/cluster/primary.ts"
import { storing } from "./internal/cluster/storing.ts"
import { reportToPrimary } from "./internal/cluster/worker.ts"
import { levelsWith, mergeable, metricsAndSets, someMetrics, whyNotMergeable } from "./internal/merging/mergeable.ts"
import { mergedRuntime } from "./internal/merging/mergedRuntime.ts"
import { refuseInMetricsModule } from "./internal/model/importedModules.ts"
import {
  aDuration,
  aNamespace,
  type Check,
  longerThanZero,
  positiveInteger,
  refuse,
  whyInvalidOptions
} from "./internal/model/optionChecks.ts"
import { Log } from "./internal/recorder/logging.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { millisOf } from "./internal/util/timing.ts"
import type * as Metric from "./Metric.ts"
import { InvalidState, type MetricsModuleError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { ClusterProcess, ClusterReport } from "./internal/cluster/primary.ts"
export type { LeftOut } from "./internal/merging/misfits.ts"

/**
 * The options of the primary.
 *
 * @category options
 * @since 0.2.0
 */
export interface ClusterOptions {
  /** The metrics of the report. Each must have a `merge`. Other metrics of the processes are left out. */
  readonly metrics: ReadonlyArray<Metric.Any | Metric.MetricSet>
  /**
   * The metrics in `metrics` that describe the current state of a process rather than what it did. They are dropped when
   * the process ends. Gauges, up-down counters and metrics derived only from these are included automatically.
   */
  readonly levels?: ReadonlyArray<Metric.Any>
  /** The time limit for a process to answer a report, by the real clock. Default: 1 second. */
  readonly timeout?: Duration.Input
  /**
   * The maximum number of ended recorder ids whose totals are kept separately. Beyond it, the oldest are merged into
   * `others`. Default: 1000.
   */
  readonly maxEnded?: number
  /**
   * The namespace of {@link ClusterService.runtime}: exporters show it as the attribute `namespace`, whatever the
   * namespaces of the processes are. Default: `"cluster"`.
   */
  readonly namespace?: string
}

/**
 * The options of a worker process.
 *
 * @category options
 * @since 0.2.0
 */
export interface ClusterWorkerOptions {
  /**
   * The interval between reports to the primary. A process that is killed loses the events since its last report.
   * Default: 1 second.
   */
  readonly every?: Duration.Input
  /** The time limit for the last report when the layer closes, by the real clock. Default: 10 seconds. */
  readonly shutdownTimeout?: Duration.Input
}

/**
 * The service of the primary.
 *
 * @category services
 * @since 0.2.0
 */
export interface ClusterService {
  /**
   * Reads the recorders of all processes by id: those of running processes, asked now, and those of ended processes. A
   * process that does not answer in time counts with its last report. Never fails.
   *
   * A total is reset only when the metric is reset in a process.
   */
  readonly report: Effect.Effect<ClusterReport>
  /**
   * The merged recorders as a runtime for exporters. Each export reads a report. The runtime has no recorders of its
   * own: it cannot create or find any.
   */
  readonly runtime: MetricsRuntime["Service"]
}

/**
 * The merged metrics of all processes of a cluster, in its primary.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsCluster extends Context.Service<MetricsCluster, ClusterService>()("mvx-metrics/MetricsCluster") {
  /**
   * Reads the report, see {@link ClusterService.report}.
   *
   * @since 0.2.0
   */
  static readonly report: Effect.Effect<ClusterReport, never, MetricsCluster> = MetricsCluster.use(
    (self) => self.report
  )

  /**
   * Listens to the worker processes from now on, so make it before the first fork. Fails in a worker process, for a
   * metric that cannot be merged, and in a module that is imported for its metrics.
   *
   * @since 0.2.0
   */
  static readonly make = Effect.fnUntraced(function* (
    options: ClusterOptions
  ): Effect.fn.Return<ClusterService, InvalidState | MetricsModuleError, Scope.Scope> {
    yield* refuseInMetricsModule
    yield* refuse(
      whyInvalidOptions(options, optionChecks, ["metrics"]) ?? whyNotMergeable(options.metrics) ?? whyNotPrimary()
    )
    const { levels = [], maxEnded = 1000, namespace = "cluster", timeout = "1 second" } = options
    const context = yield* Effect.context<never>()
    const clock = yield* Clock.Clock
    const metrics = mergeable(options.metrics)
    const primary = new PrimaryProcess({ metrics, isLevel: levelsWith(levels), maxEnded }, context, clock)
    yield* primary.listen
    const timeoutMillis = millisOf(timeout)
    const report = primary.report(timeoutMillis)
    const begun = clock.currentTimeMillisUnsafe()
    const log = new Log("normal", { namespace })
    const merged = Effect.map(report, ({ age, ended, processes, ...rest }) => {
      const silent = processes.filter(({ answered }) => !answered).length
      return { ...rest, stats: { processes: processes.length, silent, ended, age } }
    })
    const stored = yield* storing({ primary, timeout: timeoutMillis, metrics, log })
    const of = { subject: "cluster", namespace, metrics, merged, begun, context, log } as const
    return { report, runtime: yield* mergedRuntime({ ...of, ...stored }) }
  })

  /**
   * Provides {@link MetricsCluster.make} as a layer, for the primary.
   *
   * @since 0.2.0
   */
  static readonly layer = (options: ClusterOptions): Layer.Layer<MetricsCluster, InvalidState | MetricsModuleError> =>
    Layer.effect(MetricsCluster, MetricsCluster.make(options))

  /**
   * Provides the merged recorders of the primary as a runtime for exporters: `/metrics`, OTLP, the live page and all
   * others, which read it as they read a runtime of one process. With `MetricsStore.layer` it writes them to a store, where
   * all processes of the host are one source; these must not write there themselves.
   *
   * @example
   * ```ts
   * import { Layer } from "effect"
   * import * as LivePage from "mvx-metrics/LivePage"
   * import { MetricsCluster } from "mvx-metrics/MetricsCluster"
   * import * as Prometheus from "mvx-metrics/Prometheus"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * const Exporters = Layer.mergeAll(Prometheus.layerHttp(), LivePage.layerHttp()).pipe(
   *   Layer.provide(MetricsCluster.layerRuntime),
   *   Layer.provideMerge(MetricsCluster.layer({ metrics: [StorageMetrics], namespace: "documents" }))
   * )
   * ```
   *
   * @since 0.2.0
   */
  static readonly layerRuntime: Layer.Layer<MetricsRuntime, never, MetricsCluster> = Layer.effect(
    MetricsRuntime,
    MetricsCluster.use(({ runtime }) => Effect.succeed(runtime))
  )

  /**
   * Reports the states of all recorders of the runtime from a worker process to the primary: immediately, at the
   * interval `every`, when the primary requests it, when the runtime is flushed, and a last time when a recorder is
   * removed. All recorders are removed when the runtime shuts down. Each report sends all states over the channel, as
   * JSON unless the cluster has `serialization: "advanced"`.
   *
   * Outside a cluster worker it does nothing, so the same program also runs alone. In a cluster worker it fails for a
   * runtime with durable state, because the restored counts would be reported a second time.
   *
   * @since 0.2.0
   */
  static readonly layerWorker = (options?: ClusterWorkerOptions): Layer.Layer<never, InvalidState, MetricsRuntime> =>
    Layer.effectDiscard(
      Effect.gen(function* () {
        yield* refuse(whyInvalidOptions(options, { every: longerThanZero, shutdownTimeout: aDuration }))
        const { every = "1 second", shutdownTimeout = "10 seconds" } = options ?? {}
        yield* reportToPrimary(yield* providedRuntime(MetricsRuntime), every, shutdownTimeout)
      })
    )
}

const optionChecks: { readonly [K in keyof Required<ClusterOptions>]: Check } = {
  metrics: someMetrics,
  levels: metricsAndSets,
  timeout: longerThanZero,
  maxEnded: positiveInteger,
  namespace: aNamespace
}

const whyNotPrimary = (): InvalidState | undefined =>
  cluster.isPrimary
    ? undefined
    : new InvalidState({
        subject: "cluster",
        id: String(cluster.worker?.id),
        state: "a worker process",
        operation: "merge the reports of the others",
        hint: "MetricsCluster.layer is for the primary, MetricsCluster.layerWorker for its worker processes"
      })
