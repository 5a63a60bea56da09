/**
 * The typed errors. Each names its subject and says what to do.
 */
import * as Formatter from "effect/Formatter"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"
import { messageOf } from "../util/describeError.ts"

/** What `console.error` shows: the sentence that says what to do, and where it happened. */
const printed = (error: Error & { toJSON(): unknown }): string =>
  `${error.stack} ${Formatter.format(error.toJSON(), { space: 2 })}`

const list = (names: ReadonlyArray<string>): string => (names.length === 0 ? "none" : names.join(", "))

/**
 * Bad input. `argument` is the parameter or option at fault. `metric` is the metric being defined, if there is one.
 * Nothing was changed.
 *
 * A mistake in the program (bad options, ids and definitions, a value that is not a metric or a family) is thrown, and is
 * a defect inside an Effect; only data that can come from elsewhere (an event, a captured event, a state to merge) fails
 * with this error.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidArgument extends Schema.TaggedError<InvalidArgument>()("mvx-metrics/InvalidArgument", {
  argument: Schema.String,
  reason: Schema.String,
  metric: Schema.optionalKey(Schema.String)
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const subject = this.metric === undefined ? "" : `metric "${this.metric}": `
    return `${subject}${this.argument}: ${this.reason}`
  }
}

/**
 * The recorder is full and its overflow policy is `fail`.
 *
 * @category errors
 * @since 0.1.0
 */
export class QueueOverflow extends Schema.TaggedError<QueueOverflow>()("mvx-metrics/QueueOverflow", {
  recorderId: Schema.String,
  capacity: Schema.Number
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `recorder "${this.recorderId}": ${this.capacity} events are accepted and not yet folded, which is its capacity. Raise the capacity, or choose the overflow policy "drop-newest", "drop-oldest" or "backpressure"`
  }
}

/**
 * The operation is not possible in the present state of the recorder or runtime, or in this process of the cluster.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidState extends Schema.TaggedError<InvalidState>()("mvx-metrics/InvalidState", {
  subject: Schema.Literals(["recorder", "runtime", "cluster"]),
  id: Schema.String,
  state: Schema.String,
  operation: Schema.String,
  hint: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `${this.subject} "${this.id}" is ${this.state}: cannot ${this.operation}. ${this.hint}`
  }
}

/**
 * No recorder has this id in the runtime.
 *
 * @category errors
 * @since 0.1.0
 */
export class RecorderNotFound extends Schema.TaggedError<RecorderNotFound>()("mvx-metrics/RecorderNotFound", {
  recorderId: Schema.String,
  namespace: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `no recorder "${this.recorderId}" in the runtime "${this.namespace}". Create it with createRecorder. recorderIds lists those that exist`
  }
}

/**
 * The id is taken by another recorder of the runtime.
 *
 * @category errors
 * @since 0.1.0
 */
export class RecorderAlreadyExists extends Schema.TaggedError<RecorderAlreadyExists>()(
  "mvx-metrics/RecorderAlreadyExists",
  {
    recorderId: Schema.String,
    namespace: Schema.String
  }
) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `the runtime "${this.namespace}" already has a recorder "${this.recorderId}". Use getRecorder, or choose another id`
  }
}

/**
 * Another definition is registered under this name.
 *
 * @category errors
 * @since 0.1.0
 */
export class MetricNameTaken extends Schema.TaggedError<MetricNameTaken>()("mvx-metrics/MetricNameTaken", {
  metric: Schema.String,
  recorderId: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `recorder "${this.recorderId}" has another metric under the name "${this.metric}". Give one of the two another name, or register with { replace: true } to replace it, with a new state`
  }
}

/**
 * Two metrics of a runtime would have one name in Prometheus, which is `as`, or one name would stand for two types.
 *
 * @category errors
 * @since 0.1.0
 */
