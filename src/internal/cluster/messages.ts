/**
 * What the processes of a cluster say to each other, beside whatever else is said on their channel.
 */
import * as Schema from "effect/Schema"

const Prefix = "mvx-metrics/cluster/"

const Count = Schema.Number

const Stats = Schema.Struct({
  state: Schema.Literals(["Idle", "Starting", "Running", "Stopping", "Stopped", "Failed"]),
  capacity: Count,
  offered: Count,
  accepted: Count,
  refused: Count,
  refusedBy: Schema.Struct({ overflow: Count, invalid: Count, notRunning: Count }),
  applied: Count,
  ignored: Count,
  evicted: Count,
  pending: Count
})

/** The states of one recorder. `instance` tells it from another one that had its id before. */
const Part = Schema.Struct({
  instance: Schema.Number,
  recorderId: Schema.String,
  states: Schema.Record(Schema.String, Schema.Unknown),
  /** Those of metrics before they were reset or replaced: there may be several of a name. */
  earlier: Schema.optionalKey(Schema.Array(Schema.Record(Schema.String, Schema.Unknown))),
  /** Its accounting, read behind the states. */
  stats: Schema.optionalKey(Stats)
})
export type Part = typeof Part.Type

/** From a worker process. A `source` is one runtime of it. */
const ToPrimary = Schema.Union([
  Schema.TaggedStruct(`${Prefix}States`, {
    source: Schema.Number,
    /** The requests that this answers. */
    requests: Schema.Array(Schema.Number),
    parts: Schema.Array(Part),
    /** Recorders that did not answer in time: for them, what was said before still stands. */
    missing: Schema.Number
  }),
  /** A recorder is removed: these are its last states. Without, the ones that were said before are. */
  Schema.TaggedStruct(`${Prefix}Ended`, {
    instance: Schema.Number,
    recorderId: Schema.String,
    states: Schema.optionalKey(Part.fields.states),
    earlier: Part.fields.earlier,
    stats: Part.fields.stats
  }),
  /** The source answers no more. */
  Schema.TaggedStruct(`${Prefix}Closed`, { source: Schema.Number })
])
export type ToPrimary = typeof ToPrimary.Type

/** From the primary: asks for fresh states, which are to be there within so many milliseconds. */
const ToWorker = Schema.TaggedStruct(`${Prefix}Read`, { request: Schema.Number, within: Schema.Number })
export type ToWorker = typeof ToWorker.Type

/** A message of ours, one that should be and is none, or somebody else's. */
export type Read<Message> = Message | "malformed" | "foreign"

const reader =
  <Message>(is: (value: unknown) => value is Message) =>
  (value: unknown): Read<Message> => {
    if (typeof value !== "object" || value === null || !("_tag" in value)) return "foreign"
    if (typeof value._tag !== "string" || !value._tag.startsWith(Prefix)) return "foreign"
    return is(value) ? value : "malformed"
  }

export const readFromWorker: (value: unknown) => Read<ToPrimary> = reader(Schema.is(ToPrimary))

export const readFromPrimary: (value: unknown) => Read<ToWorker> = reader(Schema.is(ToWorker))
