/**
 * Folds the events of many processes and hosts in one place, for windows, for metrics that need an order, and for sketches
 * that cannot be added up. Each process appends its events to a store (see the option `stream` of a runtime); one or
 * several aggregators fold them with the same metrics. Each event is counted once, whichever process ends when.
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
 * The options of an aggregator. Those of one namespace must have the same ones, but for the versions of metrics in a
 * deployment.
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
   * The metrics that are folded, where recorders have registered them. Each must have a `merge`. Metrics that recorders have
   * and that are not among these, or are defined differently, are named in the report and in the log.
   */
  readonly metrics: ReadonlyArray<Metric.Any | Metric.MetricSet>
  /** The interval between two looks for events, by the real clock. Default: 500 milliseconds. */
  readonly interval?: Duration.Input
  /** How long an aggregator may be silent before others take over what it folds. Default: 10 seconds. */
  readonly lease?: Duration.Input
  /**
   * How long a process may be silent that has not ended, before it is taken for ended: what it has counted becomes part of the
   * totals, without its levels. One that appends again later goes on, and loses nothing. Must be longer than its heartbeat.
   * Default: 1 minute.
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
   * Reads what all processes have come to, by whichever aggregator it was folded. Those who ask at once share one report, and
   * what a process has come to is read again only when it has changed. Fails if the store cannot be read.
   */
  readonly report: Effect.Effect<StreamReport, MetricsStoreError>
  /**
   * Folds what the store has of the sources of this aggregator, and commits it. Aggregators do so by themselves, at their
   * interval.
   */
  readonly foldNow: Effect.Effect<void, MetricsStoreError>
  /** How this aggregator stands. */
  readonly stats: Effect.Effect<AggregatorStats>
  /**
   * What all processes have come to, as a runtime for exporters. Each export reads a report; while the store cannot be read,
   * it shows the last one. It has no recorders of its own: it makes none, and finds none.
   */
  readonly runtime: MetricsRuntime["Service"]
}

/** How long it is remembered that a source was retired, for a process that was suspended for so long. */
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
   * Starts an aggregator, which folds until the scope closes. A store that cannot be reached is tried again and again;
   * it fails if the store's module cannot be loaded. Dies of an `InvalidArgument` for invalid options.
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
   * Provides what all processes have come to as a runtime for exporters, which read it as they read a runtime of one process.
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

/** Each problem is logged once, up to so many. */
const MostProblems = 1000

/** Not the id of an aggregator: those are UUIDs. */
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