export class MetricNameCollision extends Schema.TaggedError<MetricNameCollision>()("mvx-metrics/MetricNameCollision", {
  metric: Schema.String,
  other: Schema.String,
  as: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return this.metric === this.other
      ? `the runtime has another metric "${this.metric}", of another type or unit, which is "${this.as}" in Prometheus. Give one of the two another name`
      : `in Prometheus "${this.metric}" and "${this.other}" would both be "${this.as}". Give one of the two another name`
  }
}

/**
 * `place` already shows a runtime of this namespace. The metrics of two such runtimes could not be told apart.
 *
 * @category errors
 * @since 0.1.0
 */
export class NamespaceTaken extends Schema.TaggedError<NamespaceTaken>()("mvx-metrics/NamespaceTaken", {
  namespace: Schema.String,
  place: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `${this.place} already shows a runtime of the namespace "${this.namespace}". Give the runtimes different namespaces, or remove the first one`
  }
}

/**
 * A read asked for a metric that is not registered in this recorder.
 *
 * @category errors
 * @since 0.1.0
 */
export class MetricNotRegistered extends Schema.TaggedError<MetricNotRegistered>()("mvx-metrics/MetricNotRegistered", {
  metric: Schema.String,
  recorderId: Schema.String,
  registered: Schema.Array(Schema.String)
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `recorder "${this.recorderId}" has no metric "${this.metric}" (registered: ${list(this.registered)}). Register it first, with the same definition`
  }
}

/**
 * The worker has no metric of this name. `hint` says how to bring it there.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownMetric extends Schema.TaggedError<UnknownMetric>()("mvx-metrics/UnknownMetric", {
  metric: Schema.String,
  known: Schema.Array(Schema.String),
  hint: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `the metrics worker has no metric "${this.metric}" (it has: ${list(this.known)}). ${this.hint}`
  }
}

/**
 * The two threads have different definitions under one name: two versions of a module, or two modules. `path` is that of
 * the module that the worker has its definition from, if the worker imported it for a set that was registered.
 *
 * @category errors
 * @since 0.1.0
 */
export class DefinitionMismatch extends Schema.TaggedError<DefinitionMismatch>()("mvx-metrics/DefinitionMismatch", {
  metric: Schema.String,
  differences: Schema.Array(Schema.String),
  path: Schema.optionalKey(Schema.String)
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const from = this.path === undefined ? "" : `, which is from ${this.path},`
    return `the metric "${this.metric}" of the worker${from} differs from the one being registered in: ${list(this.differences)}. Both threads must import the same version of the same module, and metrics of two modules need different names`
  }
}

/**
 * A state to be merged is of another version of its metric, so it does not fit the definition. `part` is the index of
 * the states that contain it.
 *
 * @category errors
 * @since 0.1.0
 */
export class StateMismatch extends Schema.TaggedError<StateMismatch>()("mvx-metrics/StateMismatch", {
  metric: Schema.String,
  part: Schema.Number,
  differences: Schema.Array(Schema.String)
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `the state of the metric "${this.metric}" in parts[${this.part}] is of another version of it: ${this.differences.join("; ")}. Merge states of one version, or leave this one out`
  }
}

/**
 * A module of metrics could not be used. `path` is the path that was tried.
 *
 * @category errors
 * @since 0.1.0
 */
export class MetricsModuleError extends Schema.TaggedError<MetricsModuleError>()("mvx-metrics/MetricsModuleError", {
  path: Schema.String,
  reason: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `metrics module ${this.path}: ${this.reason}`
  }
}

