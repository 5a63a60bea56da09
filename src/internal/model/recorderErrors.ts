/** The errors of emitting to a recorder, and of reading, starting and stopping it. */
import * as Schema from "effect/Schema"
import { messageOf } from "../util/describeError.ts"
import { TaggedError } from "./taggedError.ts"
import type { InvalidArgument, InvalidState } from "./usageErrors.ts"

/**
 * The recorder is full and its overflow policy is `fail`.
 *
 * @category errors
 * @since 0.2.0
 */
export class QueueOverflow extends TaggedError<QueueOverflow>()("mvx-metrics/QueueOverflow", {
  recorderId: Schema.String,
  capacity: Schema.Number
}) {
  override get message(): string {
    return `recorder "${this.recorderId}": ${this.capacity} events are accepted and not yet folded, which is its capacity. Raise the capacity, or choose the overflow policy "drop-newest", "drop-oldest" or "backpressure"`
  }
}

/**
 * A lifecycle hook of a recorder failed, so the start or the stop failed as well.
 *
 * @category errors
 * @since 0.2.0
 */
export class HookFailed extends TaggedError<HookFailed>()("mvx-metrics/HookFailed", {
  recorderId: Schema.String,
  hook: Schema.Literals(["onStarting", "onStopped"]),
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `recorder "${this.recorderId}": its hook ${this.hook} failed: ${messageOf(this.cause)}`
  }
}

/**
 * The recorder can no longer answer: it failed with events that were not folded, or its runtime failed.
 *
 * @category errors
 * @since 0.2.0
 */
export class RecorderFailed extends TaggedError<RecorderFailed>()("mvx-metrics/RecorderFailed", {
  recorderId: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `recorder "${this.recorderId}" failed: ${messageOf(this.cause)}`
  }
}

/**
 * A read, flush, start or stop of a recorder did not end within its `waitTimeout`, or within the `timeout` of the call,
 * which `timeout` shows. A start or a stop continues. `sequence` is the number of events to be folded before it, and
 * `folded` is the number of events folded so far. `hook` is the hook of the recorder that was running, if one was.
 *
 * @category errors
 * @since 0.2.0
 */
export class WaitTimeout extends TaggedError<WaitTimeout>()("mvx-metrics/WaitTimeout", {
  recorderId: Schema.String,
  operation: Schema.Literals(["read", "flush", "start", "stop"]),
  timeout: Schema.String,
  sequence: Schema.Number,
  folded: Schema.Number,
  hook: Schema.optionalKey(Schema.Literals(["onStarting", "onStopped", "onMetricChanged"]))
}) {
  override get message(): string {
    const { folded, hook, operation, recorderId, sequence, timeout } = this
    const culprit =
      hook === undefined
        ? "Look for a listener or a reducer that does not end, and for a stream whose memoryLimit is full"
        : `Its hook ${hook} is running. Let the hook end`
    return `recorder "${recorderId}": its ${operation} did not end within ${timeout}; ${folded} of the ${sequence} events before it are folded. ${culprit}, or raise waitTimeout`
  }
}

/**
 * The errors of emitting to a recorder.
 *
 * @category errors
 * @since 0.2.0
 */
export type EmitError = InvalidArgument | QueueOverflow | InvalidState

/**
 * The errors of reading a recorder, and of flushing it.
 *
 * @category errors
 * @since 0.2.0
 */
export type ReadError = RecorderFailed | InvalidState | WaitTimeout

/**
 * The errors of starting a recorder.
 *
 * @category errors
 * @since 0.2.0
 */
export type StartError = InvalidState | HookFailed | RecorderFailed | WaitTimeout

/**
 * The errors of stopping a recorder.
 *
 * @category errors
 * @since 0.2.0
 */
export type StopError = InvalidState | HookFailed | RecorderFailed | WaitTimeout
