/**
 * Folds the events of many processes and hosts in one place, for windows, for metrics that need an order, and for
 * sketches that cannot be added up. Each process appends its events to a store (see the option `stream` of a runtime);
 * one or several aggregators fold them with the same metrics. Each event is counted once, no matter which process ends
 * or when.
 *
 * For totals, `mvx-metrics/MetricsStore` costs less.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import { MetricsStream } from "mvx-metrics/MetricsStream"
 * import * as RedisStore from "mvx-metrics/RedisStore"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * const store = RedisStore.make({ url: "redis://127.0.0.1:6379" })
 *
 * // In each process of the application:
 * const Metrics = Recorder.layer("document_storage").pipe(
 *   Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "documents", stream: { store } }))
 * )
 *
 * // In one process or several, of the application or beside it:
 * const total = Effect.gen(function* () {
 *   const { recorders } = yield* MetricsStream.report
 *   console.log(recorders["document_storage"]?.snapshots)
 * }).pipe(Effect.provide(MetricsStream.layer({ namespace: "documents", metrics: [StorageMetrics], store })))
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
import type { FoldedMetrics } from "./internal/aggregate/foldedMetrics.ts"
import { Reports, type StreamReport } from "./internal/aggregate/report.ts"
import { reportRuntime } from "./internal/aggregate/reportRuntime.ts"
import { type AggregatorStats, runAggregator } from "./internal/aggregate/runningAggregator.ts"
import { mergeable, someMetrics, whyNotMergeable } from "./internal/merging/mergeable.ts"
import {
  aNamespace,
  type Check,
  finiteDuration,
  longerThanZero,
  positiveInteger,
  refuse,
  whyInvalidOptions
} from "./internal/model/optionChecks.ts"
import { Log } from "./internal/recorder/logging.ts"
import { anEventStore } from "./internal/runtime/streamOptions.ts"
import type { EventStore } from "./internal/store/eventStore.ts"
import { openEvents } from "./internal/store/openStore.ts"
import type { StoreModule } from "./internal/store/storeModule.ts"
import { millisOf } from "./internal/util/timing.ts"
import type * as Metric from "./Metric.ts"
import type { MetricsStoreError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { StreamCounts, StreamReport, StreamSource, StreamTotal } from "./internal/aggregate/report.ts"
export type { AggregatorStats } from "./internal/aggregate/runningAggregator.ts"

/**
 * The options of an aggregator. All aggregators of a namespace must have the same options. Only the versions of their
 * metrics may differ, during a deployment.
 *
 * @category options
 * @since 0.2.0
 */
export interface StreamAggregateOptions {
  /** The store that the runtimes append to, or a layer of it. */
  readonly store: StoreModule | Layer.Layer<EventStore, unknown>
  /** The namespace of the runtimes. Exporters show it as the attribute `namespace`. */
  readonly namespace: string
  /**
   * The metrics to fold, for the recorders that have registered them. Each must have a `merge`. If a recorder has a
   * metric that is not among these, or that is defined differently, the report and the log name it.
   */
  readonly metrics: ReadonlyArray<Metric.Any | Metric.MetricSet>
  /** The interval at which the aggregator polls the store for events, by the real clock. Default: 500 milliseconds. */
  readonly interval?: Duration.Input
  /** How long an aggregator may be silent before the others take over its sources. Default: 10 seconds. */
  readonly lease?: Duration.Input
  /**
   * How long a running process may be silent before it counts as ended. Its counts then become part of the totals,
   * without its levels. If the process appends again later, it continues and loses nothing. Must be longer than its
   * heartbeat. Default: 1 minute.
   */
  readonly silentAfter?: Duration.Input
  /**
   * The maximum number of recorder ids of ended processes whose totals are kept separately. Beyond it, those with the oldest
   * events are merged into `others`. Default: 1000.
   */
  readonly maxEnded?: number
}

/**
 * The service of an aggregator.
 *
 * @category services
 * @since 0.2.0
 */
export interface StreamService {
  /**
   * Reads the merged metrics of all processes, whichever aggregator folded them. Concurrent calls share one report. The
   * state of a process is read again only when it has changed. Fails if the store cannot be read.
   */
  readonly report: Effect.Effect<StreamReport, MetricsStoreError>
  /**
   * Folds and commits the pending events of this aggregator's sources. Aggregators do this by themselves, at their
   * interval.
   */
  readonly foldNow: Effect.Effect<void, MetricsStoreError>
  /** Returns the current counts of this aggregator. */
  readonly stats: Effect.Effect<AggregatorStats>
  /**
   * The merged metrics of all processes, as a runtime for exporters. Each export reads a report. While the store cannot
   * be read, it shows the last report. The runtime has no recorders of its own: it cannot create or find any.
   */
  readonly runtime: MetricsRuntime["Service"]
}