/**
 * A recorder did not register a metric, or any metric of a set. `reason` is the error that says why, and `message` is its
 * message.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, Recorder } from "mvx-metrics"
 *
 * const Saved = Metric.counter("saved", { events: Schema.TaggedUnion({ "document.saved": {} }) })
 * const Other = Metric.counter("saved", { events: Schema.TaggedUnion({ "file.saved": {} }) })
 *
 * const program = Effect.gen(function* () {
 *   const recorder = yield* Recorder.make()
 *   yield* recorder.register(Saved)
 *   return yield* recorder.register(Other).pipe(
 *     Effect.as("registered"),
 *     Effect.catchReason("mvx-metrics/RegisterError", "mvx-metrics/MetricNameTaken", ({ metric }) => Effect.succeed(metric))
 *   )
 * })
 * await Effect.runPromise(Effect.scoped(program)) // "saved"
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class RegisterError extends Schema.TaggedError<RegisterError>()("mvx-metrics/RegisterError", {
  recorderId: Schema.String,
  reason: Schema.Union([
    MetricNameTaken,
    MetricNameCollision,
    UnknownMetric,
    DefinitionMismatch,
    MetricsModuleError,
    InvalidState
  ])
}) {
  override readonly cause = this.reason

  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return this.reason.message
  }
}

/**
 * A line of a capture file is not a valid event. `line` is its number, from 1.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidLine extends Schema.TaggedError<InvalidLine>()("mvx-metrics/InvalidLine", {
  line: Schema.Number,
  reason: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `line ${this.line}: ${this.reason}. Fix the line, or skip such lines with { onBadLine: "skip" }`
  }
}

/**
 * A lifecycle hook of a recorder failed, and with it the start or the stop.
 *
 * @category errors
 * @since 0.1.0
 */
export class HookFailed extends Schema.TaggedError<HookFailed>()("mvx-metrics/HookFailed", {
  recorderId: Schema.String,
  hook: Schema.Literals(["onStarting", "onStopped"]),
  cause: Schema.Defect()
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `recorder "${this.recorderId}": its hook ${this.hook} failed: ${messageOf(this.cause)}`
  }
}

/**
 * The recorder can no longer answer: it failed with events that were not folded, or its runtime failed.
 *
 * @category errors
 * @since 0.1.0
 */
export class RecorderFailed extends Schema.TaggedError<RecorderFailed>()("mvx-metrics/RecorderFailed", {
  recorderId: Schema.String,
  cause: Schema.Defect()
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `recorder "${this.recorderId}" failed: ${messageOf(this.cause)}`
  }
}

/**
 * A read, flush, start or stop of a recorder did not end within its `waitTimeout`, or within the `timeout` of the call,
 * which `timeout` shows. A start or a stop goes on. `sequence` is the number of events to be folded before it, and
 * `folded` is the number of events folded so far. `hook` is the hook of the recorder that was running, if one was.
 *
 * @category errors
 * @since 0.1.0
 */
export class WaitTimeout extends Schema.TaggedError<WaitTimeout>()("mvx-metrics/WaitTimeout", {
  recorderId: Schema.String,
  operation: Schema.Literals(["read", "flush", "start", "stop"]),
  timeout: Schema.String,
  sequence: Schema.Number,
  folded: Schema.Number,
  hook: Schema.optionalKey(Schema.Literals(["onStarting", "onStopped", "onMetricChanged"]))
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const { folded, hook, operation, recorderId, sequence, timeout } = this
    const culprit =
      hook === undefined
        ? "Look for a listener or a reducer that does not end"
        : `Its hook ${hook} is running. Let the hook end`
    return `recorder "${recorderId}": its ${operation} did not end within ${timeout}; ${folded} of the ${sequence} events before it are folded. ${culprit}, or raise waitTimeout`
  }
}

/**
 * The durable state at `path` cannot be used, so the runtime did not start. The state is untouched.
 *
 * - `"in use"`: another runtime, of this or another process, has it;
 * - `"damaged"`: it was cut off or changed;
 * - `"newer"`: a newer version of this package or of Node has written it;
 * - `"foreign"`: it is something else, or of another namespace;
 * - `"unreadable"`: the folder or the store cannot be read.
 *
 * @category errors
 * @since 0.1.0
 */
export class DurableStateError extends Schema.TaggedError<DurableStateError>()("mvx-metrics/DurableStateError", {
  path: Schema.String,
  problem: Schema.Literals(["in use", "damaged", "newer", "foreign", "unreadable"]),
  reason: Schema.String
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const fix = this.problem === "damaged" || this.problem === "foreign" ? ". Move it away to start without it" : ""
    return `durable state ${this.path}: ${this.reason}${fix}`
  }
}

