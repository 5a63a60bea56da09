/** The options of a start without Effect: where to fold, and the context to run in. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { aBoolean, anything, type Check, isRecord, whyInvalidOptions } from "../model/optionChecks.ts"
import { RuntimeFailed } from "../model/runtimeErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import {
  type RuntimeOptions,
  type RuntimeState,
  runtimeOptionChecks,
  type WorkerOptions,
  workerOptionChecks
} from "../runtime/options.ts"
import type { ThreadOptions } from "../runtime/threadOptions.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { mapValues } from "../util/mapValues.ts"
import { durationText } from "../util/timing.ts"
import type { Logger } from "./logger.ts"
import { type ProcessEnd, processEnds } from "./processEnd.ts"

type WithPlainHooks<Options> = Options extends unknown ? Omit<Options, "onStateChanged"> & PlainHooks : never

interface PlainHooks {
  /** Runs with each new state of the runtime. If it throws or rejects, the error is logged and changes nothing. */
  readonly onStateChanged?: (state: RuntimeState) => unknown
}

export const withEffectHook = ({
  onStateChanged
}: {
  readonly onStateChanged: PlainHooks["onStateChanged"] | undefined
}): Pick<RuntimeOptions, "onStateChanged"> =>
  onStateChanged === undefined
    ? {}
    : {
        onStateChanged: (state) =>
          Effect.tryPromise({ try: async () => onStateChanged(state), catch: (cause) => cause })
      }

/**
 * The options of a thread that is attached to the runtime of another one. `capacity`, `overflow`, `backpressureTimeout`,
 * `logging` and `waitTimeout` are defaults for its recorders.
 *
 * @category options
 * @since 0.2.0
 */
export type PlainThreadOptions = WithPlainHooks<ThreadOptions>

/**
 * The options of a runtime that folds in process, or that chooses this at its start.
 *
 * @category options
 * @since 0.2.0
 */
export interface InProcessOptions extends WithPlainHooks<RuntimeOptions>, NoWorkerOptions {
  /**
   * `true` folds on the application thread: for tests, platforms without worker threads, and small programs. The options
   * of a worker are refused then. `false` starts a worker, which imports the modules of the metrics that are registered.
   */
  readonly inProcess: boolean
}

type NoWorkerOptions = { readonly [K in keyof typeof workerOptionChecks]?: never }

/**
 * The context that a runtime runs in: that of a `ManagedRuntime`, or one with a logger of yours.
 *
 * @example
 * ```ts
 * import { Logger, ManagedRuntime } from "effect"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * const application = ManagedRuntime.make(Logger.layer([Logger.consoleJson]))
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics", runtime: application, inProcess: true })
 * await runtime.shutdown()
 * await application.dispose()
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export type ContextOptions =
  | {
      /**
       * Runs everything in the context of this `ManagedRuntime`: logs go to its loggers, events and reads have the time
       * of its `Clock`. Its layer is built by the start, within `waitTimeout`. Disposing it does not stop this runtime.
       * Shut this runtime down first; otherwise its last lines go to loggers whose resources are closed. Default:
       * Effect's defaults, which log to the console from level `Info` on.
       */
      readonly runtime?: ManagedRuntime.ManagedRuntime<never, unknown>
      readonly logger?: never
    }
  | {
      /**
       * Takes the lines of the log, at every level; `logging` decides which lines are logged. For pino: `({ level,
       * message, annotations }) => log[level](annotations, message)`.
       */
      readonly logger: Logger
      readonly runtime?: never
    }