/** How long a retired source is remembered, in case its process was suspended for that long. */
const Remembers = Duration.days(1)

/**
 * The metrics of all processes that append their events to a store.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsStream extends Context.Service<MetricsStream, StreamService>()("mvx-metrics/MetricsStream") {
  /**
   * Reads the report, see {@link StreamService.report}.
   *
   * @since 0.2.0
   */
  static readonly report: Effect.Effect<StreamReport, MetricsStoreError, MetricsStream> = MetricsStream.use(
    (self) => self.report
  )

  /**
   * Starts an aggregator, which folds until the scope closes. If the store cannot be reached, the aggregator keeps
   * retrying. Fails if the store's module cannot be loaded. Dies with `InvalidArgument` for invalid options.
   *
   * @since 0.2.0
   */
  static readonly make = Effect.fnUntraced(function* (
    options: StreamAggregateOptions
  ): Effect.fn.Return<StreamService, MetricsStoreError, Scope.Scope> {
    yield* refuse(
      whyInvalidOptions(options, optionChecks, ["store", "namespace", "metrics"]) ?? whyNotMergeable(options.metrics)
    )
    const { interval = "500 millis", lease = "10 seconds", maxEnded = 1000, silentAfter = "1 minute" } = options
    const namespace = options.namespace.trim()
    const store = yield* openEvents(options.store)
    const context = yield* Effect.context<never>()
    const log = new Log("normal", { namespace, aggregator: store.place })
    const all = mergeable(options.metrics)
    const problems = new Set<string>()
    const metrics: FoldedMetrics = {
      byName: new Map(all.map((metric) => [metric.name, metric])),
      onProblem: (problem) => {
        if (problems.has(problem) || problems.size >= MostProblems) return
        problems.add(problem)
        Effect.runForkWith(context)(log.warning(problem))
      }
    }
    const aggregator = yield* runAggregator({
      store,
      namespace,
      metrics,
      log,
      maxEnded,
      intervalMillis: millisOf(interval),
      leaseMillis: millisOf(lease),
      silentMillis: millisOf(silentAfter),
      rememberMillis: Duration.toMillis(Remembers)
    })
    const { report } = new Reports({ store, namespace, metrics, reader: ReportReader })
    const begun = yield* Clock.currentTimeMillis
    const silentMillis = millisOf(silentAfter)
    return {
      report,
      foldNow: aggregator.round,
      stats: Effect.sync(aggregator.stats),
      runtime: yield* reportRuntime({ namespace, metrics: all, report, begun, context, log, silentMillis })
    }
  })

  /**
   * Provides {@link MetricsStream.make} as a layer.
   *
   * @since 0.2.0
   */
  static readonly layer = (options: StreamAggregateOptions): Layer.Layer<MetricsStream, MetricsStoreError> =>
    Layer.effect(MetricsStream, MetricsStream.make(options))

  /**
   * Provides the merged metrics of all processes as a runtime for exporters, which read it like the runtime of a single
   * process.
   *
   * @example
   * ```ts
   * import { Layer } from "effect"
   * import { MetricsStream } from "mvx-metrics/MetricsStream"
   * import * as Prometheus from "mvx-metrics/Prometheus"
   * import * as RedisStore from "mvx-metrics/RedisStore"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * const store = RedisStore.make({ url: "redis://127.0.0.1:6379" })
   *
   * const Exporter = Prometheus.layerHttp().pipe(
   *   Layer.provide(MetricsStream.layerRuntime),
   *   Layer.provideMerge(MetricsStream.layer({ namespace: "documents", metrics: [StorageMetrics], store }))
   * )
   * ```
   *
   * @since 0.2.0
   */
  static readonly layerRuntime: Layer.Layer<MetricsRuntime, never, MetricsStream> = Layer.effect(
    MetricsRuntime,
    MetricsStream.use(({ runtime }) => Effect.succeed(runtime))
  )
}

/** The maximum number of distinct problems that are logged, each once. */
const MostProblems = 1000

/** Cannot be the id of an aggregator, because those are UUIDs. */
const ReportReader = "report"

const optionChecks: { readonly [K in keyof Required<StreamAggregateOptions>]: Check } = {
  store: anEventStore,
  namespace: aNamespace,
  metrics: someMetrics,
  interval: longerThanZero,
  lease: finiteDuration,
  silentAfter: finiteDuration,
  maxEnded: positiveInteger
}
