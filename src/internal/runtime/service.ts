/** The interface of a runtime, apart from its implementation. */

import type { MessagePort } from "node:worker_threads"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { FlightRecording } from "../flight/recording.ts"
import type { StopError } from "../model/recorderErrors.ts"
import type {
  CreateError,
  FlushFailed,
  RecorderNotFound,
  RuntimeStartError,
  ShareError,
  ShutdownFailed
} from "../model/runtimeErrors.ts"
import type { RuntimeStats } from "../model/runtimeStats.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import type { FlushOptions, RecorderOptions } from "../recorder/options.ts"
import type { RecorderService } from "../recorder/service.ts"
import type { RuntimeState } from "./options.ts"
import type { ThreadsOptions } from "./threadOptions.ts"

/** The key under which a service carries the opaque token of its internals. */
export const RuntimeTypeId = "~mvx-metrics/MetricsRuntime"

/**
 * The service of a runtime: a registry of recorders that share one fold. A plain, frozen object. Exporters also accept
 * a copy with some functions replaced, `{ ...runtime, createRecorder }`.
 *
 * @category services
 * @since 0.2.0
 */
export interface RuntimeService {
  /** @internal */
  readonly [RuntimeTypeId]?: unknown
  readonly namespace: string
  readonly state: Effect.Effect<RuntimeState>
  /**
   * Streams the current state and each later state. Ends after `Closed` or `Failed`. A listener that falls behind by
   * more than 16 states misses the oldest.
   *
   * @example
   * ```ts
   * import { Effect, Fiber, Stream } from "effect"
   * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
   *
   * const program = Effect.gen(function* () {
   *   const runtime = yield* MetricsRuntime
   *   const states = yield* Effect.forkChild(Stream.runCollect(runtime.states), { startImmediately: true })
   *   yield* runtime.shutdown
   *   return yield* Fiber.join(states)
   * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
   *
   * await Effect.runPromise(program) // ["Running", "Stopping", "Closed"]
   * ```
   */
  readonly states: Stream.Stream<RuntimeState>
  /**
   * How full the memory, the types and the dictionary of the runtime are. Exporters show it as `mvx_metrics.memory.used`
   * and so on.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
   *
   * const program = Effect.gen(function* () {
   *   const { memory } = yield* (yield* MetricsRuntime).stats
   *   return memory.limit
   * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics", memoryLimit: 1_000_000 })))
   *
   * await Effect.runPromise(program) // 786432
   * ```
   */
  readonly stats: Effect.Effect<RuntimeStats>
  /** Starts the fold. While the runtime is starting, joins that start. Does nothing if it is running. */
  readonly start: Effect.Effect<void, RuntimeStartError>
  /**
   * Lets threads of this process attach themselves, with `MetricsLayer.layerThread` or `MetricsRuntime.attach` of
   * `mvx-metrics/promise`. A thread writes its events to memory that the worker of this runtime reads. The thread's
   * recorder `orders` appears here as `orders/thread-7`, by its `threadId`. When the thread has ended, its counts are
   * in the total `orders/threads`. A second call does nothing.
   *
   * Threads can register sets declared with `Metric.module`, metrics that are registered here, and `metrics`.
   *
   * Fails with `InvalidState` in process, because there is no worker to read the memory, and if the runtime is not
   * running.
   *
   * @since 0.2.0
   */
  readonly acceptThreads: (options?: ThreadsOptions) => Effect.Effect<void, InvalidState>
  /**
   * Returns a port for one thread, to be transferred to it: `layerThread({ port })`. For platforms where threads cannot
   * find the runtime by themselves. Fails as `acceptThreads` does.
   *
   * @since 0.2.0
   */
  readonly threadPort: (options?: ThreadsOptions) => Effect.Effect<MessagePort, InvalidState>
  /**
   * Gets the recorder that all users of this id share in this runtime, or makes and starts it for the first of them. When
   * the scope of its last user closes, it folds what it accepted, stops and is removed.
   *
   * All users pass the same options: hooks are compared by identity, all others by value, with the defaults applied.
   * Other options fail with `RecorderOptionsDiffer`. An id that is taken by `createRecorder` fails with
   * `RecorderAlreadyExists`. The hooks run in the context of the first user. If the start fails, it fails for all users
   * that wait for it, and the id is free again.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
   *
   * const program = Effect.gen(function* () {
   *   const runtime = yield* MetricsRuntime
   *   const one = yield* runtime.recorder("app")
   *   const other = yield* runtime.recorder("app")
   *   return one === other
   * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
   *
   * await Effect.runPromise(program) // true
   * ```
   */
  readonly recorder: <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
  ) => Effect.Effect<RecorderService, ShareError, Scope.Scope | NoInfer<R>>
  /**
   * Makes a recorder under an id, which is trimmed, and starts it. Its options override the defaults of the runtime. It
   * lives until it is removed or the runtime shuts down.
   *
   * If `onStarting` fails or does not end within `waitTimeout`, or if the caller is interrupted while the recorder
   * starts, the hook is interrupted and the id is free again.
   */
  readonly createRecorder: <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
  ) => Effect.Effect<RecorderService, CreateError, NoInfer<R>>
  readonly getRecorder: (recorderId: string) => Effect.Effect<RecorderService, RecorderNotFound>
  readonly findRecorder: (recorderId: string) => Effect.Effect<Option.Option<RecorderService>>
  /** The ids of the recorders, in order of creation. */
  readonly recorderIds: Effect.Effect<ReadonlyArray<string>>
  /**
   * Stops a recorder; does nothing if it is stopped. It stays registered, with its metrics and their state, even if its
   * stop fails.
   */
  readonly stopRecorder: (recorderId: string) => Effect.Effect<void, RecorderNotFound | StopError>
  /**
   * Stops a recorder if it runs, and removes it with its state. The state stays only if it is durable. The recorder is
   * removed even if its stop fails.
   */
  readonly stopAndRemoveRecorder: (recorderId: string) => Effect.Effect<void, RecorderNotFound | StopError>
  /**
   * Runs `tell` for every recorder that is removed from now on, also by a shutdown, until the scope closes. It runs
   * when the recorder has stopped and can be read for the last time. The removal waits up to a second for it; its
   * failures change nothing.
   */
  readonly beforeRemoval: (
    tell: (recorder: RecorderService) => Effect.Effect<unknown, unknown>
  ) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Waits until every event that any recorder accepted before is folded. The exporters of this runtime (OTLP, the
   * reports of a cluster's worker process) then send their data, the durable state is written, and the files of the
   * flight recorder are completed. Recorders keep running. Does nothing if there are no recorders.
   *
   * Fails with `FlushFailed` after `timeout`, or after the `waitTimeout` of the runtime; its fields show which
   * recorders were reached and which were not, with their numbers of accepted and folded events, and which exporters
   * did not deliver. With exporters, recorders get half of the time.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
   *
   * const program = Effect.gen(function* () {
   *   const runtime = yield* MetricsRuntime
   *   const recorder = yield* runtime.createRecorder("app")
   *   yield* recorder.emit({ _tag: "door.opened" })
   *   yield* runtime.flush({ timeout: "2 seconds" })
   *   return (yield* recorder.stats).pending
   * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
   *
   * await Effect.runPromise(program) // 0
   * ```
   */
  readonly flush: (options?: FlushOptions) => Effect.Effect<void, InvalidState | FlushFailed>
  /**
   * Returns the last events of a recorder, or of all recorders: the kept events that were written to the stream. They
   * are decoded in this call, which takes some milliseconds.
   *
   * Fails with `InvalidState` where the runtime has no `flightRecorder`, or was not started yet.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
   *
   * const program = Effect.gen(function* () {
   *   const runtime = yield* MetricsRuntime
   *   const { events } = yield* runtime.flightRecording({ recorderId: "app" })
   *   return events
   * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics", flightRecorder: {} })))
   *
   * await Effect.runPromise(program) // []
   * ```
   */
  readonly flightRecording: (options?: { readonly recorderId?: string }) => Effect.Effect<FlightRecording, InvalidState>
  /**
   * Stops all recorders, each after folding what it accepted, and releases the thread. Continues past recorders that
   * fail to stop, and names all of them in one error. Closing the scope of the runtime does the same.
   */
  readonly shutdown: Effect.Effect<void, InvalidState | ShutdownFailed>
}
