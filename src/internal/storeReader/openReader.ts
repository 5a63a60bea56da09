/** Opens a store for reading, with the options of users. */

import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { levelsWith, mergeable, metricsAndSets, someMetrics, whyNotMergeable } from "../merging/mergeable.ts"
import { mergedRuntime } from "../merging/mergedRuntime.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import { refuseInMetricsModule } from "../model/importedModules.ts"
import {
  aBoolean,
  aNamespace,
  type Check,
  longerThanZero,
  positiveInteger,
  refuse,
  whyInvalidOptions
} from "../model/optionChecks.ts"
import type { MetricsModuleError } from "../model/registerErrors.ts"
import type { InvalidArgument } from "../model/usageErrors.ts"
import { Log } from "../recorder/logging.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { aStateStore } from "../runtime/storeOptions.ts"
import { openStates } from "../store/openStore.ts"
import type { StateStore } from "../store/stateStore.ts"
import type { StoreModule } from "../store/storeModule.ts"
import { millisOf } from "../util/timing.ts"
import { latestReport } from "./latestReport.ts"
import { StoreReader, type StoreReport } from "./storeReader.ts"

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
   * How long after its last write a process counts as running. Of one that was silent for longer, counts stay, and levels are
   * left out. It is at least three times as long as the process takes from one write to the next: `every`, or five seconds.
   * Default: 30 seconds.
   */
  readonly timeToLive?: Duration.Input
  /**
   * Keeps together what more than 100 ended processes have counted, so that the store stays small. Only a reader with the
   * metrics of all processes should do this. Default: `true`.
   */
  readonly retires?: boolean
  /**
   * How long a process must be silent before it counts as ended although it did not say so. The reader must have seen for
   * itself that it did not write for `timeToLive`, whatever the clock of the store says. One that writes again after it
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
  readonly runtime: RuntimeService
}

export const openReader = Effect.fnUntraced(function* (
  options: ReaderOptions
): Effect.fn.Return<StoreReaderService, MetricsStoreError | MetricsModuleError, Scope.Scope> {
  yield* refuseInMetricsModule
  yield* refuse(whyInvalidReader(options) ?? whyNotMergeable(options.metrics))
  const { levels = [], maxEnded = 1000, retireAfter = "1 hour", retires = true, timeToLive = "30 seconds" } = options
  // Trimmed, like that of runtimes.
  const namespace = options.namespace.trim()
  const metrics = mergeable(options.metrics)
  const store = yield* openStates(options.store)
  const context = yield* Effect.context<never>()
  const log = new Log("normal", { namespace, store: store.place })
  const warn = (problem: string): void => void Effect.runForkWith(context)(log.warning(problem))
  const reader = new StoreReader({
    store,
    namespace,
    metrics,
    isLevel: levelsWith(levels),
    timeToLive: millisOf(timeToLive),
    retireAfter: millisOf(retireAfter),
    maxEnded,
    retires,
    onProblem: warn
  })
  const begun = yield* Clock.currentTimeMillis
  const merged = latestReport(reader, warn)
  const runtime = yield* mergedRuntime({ namespace, metrics, merged, begun, context, log })
  return { report: reader.report, runtime }
})

const readerChecks: { readonly [K in keyof Required<ReaderOptions>]: Check } = {
  store: aStateStore,
  namespace: aNamespace,
  metrics: someMetrics,
  levels: metricsAndSets,
  timeToLive: longerThanZero,
  retires: aBoolean,
  retireAfter: longerThanZero,
  maxEnded: positiveInteger
}

/** `others`: the checks of additional options. */
export const whyInvalidReader = (
  options: unknown,
  others: { readonly [option: string]: Check } = {}
): InvalidArgument | undefined =>
  whyInvalidOptions(options, { ...readerChecks, ...others }, ["store", "namespace", "metrics"])
