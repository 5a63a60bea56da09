/**
 * The options and states of a runtime.
 */

import type { ResourceLimits, Worker } from "node:worker_threads"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import { aFlightRecorder, type FlightRecorderOptions } from "../flight/recording.ts"
import {
  aDuration,
  aFunction,
  aNamespace,
  aSchedule,
  type Check,
  isRecord,
  longerThanZero,
  positiveInteger
} from "../model/optionChecks.ts"
import { type RecorderOptions, recorderOptionChecks } from "../recorder/options.ts"
import { someUrls } from "../worker/waysToWorker.ts"
import { type DurableOptions, inProcessDurable } from "./durableOptions.ts"
import { inProcessStream, type StreamOptions } from "./streamOptions.ts"

export type { DurableOptions }

/**
 * `Idle → Starting → Running ⇄ Restarting → Stopping → Closed | Failed`. A runtime is never started twice. It is
 * `Restarting` after its worker has ended, until a new worker continues from the same state. Meanwhile recorders accept
 * events, and reads wait.
 *
 * @category models
 * @since 0.2.0
 */
export type RuntimeState = "Idle" | "Starting" | "Running" | "Restarting" | "Stopping" | "Closed" | "Failed"

/**
 * The options of a runtime. `capacity`, `overflow`, `backpressureTimeout`, `logging`, `waitTimeout` and `totalOfRemoved` are
 * defaults for its recorders.
 *
 * @category options
 * @since 0.2.0
 */
export interface RuntimeOptions
  extends Pick<
    RecorderOptions,
    "capacity" | "overflow" | "backpressureTimeout" | "logging" | "waitTimeout" | "totalOfRemoved"
  > {
  /** The name that the recorders of this runtime share; logs and errors show it. */
  readonly namespace: string
  /**
   * The time limit for a recorder to fold what it accepted and to run its hooks, by the real clock, when it is removed
   * or the runtime shuts down. After that, the recorder goes to `Failed`. During a shutdown, the thread is then
   * terminated. Default: 10 seconds.
   */
  readonly shutdownTimeout?: Duration.Input
  /**
   * The maximum memory, in bytes, for events of all recorders on their way to the fold. When it is full, events wait in
   * the queue of their recorder, up to its capacity. Memory shared between threads is reserved immediately, and backed
   * as it is written, in pages of 256 KiB. At least two pages, up to 4 GiB. If the machine cannot allocate it, the
   * runtime fails to start with `RuntimeFailed`. Default: 16 MiB.
   */
  readonly memoryLimit?: number
  /**
   * Runs in the background with each new state of the runtime. The log shows the reasons. A failure is logged and
   * changes nothing.
   */
  readonly onStateChanged?: (state: RuntimeState) => Effect.Effect<unknown, unknown>
  /**
   * Keeps the last events, and records them when a metric is quarantined, a worker ends or a recorder overflows.
   * Default: none.
   */
  readonly flightRecorder?: FlightRecorderOptions
  /**
   * Keeps the states of metrics when the process ends or is killed, up to the last write. Default: they end with the
   * process.
   */
  readonly durable?: DurableOptions
  /**
   * Appends the events to a store, from which `MetricsStream` folds them together with those of other processes and
   * hosts. Default: events are folded only in this process.
   */
  readonly stream?: StreamOptions
}

interface WorkerStart extends RuntimeOptions {
  /** The time limit for the worker to report, by the real clock. Default: 10 seconds. */
  readonly startTimeout?: Duration.Input
  /**
   * The schedule by which an ended worker is replaced, by the real clock. The cause is the input of the schedule. The
   * schedule restarts once a worker has run for 10 seconds. When the schedule ends, the runtime is `Failed`.
   * `Schedule.recurs(0)` never replaces a worker. Default: after 50 ms, then twice as long each time, five times.
   */
  readonly restart?: Schedule.Schedule<unknown, unknown>
  /**
   * How long the worker may make no progress with events or reads pending, by the real clock, before it counts as stuck
   * and is replaced. A warning is logged after half of that time. Importing a module does not count. Default: 10
   * seconds.
   */
  readonly stallTimeout?: Duration.Input
  /** States that events travel in shared memory, which they always do. `false` is refused. Default: `true`. */
  readonly sharedMemory?: true
}