/**
 * The runtime could not be started, or its worker ended and was not replaced.
 *
 * @category errors
 * @since 0.1.0
 */
export class RuntimeFailed extends Schema.TaggedError<RuntimeFailed>()("mvx-metrics/RuntimeFailed", {
  namespace: Schema.String,
  cause: Schema.Defect()
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `metrics runtime "${this.namespace}" failed: ${messageOf(this.cause)}`
  }
}

/** What a recorder did not finish: how many events it had accepted, how many of them were folded, and why. */
const failures = Schema.Array(
  Schema.Struct({
    recorderId: Schema.String,
    accepted: Schema.Number,
    folded: Schema.Number,
    reason: Schema.String
  })
)

const listFailures = (all: typeof failures.Type): string =>
  list(
    all.map(
      ({ accepted, folded, reason, recorderId }) =>
        `"${recorderId}" (${folded} of ${accepted} events are folded: ${reason})`
    )
  )

/**
 * Recorders failed to stop while the runtime shut down. The thread was released all the same. Each of `failures` has the
 * number of events that the recorder had `accepted`, and how many of them were `folded`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ShutdownFailed extends Schema.TaggedError<ShutdownFailed>()("mvx-metrics/ShutdownFailed", {
  namespace: Schema.String,
  failures
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `metrics runtime "${this.namespace}" shut down, but these recorders failed to stop: ${listFailures(this.failures)}`
  }
}

/**
 * A flush of the runtime did not reach everything. `flushed` has the ids of the recorders whose events are folded. Each
 * of `failures` has the number of events that the recorder had `accepted` before the flush, and how many of them were
 * `folded`. `exports` has the exporters that did not deliver; what they had comes with their next export. Recorders and
 * exporters go on.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 *
 * const program = Effect.gen(function* () {
 *   const runtime = yield* MetricsRuntime
 *   yield* runtime.createRecorder("app")
 *   return yield* runtime.flush({ timeout: "2 seconds" }).pipe(
 *     Effect.as("flushed"),
 *     Effect.catchTag("mvx-metrics/FlushFailed", ({ failures }) => Effect.succeed(failures.length))
 *   )
 * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // "flushed"
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class FlushFailed extends Schema.TaggedError<FlushFailed>()("mvx-metrics/FlushFailed", {
  namespace: Schema.String,
  flushed: Schema.Array(Schema.String),
  failures,
  exports: Schema.Array(Schema.Struct({ exporter: Schema.String, reason: Schema.String }))
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const { exports, failures, flushed, namespace } = this
    const exporters = exports.map(({ exporter, reason }) => `${exporter} (${reason})`)
    const parts = [
      failures.length > 0 && `recorders not flushed: ${listFailures(failures)}`,
      exporters.length > 0 && `exporters that did not deliver: ${list(exporters)}`
    ].filter(Boolean)
    return `the flush of the metrics runtime "${namespace}" is incomplete; ${parts.join("; ")}; recorders flushed: ${flushed.length}`
  }
}

/**
 * An export did not arrive at a collector. `attempts` is the number of requests that were sent for it, and `points` the
 * number of data points in it. The exporter goes on: the next export includes them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const exportNow = Effect.flatMap(Otlp.Exporter, ({ flush }) => flush).pipe(
 *   Effect.catchTag("mvx-metrics/ExportFailed", ({ attempts, reason }) => Effect.logError(attempts, reason))
 * )
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class ExportFailed extends Schema.TaggedError<ExportFailed>()("mvx-metrics/ExportFailed", {
  url: Schema.String,
  attempts: Schema.Number,
  points: Schema.Number,
  reason: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const { attempts, points, reason, url } = this
    return `the export of ${points} points to ${url} did not arrive after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}: ${reason}. Check that the collector runs and takes OTLP over HTTP at this URL`
  }
}

/**
 * A push of metrics did not arrive, or not all of it. `delivered` of its `requests` have arrived: there is one for a
 * Pushgateway, and one for each 2000 series in remote write. `attempts` is how often requests were sent. `kind` is the reason
 * in a word: the status of the answer, `timeout`, or the code of an error such as `ECONNREFUSED`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const program = Prometheus.push({ url: "http://localhost:9091", job: "nightly" }).pipe(
 *   Effect.catchTag("mvx-metrics/PushFailed", ({ delivered, reason }) => Effect.logError(delivered, reason)),
 *   Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class PushFailed extends Schema.TaggedError<PushFailed>()("mvx-metrics/PushFailed", {
  url: Schema.String,
  reason: Schema.String,
  kind: Schema.String,
  delivered: Schema.Number,
  requests: Schema.Number,
  attempts: Schema.Number
}) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    const { attempts, delivered, reason, requests, url } = this
    return `the push to ${url} delivered ${delivered} of ${requests} requests after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}: ${reason}. Check that a Pushgateway or a receiver of remote write runs there, or raise pushTimeout`
  }
}

/**
 * The recorder of this id is shared, and was made with other options. `options` names those that differ.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 *
 * const program = Effect.gen(function* () {
 *   const runtime = yield* MetricsRuntime
 *   yield* runtime.recorder("app", { capacity: 500 })
 *   return yield* runtime.recorder("app", { capacity: 1000 }).pipe(
 *     Effect.as("shared"),
 *     Effect.catchTag("mvx-metrics/RecorderOptionsDiffer", ({ options }) => Effect.succeed(options.join()))
 *   )
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // "capacity"
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class RecorderOptionsDiffer extends Schema.TaggedError<RecorderOptionsDiffer>()(
  "mvx-metrics/RecorderOptionsDiffer",
  {
    recorderId: Schema.String,
    namespace: Schema.String,
    options: Schema.Array(Schema.String)
  }
) {
  override [NodeInspectSymbol](): string {
    return printed(this)
  }

  override get message(): string {
    return `the runtime "${this.namespace}" shares a recorder "${this.recorderId}" that was made with other options: ${list(this.options)}. Pass the same options wherever you use it, or choose another id`
  }
}

/**
 * The errors of emitting to a recorder.
 *
 * @category errors
 * @since 0.1.0
 */
