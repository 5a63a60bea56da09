/**
 * The errors of wrong calls: bad arguments, or a bad moment.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./taggedError.ts"

/**
 * Bad input. `argument` is the parameter or option at fault. `metric` is the metric being defined, if there is one.
 * Nothing was changed.
 *
 * A mistake in the program (bad options, ids and definitions, a value that is not a metric or a family) is thrown, and is
 * a defect inside an Effect; only data that can come from elsewhere (an event, a captured event, a state to merge) fails
 * with this error.
 *
 * @category errors
 * @since 0.2.0
 */
export class InvalidArgument extends TaggedError<InvalidArgument>()("mvx-metrics/InvalidArgument", {
  argument: Schema.String,
  reason: Schema.String,
  metric: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const subject = this.metric === undefined ? "" : `metric "${this.metric}": `
    return `${subject}${this.argument}: ${this.reason}`
  }
}

/**
 * The operation is not possible in the present state of the recorder or runtime, or in this process of the cluster.
 *
 * @category errors
 * @since 0.2.0
 */
export class InvalidState extends TaggedError<InvalidState>()("mvx-metrics/InvalidState", {
  subject: Schema.Literals(["recorder", "runtime", "cluster", "store"]),
  id: Schema.String,
  state: Schema.String,
  operation: Schema.String,
  hint: Schema.String
}) {
  override get message(): string {
    return `${this.subject} "${this.id}" is ${this.state}: cannot ${this.operation}. ${this.hint}`
  }
}

/**
 * A line of a capture file is not a valid event. `line` is its number, from 1.
 *
 * @category errors
 * @since 0.2.0
 */
export class InvalidLine extends TaggedError<InvalidLine>()("mvx-metrics/InvalidLine", {
  line: Schema.Number,
  reason: Schema.String
}) {
  override get message(): string {
    return `line ${this.line} ${this.reason}. Fix the line, or skip such lines with { onBadLine: "skip" }`
  }
}

/**
 * A state to be merged is of another version of its metric, so it does not fit the definition. `part` is the index of
 * the states that contain it.
 *
 * @category errors
 * @since 0.2.0
 */
export class StateMismatch extends TaggedError<StateMismatch>()("mvx-metrics/StateMismatch", {
  metric: Schema.String,
  part: Schema.Number,
  differences: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the state of the metric "${this.metric}" in parts[${this.part}] is of another version of it: ${this.differences.join("; ")}. Merge states of one version, or leave this one out`
  }
}
