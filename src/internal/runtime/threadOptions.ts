/** The options of threads that belong to a runtime, on both sides. */
import type { MessagePort } from "node:worker_threads"
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import { metricsAndSets } from "../metric/definition/define.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { type Check, longerThanZero, whyInvalidOptions } from "../model/optionChecks.ts"
import type { InvalidArgument } from "../model/usageErrors.ts"
import { type RuntimeOptions, runtimeOptionChecks } from "./options.ts"

/**
 * The options for accepting threads.
 *
 * @category options
 * @since 0.2.0
 */
export interface ThreadsOptions {
  /**
   * Metrics that threads may register, in addition to sets with a module and metrics that are already registered.
   * Default: none.
   */
  readonly metrics?: ReadonlyArray<Metric.Any | Metric.MetricSet>
}

/**
 * The options of a thread that is attached to the runtime of another one. `capacity`, `overflow`, `backpressureTimeout`,
 * `logging` and `waitTimeout` are defaults for its recorders.
 *
 * @category options
 * @since 0.2.0
 */
export interface ThreadOptions
  extends Pick<
    RuntimeOptions,
    | "capacity"
    | "overflow"
    | "backpressureTimeout"
    | "logging"
    | "waitTimeout"
    | "shutdownTimeout"
    | "memoryLimit"
    | "onStateChanged"
  > {
  /** The namespace of the runtime to attach to. Default: that of the only runtime that accepts threads. */
  readonly namespace?: string
  /** The port that `threadPort` of the runtime has returned. Default: the thread finds the runtime by itself. */
  readonly port?: MessagePort
  /** The time limit for the runtime to answer, by the real clock. Default: 10 seconds. */
  readonly startTimeout?: Duration.Input
}

const aPort: Check = (value) =>
  Predicate.hasProperty(value, "postMessage") && Predicate.hasProperty(value, "unref")
    ? undefined
    : "must be the MessagePort that threadPort of the runtime has returned, in transferList"

export const threadsOptionChecks: { readonly [K in keyof ThreadsOptions]-?: Check } = { metrics: metricsAndSets }

const {
  totalOfRemoved: _total,
  flightRecorder: _flight,
  durable: _durable,
  stream: _stream,
  ...shared
} = runtimeOptionChecks

const threadOptionChecks: { readonly [K in keyof ThreadOptions]-?: Check } = {
  ...shared,
  port: aPort,
  startTimeout: longerThanZero
}

const ofMain: Check = () => "is an option of the runtime in the main thread"

export const whyInvalidAttach = (options: unknown): InvalidArgument | undefined =>
  whyInvalidOptions(options, { ...threadOptionChecks, durable: ofMain, flightRecorder: ofMain })