/**
 * How metrics reach the worker. Without `metrics` and `spawn` the worker imports the module of each set that is registered,
 * if the set is declared with `Metric.module`.
 *
 * @category options
 * @since 0.2.0
 */
export type WorkerOptions =
  | (WorkerStart & {
      /**
       * Further modules whose exported metrics the worker loads at its start, for metrics that are in no set with a
       * module: `new URL("./save.metrics.ts", import.meta.url)`. A `.ts` file that does not exist is resolved to the
       * `.js` file beside it. Default: none.
       */
      readonly metrics?: URL | ReadonlyArray<URL>
      /**
       * The environment of the worker, for modules of metrics that read it: `process.env`, or a part of it. Default:
       * only the variables that Node and loaders of TypeScript read, such as `NODE_ENV` and `TZ`.
       */
      readonly env?: { readonly [name: string]: string | undefined }
      /**
       * The memory limits of the worker. A worker that exceeds one ends and is replaced. A metric that causes this
       * twice is quarantined. Default: `maxYoungGenerationSizeMb: 4`, and Node's defaults otherwise.
       */
      readonly resourceLimits?: ResourceLimits
      readonly spawn?: never
    })
  | (WorkerStart & {
      /**
       * Starts a worker whose entry calls `MetricsWorker.run([...])` with all metrics. Works with any bundler. Such a
       * worker imports no module of a set.
       */
      readonly spawn: () => Worker
      readonly metrics?: never
      readonly env?: never
      readonly resourceLimits?: never
    })

/** 16 MiB: about 400 000 events of the usual size. */
export const defaultMemoryLimit: number = 16 * 1024 * 1024

export const runtimeOptionChecks: { readonly [K in keyof Required<RuntimeOptions>]: Check } = {
  namespace: aNamespace,
  capacity: recorderOptionChecks.capacity,
  overflow: recorderOptionChecks.overflow,
  backpressureTimeout: aDuration,
  logging: recorderOptionChecks.logging,
  shutdownTimeout: aDuration,
  waitTimeout: aDuration,
  totalOfRemoved: recorderOptionChecks.totalOfRemoved,
  memoryLimit: positiveInteger,
  onStateChanged: aFunction,
  flightRecorder: aFlightRecorder,
  durable: inProcessDurable,
  stream: inProcessStream
}

const isTrue: Check = (value) =>
  value === true ? undefined : "must be true or left out: events always travel in shared memory"

const someVariables: Check = (value) =>
  isRecord(value) && Object.values(value).every((each) => each === undefined || typeof each === "string")
    ? undefined
    : "must be an object of strings, such as process.env"

const limits = ["maxOldGenerationSizeMb", "maxYoungGenerationSizeMb", "codeRangeSizeMb", "stackSizeMb"]

const someLimits: Check = (value) =>
  isRecord(value) &&
  Object.entries(value).every(([name, limit]) => limits.includes(name) && typeof limit === "number" && limit > 0)
    ? undefined
    : `must be an object of positive numbers. The limits are: ${limits.join(", ")}`

/** The checks of what {@link WorkerOptions} have beside {@link RuntimeOptions}. */
export const workerOptionChecks = {
  metrics: someUrls,
  spawn: aFunction,
  startTimeout: longerThanZero,
  restart: aSchedule,
  stallTimeout: longerThanZero,
  env: someVariables,
  resourceLimits: someLimits,
  sharedMemory: isTrue
} satisfies { readonly [K in Exclude<keyof WorkerOptions, keyof RuntimeOptions>]: Check }
