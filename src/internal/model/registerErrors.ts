/** The errors about metrics and their definitions. */
import * as Schema from "effect/Schema"
import { TaggedError } from "./taggedError.ts"
import { InvalidState } from "./usageErrors.ts"

/**
 * Another definition is registered under this name.
 *
 * @category errors
 * @since 0.2.0
 */
export class MetricNameTaken extends TaggedError<MetricNameTaken>()("mvx-metrics/MetricNameTaken", {
  metric: Schema.String,
  recorderId: Schema.String
}) {
  override get message(): string {
    return `recorder "${this.recorderId}" has another metric under the name "${this.metric}". Give one of the two another name, or register with { replace: true } to replace it, with a new state`
  }
}

/**
 * Two metrics of a runtime would have the same name in Prometheus, which is `as`, or one name would have two types.
 *
 * @category errors
 * @since 0.2.0
 */
export class MetricNameCollision extends TaggedError<MetricNameCollision>()("mvx-metrics/MetricNameCollision", {
  metric: Schema.String,
  other: Schema.String,
  as: Schema.String
}) {
  override get message(): string {
    return this.metric === this.other
      ? `the runtime has another metric "${this.metric}", of another type or unit, which is "${this.as}" in Prometheus. Give one of the two another name`
      : `in Prometheus "${this.metric}" and "${this.other}" would both be "${this.as}". Give one of the two another name`
  }
}

/**
 * A read named a metric that is not registered in this recorder.
 *
 * @category errors
 * @since 0.2.0
 */
export class MetricNotRegistered extends TaggedError<MetricNotRegistered>()("mvx-metrics/MetricNotRegistered", {
  metric: Schema.String,
  recorderId: Schema.String,
  registered: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `recorder "${this.recorderId}" has no metric "${this.metric}" (registered: ${this.registered.join(", ") || "none"}). Register it first, with the same definition`
  }
}

/**
 * The worker has no metric with this name. `hint` describes how to make it available.
 *
 * @category errors
 * @since 0.2.0
 */
export class UnknownMetric extends TaggedError<UnknownMetric>()("mvx-metrics/UnknownMetric", {
  metric: Schema.String,
  known: Schema.Array(Schema.String),
  hint: Schema.String
}) {
  override get message(): string {
    return `the metrics worker has no metric "${this.metric}" (it has: ${this.known.join(", ") || "none"}). ${this.hint}`
  }
}

/**
 * The two threads have different definitions under one name: two versions of a module, or two modules. `path` is that of
 * the module that the worker has its definition from, if the worker imported it for a set that was registered.
 *
 * @category errors
 * @since 0.2.0
 */
export class DefinitionMismatch extends TaggedError<DefinitionMismatch>()("mvx-metrics/DefinitionMismatch", {
  metric: Schema.String,
  differences: Schema.Array(Schema.String),
  path: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const from = this.path === undefined ? "" : `, which is from ${this.path},`
    return `the metric "${this.metric}" of the worker${from} differs from the one being registered in: ${this.differences.join(", ")}. Both threads must import the same version of the same module, and metrics of two modules need different names`
  }
}

/**
 * A module of metrics could not be used. `path` is the path that was tried.
 *
 * @category errors
 * @since 0.2.0
 */
export class MetricsModuleError extends TaggedError<MetricsModuleError>()("mvx-metrics/MetricsModuleError", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `metrics module ${this.path}: ${this.reason}`
  }
}

/**
 * A recorder did not register a metric, or any metric of a set. `reason` is the error with the cause, and `message` is
 * its message.
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
 * @since 0.2.0
 */
export class RegisterError extends TaggedError<RegisterError>()("mvx-metrics/RegisterError", {
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

  override get message(): string {
    return this.reason.message
  }
}