/**
 * The option for the end of the process.
 *
 * @example
 * ```ts
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * const runtime = await MetricsRuntime.start({
 *   namespace: "example.metrics",
 *   flushOn: ["SIGTERM", "SIGINT", "beforeExit"]
 * })
 * await runtime.shutdown() // no listener is left
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export interface ExitOptions {
  /**
   * Flushes the runtime, exporters included, when the process is about to end in one of these ways, for no longer than
   * `shutdownTimeout`. A failed flush is logged. The way the process ends and its exit code do not change. `shutdown`
   * removes the listeners. Default: none.
   *
   * - `"SIGTERM"`, `"SIGINT"`, `"SIGHUP"`: the flush begins when the signal arrives. If your program does not listen
   *   to the signal, the signal ends the process after the flush. The same signal a second later ends it immediately.
   *   If your program listens, it continues as usual: `await runtime.flush()` before you call `process.exit`.
   * - `"beforeExit"`: nothing else keeps the process alive. It does for the flush. `process.exit` is no such end.
   * - `"uncaughtException"`: the process dies unless your program listens to the exception, and what is not exported dies
   *   with it. With `durable`, a worker writes its state before, for which the process waits for up to 1 second.
   */
  readonly flushOn?: ReadonlyArray<"SIGTERM" | "SIGINT" | "SIGHUP" | "beforeExit" | "uncaughtException">
}

/**
 * The options of a start: on a worker thread, unless `inProcess` is `true`.
 *
 * @example
 * ```ts
 * import type { StartOptions } from "mvx-metrics/promise"
 *
 * const forTests: StartOptions = { namespace: "example.metrics", inProcess: true, logging: "silent" }
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export type StartOptions = (InProcessOptions | (WithPlainHooks<WorkerOptions> & { readonly inProcess?: false })) &
  ContextOptions &
  ExitOptions

/** The keys of all members of a union. */
type KeyOf<Union> = Union extends unknown ? keyof Union : never

const aManagedRuntime: Check = (value) =>
  ManagedRuntime.isManagedRuntime(value) ? undefined : "must be a ManagedRuntime of Effect"

export const aLogger: Check = (value) =>
  typeof value === "function"
    ? undefined
    : "must be a function. For pino: ({ level, message, annotations }) => log[level](annotations, message)"

const someProcessEnds: Check = (value) =>
  Array.isArray(value) && [...value].every((each) => processEnds.includes(each as ProcessEnd))
    ? undefined
    : `must be an array of some of ${processEnds.join(", ")}`

const ofWorker = (check: Check): typeof workerOptionChecks => mapValues(workerOptionChecks, () => check) as never

/** The values of worker options are checked when the worker starts. */
const checks: { readonly [K in KeyOf<StartOptions>]: Check } = {
  ...runtimeOptionChecks,
  inProcess: aBoolean,
  durable: anything,
  ...ofWorker(anything),
  flushOn: someProcessEnds,
  runtime: aManagedRuntime,
  logger: aLogger
}

const inProcessChecks: typeof checks = {
  ...checks,
  ...ofWorker(() => "is an option of a worker thread, which inProcess: true does without. Remove one of them")
}

export const whyInvalidStart = (options: StartOptions): InvalidArgument | undefined => {
  const isInProcess = isRecord(options) && options.inProcess === true
  const invalid = whyInvalidOptions(options, isInProcess ? inProcessChecks : checks, ["namespace"])
  if (invalid !== undefined || options.logger === undefined || options.runtime === undefined) return invalid
  return new InvalidArgument({
    argument: "logger",
    reason: "cannot be given with runtime, which has loggers of its own"
  })
}

/** The context that these options specify. */
export const contextOf = ({
  logger,
  namespace,
  runtime,
  waitTimeout = "30 seconds"
}: StartOptions): Effect.Effect<Context.Context<never>, RuntimeFailed> => {
  if (logger !== undefined) {
    return Effect.map(
      Effect.promise(() => import("./logger.ts")),
      ({ contextWithLogger }) => contextWithLogger(logger)
    )
  }
  if (runtime === undefined) return Effect.succeed(Context.empty())
  const most = durationText(waitTimeout)
  return runtime.contextEffect.pipe(
    Effect.timeoutOrElse({
      duration: waitTimeout,
      orElse: () => Effect.fail(new Error(`its ManagedRuntime did not build its layer within ${most}`))
    }),
    withLiveClock,
    Effect.catchCause((cause) =>
      Effect.fail(new RuntimeFailed({ namespace: namespace.trim(), cause: Cause.squash(cause) }))
    )
  )
}
