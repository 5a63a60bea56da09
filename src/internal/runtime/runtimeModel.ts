/**
 * The shape of a runtime, apart from its implementation.
 */

import type { Worker } from "node:worker_threads"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type {
  CreateError,
  InvalidArgument,
  InvalidState,
  RecorderNotFound,
  RuntimeStartError,
  ShutdownFailed,
  StopError
} from "../../MetricsError.ts"
import { aDuration, type Check, notBlank, positiveInteger } from "../options.ts"
import { type RecorderOptions, type RecorderService, recorderOptionChecks } from "../recorder/recorderModel.ts"

/** `Idle → Starting → Running → Stopping → Closed | Failed`. A runtime is never started twice. */
export type RuntimeState = "Idle" | "Starting" | "Running" | "Stopping" | "Closed" | "Failed"

/** What can be chosen for a runtime. Options that recorders have as well are defaults for its recorders. */
export interface RuntimeOptions extends Pick<RecorderOptions, "capacity" | "overflow" | "logging" | "waitTimeout"> {
  /** What the recorders of this runtime belong to; it stands in logs and errors. */
  readonly namespace: string
  /**
   * How long closing waits for a recorder to fold what it accepted and to run its hooks, before it gives up on it, by
   * the real clock. It is given up by the removal of the recorder as well as by the shutdown of the runtime; a shutdown
   * that gave up on a recorder terminates the thread. Default: 10 seconds.
   */
  readonly shutdownTimeout?: Duration.Input
  /**
   * Most bytes of memory that events of all recorders lie in on their way to the fold. When it is full, events wait in
   * the queue of their recorder, up to its capacity. Where it is shared between threads its addresses are reserved at
   * once; it takes room as it is written, in pages of 256 KiB. Default: 16 MiB; at the least two pages, at the most 4 GiB.
   */
  readonly memoryLimit?: number
}

interface WorkerStart extends RuntimeOptions {
  /** How long to wait for the worker's first word, by the real clock. Default: 10 seconds. */
  readonly startTimeout?: Duration.Input
  /**
   * Whether that memory is shared between the threads. Without, it is handed over and back, which costs more and gives
   * credits back only when the event loop is reached. Default: where the platform has `SharedArrayBuffer`.
   */
  readonly sharedMemory?: boolean
}

/** How metrics reach the worker: by modules it imports, or by a worker entry of your own. */
export type WorkerOptions =
  | (WorkerStart & {
      /**
       * The module or modules whose exported metrics the worker takes: `new URL("./save.metrics.ts", import.meta.url)`.
       * A `.ts` that is not there but has its `.js` beside it is taken as that.
       */
      readonly metrics: URL | ReadonlyArray<URL>
      readonly spawn?: never
    })
  | (WorkerStart & {
      /** Starts a worker whose entry calls `MetricsWorker.run([...])`. This survives bundlers. */
      readonly spawn: () => Worker
      readonly metrics?: never
    })

/** 16 MiB: some 400 000 events of the usual size. */
export const defaultMemoryLimit: number = 16 * 1024 * 1024

/** The checks of {@link RuntimeOptions}. */
export const runtimeOptionChecks: { readonly [K in keyof Required<RuntimeOptions>]: Check } = {
  namespace: notBlank,
  capacity: recorderOptionChecks.capacity,
  overflow: recorderOptionChecks.overflow,
  logging: recorderOptionChecks.logging,
  shutdownTimeout: aDuration,
  waitTimeout: aDuration,
  memoryLimit: positiveInteger
}

/** What a runtime offers: a registry of recorders that share one fold. */
export interface RuntimeService {
  readonly namespace: string
  readonly state: Effect.Effect<RuntimeState>
  /** Starts the fold. While it starts, joins that start; when it runs, does nothing. */
  readonly start: Effect.Effect<void, RuntimeStartError>
  /**
   * Makes a recorder under an id, which is trimmed, and starts it. Its options override the defaults of the runtime. It
   * lives until it is removed or the runtime shuts down.
   *
   * When it does not start, because its `onStarting` fails, does not end within `waitTimeout`, or the caller is
   * interrupted meanwhile, what runs of it is interrupted and the id is free again.
   */
  readonly createRecorder: <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
  ) => Effect.Effect<RecorderService, CreateError, R>
  readonly getRecorder: (recorderId: string) => Effect.Effect<RecorderService, InvalidArgument | RecorderNotFound>
  readonly findRecorder: (recorderId: string) => Effect.Effect<Option.Option<RecorderService>, InvalidArgument>
  /** The ids of the recorders, in the order of their making. */
  readonly recorderIds: Effect.Effect<ReadonlyArray<string>>
  /**
   * Stops a recorder; does nothing when it is stopped. It stays registered, with its metrics and their state, even when
   * its stop fails.
   */
  readonly stopRecorder: (recorderId: string) => Effect.Effect<void, InvalidArgument | RecorderNotFound | StopError>
  /** Stops a recorder if it runs, and removes it with its state. It is gone even when its stop fails. */
  readonly stopAndRemoveRecorder: (
    recorderId: string
  ) => Effect.Effect<void, InvalidArgument | RecorderNotFound | StopError>
  /**
   * Has `tell` run for every recorder that is removed from now on, until the scope closes, be it by a shutdown: when the
   * recorder has stopped and can be read for the last time. The removal waits for it, a second at most; its failures
   * change nothing.
   */
  readonly beforeRemoval: (
    tell: (recorder: RecorderService) => Effect.Effect<unknown, unknown>
  ) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Stops all recorders, each after folding what it accepted, and releases the thread. Goes on past recorders that fail
   * to stop, and names all of them in one error. Closing the scope of the runtime does the same.
   */
  readonly shutdown: Effect.Effect<void, InvalidState | ShutdownFailed>
}
