/** The errors of a runtime: its recorders by id, its start, its flush and its end. */
import * as Schema from "effect/Schema"
import { messageOf } from "../util/describeError.ts"
import type { StartError } from "./recorderErrors.ts"
import type { MetricsModuleError } from "./registerErrors.ts"
import { TaggedError } from "./taggedError.ts"
import type { InvalidState } from "./usageErrors.ts"

/**
 * No recorder has this id in the runtime.
 *
 * @category errors
 * @since 0.2.0
 */
export class RecorderNotFound extends TaggedError<RecorderNotFound>()("mvx-metrics/RecorderNotFound", {
  recorderId: Schema.String,
  namespace: Schema.String
}) {
  override get message(): string {
    return `no recorder "${this.recorderId}" in the runtime "${this.namespace}". Create it with createRecorder. recorderIds lists those that exist`
  }
}

/**
 * The id is taken by another recorder of the runtime.
 *
 * @category errors
 * @since 0.2.0
 */
export class RecorderAlreadyExists extends TaggedError<RecorderAlreadyExists>()("mvx-metrics/RecorderAlreadyExists", {
  recorderId: Schema.String,
  namespace: Schema.String
}) {
  override get message(): string {
    return `the runtime "${this.namespace}" already has a recorder "${this.recorderId}". Use getRecorder, or choose another id`
  }
}

/**
 * The shared recorder with this id was made with other options. `options` names those that differ.
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
 * @since 0.2.0
 */
export class RecorderOptionsDiffer extends TaggedError<RecorderOptionsDiffer>()("mvx-metrics/RecorderOptionsDiffer", {
  recorderId: Schema.String,
  namespace: Schema.String,
  options: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the runtime "${this.namespace}" shares a recorder "${this.recorderId}" that was made with other options: ${this.options.join(", ")}. Pass the same options wherever you use it, or choose another id`
  }
}

/**
 * The durable state at `path` cannot be used, so the runtime did not start. The state is untouched.
 *
 * - `"in use"`: another runtime, of this or another process, uses it;
 * - `"damaged"`: it was cut off or changed;
 * - `"newer"`: a newer version of this package or of Node wrote it;
 * - `"foreign"`: it is something else, or of another namespace;
 * - `"unreadable"`: the folder or the store cannot be read.
 *
 * @category errors
 * @since 0.2.0
 */
export class DurableStateError extends TaggedError<DurableStateError>()("mvx-metrics/DurableStateError", {
  path: Schema.String,
  problem: Schema.Literals(["in use", "damaged", "newer", "foreign", "unreadable"]),
  reason: Schema.String
}) {
  override get message(): string {
    const fix = this.problem === "damaged" || this.problem === "foreign" ? ". Move it away to start without it" : ""
    return `durable state ${this.path}: ${this.reason}${fix}`
  }
}

/**
 * The runtime could not be started, or its worker ended and was not replaced.
 *
 * @category errors
 * @since 0.2.0
 */
export class RuntimeFailed extends TaggedError<RuntimeFailed>()("mvx-metrics/RuntimeFailed", {
  namespace: Schema.String,
  cause: Schema.Defect()
}) {
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
  all
    .map(
      ({ accepted, folded, reason, recorderId }) =>
        `"${recorderId}" (${folded} of ${accepted} events are folded: ${reason})`
    )
    .join(", ")

/**
 * Recorders failed to stop while the runtime shut down. The thread was released all the same. Each of `failures` has the
 * number of events that the recorder had `accepted`, and how many of them were `folded`.
 *
 * @category errors
 * @since 0.2.0
 */
export class ShutdownFailed extends TaggedError<ShutdownFailed>()("mvx-metrics/ShutdownFailed", {
  namespace: Schema.String,
  failures
}) {
  override get message(): string {
    return `metrics runtime "${this.namespace}" shut down, but these recorders failed to stop: ${listFailures(this.failures)}`
  }
}

/**
 * A flush of the runtime did not reach everything. `flushed` has the ids of the recorders whose events are folded. Each
 * of `failures` has the number of events that the recorder had `accepted` before the flush, and how many of them were
 * `folded`. `exports` has the exporters that did not deliver; their next export includes the data. Recorders and
 * exporters keep running.
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
 * @since 0.2.0
 */
export class FlushFailed extends TaggedError<FlushFailed>()("mvx-metrics/FlushFailed", {
  namespace: Schema.String,
  flushed: Schema.Array(Schema.String),
  failures,
  exports: Schema.Array(Schema.Struct({ exporter: Schema.String, reason: Schema.String }))
}) {
  override get message(): string {
    const { exports, failures, flushed, namespace } = this
    const exporters = exports.map(({ exporter, reason }) => `${exporter} (${reason})`)
    const parts = [
      failures.length > 0 && `recorders not flushed: ${listFailures(failures)}`,
      exporters.length > 0 && `exporters that did not deliver: ${exporters.join(", ")}`
    ].filter(Boolean)
    return `the flush of the metrics runtime "${namespace}" is incomplete; ${parts.join("; ")}; recorders flushed: ${flushed.length}`
  }
}

/**
 * The errors of creating a recorder in a runtime, which also starts it.
 *
 * @category errors
 * @since 0.2.0
 */
export type CreateError = RecorderAlreadyExists | StartError

/**
 * The errors of using a recorder that others may share, which starts it for the first of them.
 *
 * @category errors
 * @since 0.2.0
 */
export type ShareError = CreateError | RecorderOptionsDiffer

/**
 * The errors of reading all recorders of a runtime.
 *
 * @category errors
 * @since 0.2.0
 */
export type RenderError = InvalidState | RuntimeFailed

/**
 * The errors of starting a runtime.
 *
 * @category errors
 * @since 0.2.0
 */
export type RuntimeStartError = InvalidState | MetricsModuleError | RuntimeFailed | DurableStateError
