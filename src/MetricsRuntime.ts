/**
 * The runtime: owns the fold (on a worker thread or in process) and the registry of recorders under a namespace.
 *
 * Applications usually get it from a layer, see `MetricsLayer`. The constructors here make runtimes that are not started
 * yet, or several side by side.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, MetricsRuntime } from "mvx-metrics"
 *
 * const ConnectionEvent = Schema.TaggedUnion({ "connection.opened": {} })
 * const Opened = Metric.counter("connections.opened", { events: ConnectionEvent })
 *
 * const program = Effect.gen(function* () {
 *   const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "example.metrics" })
 *   yield* runtime.start
 *   const recorder = yield* runtime.recorder("connection-1", { capacity: 1000 })
 *   const metrics = yield* recorder.register(Opened)
 *   yield* metrics.emit({ _tag: "connection.opened" })
 *   return yield* runtime.recorderIds
 * })
 *
 * await Effect.runPromise(Effect.scoped(program)) // ["connection-1"]
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { makeInProcess } from "./internal/runtime/inProcess.ts"
import { makeOnWorker } from "./internal/runtime/onWorker.ts"
import type { RuntimeOptions, WorkerOptions } from "./internal/runtime/options.ts"
import type { RuntimeService } from "./internal/runtime/service.ts"
import { haveStreams } from "./internal/util/effectStream.ts"

export type { FlightRecorderOptions, FlightRecording, Incident, RecordedEvent } from "./internal/flight/recording.ts"
export type {
  ClusterStats,
  DurableStats,
  ExportStats,
  RuntimeStats,
  StreamStats,
  ThreadStats,
  Usage
} from "./internal/model/runtimeStats.ts"
export type { FlushOptions } from "./internal/recorder/options.ts"
export type { DurableOptions, RuntimeOptions, RuntimeState, WorkerOptions } from "./internal/runtime/options.ts"
export type { RuntimeService } from "./internal/runtime/service.ts"
export type { StreamOptions } from "./internal/runtime/streamOptions.ts"
export type { ThreadOptions, ThreadsOptions } from "./internal/runtime/threadOptions.ts"

haveStreams(Stream)

/**
 * The service of a running runtime.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsRuntime extends Context.Service<MetricsRuntime, RuntimeService>()("mvx-metrics/MetricsRuntime") {
  /**
   * Makes a runtime that folds on the application thread: for tests, platforms without worker threads, and small
   * programs. It is `Idle` until `start`, and shuts down when the scope closes.
   *
   * @since 0.2.0
   */
  static readonly makeInProcess = (options: RuntimeOptions): Effect.Effect<RuntimeService, never, Scope.Scope> =>
    makeInProcess(options)

  /**
   * Makes a runtime that folds on a worker thread of its own. It is `Idle` until `start`, which starts the thread and
   * waits until the thread has reported its metrics. It shuts down when the scope closes. The thread imports the modules
   * of sets declared with `Metric.module` when the sets are registered.
   *
   * A module that Node preloads (`--import`, `--require`, `NODE_OPTIONS`) runs in every thread, the metrics worker
   * included. A runtime that such a module starts in the worker folds in process, apart from the runtime of the program.
   * Guard other side effects of a preload, such as listening on a port, with `isMainThread` of `node:worker_threads`.
   *
   * @since 0.2.0
   */
  static readonly makeWorker = (options: WorkerOptions): Effect.Effect<RuntimeService, never, Scope.Scope> =>
    makeOnWorker(options)
}