export type EmitError = InvalidArgument | QueueOverflow | InvalidState

/**
 * The errors of reading a recorder, and of flushing it.
 *
 * @category errors
 * @since 0.1.0
 */
export type ReadError = RecorderFailed | InvalidState | WaitTimeout

/**
 * The errors of reading all recorders of a runtime.
 *
 * @category errors
 * @since 0.1.0
 */
export type RenderError = InvalidState | RuntimeFailed

/**
 * The errors of pushing the metrics of a runtime.
 *
 * @category errors
 * @since 0.1.0
 */
export type PushError = PushFailed | RenderError

/**
 * The errors of starting a recorder.
 *
 * @category errors
 * @since 0.1.0
 */
export type StartError = InvalidState | HookFailed | RecorderFailed | WaitTimeout

/**
 * The errors of creating a recorder in a runtime, which also starts it.
 *
 * @category errors
 * @since 0.1.0
 */
export type CreateError = RecorderAlreadyExists | StartError

/**
 * The errors of using a recorder that others may share, which starts it for the first of them.
 *
 * @category errors
 * @since 0.1.0
 */
export type ShareError = CreateError | RecorderOptionsDiffer

/**
 * The errors of stopping a recorder.
 *
 * @category errors
 * @since 0.1.0
 */
export type StopError = InvalidState | HookFailed | RecorderFailed | WaitTimeout

/**
 * The errors of starting a runtime.
 *
 * @category errors
 * @since 0.1.0
 */
export type RuntimeStartError = InvalidState | MetricsModuleError | RuntimeFailed | DurableStateError
