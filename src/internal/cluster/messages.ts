/** The messages between the processes of a cluster, which share their channel with other messages. */
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

/** The states of one recorder. `instance` distinguishes it from earlier recorders with its id. */
const Part = Schema.Struct({
  instance: Schema.Number,
  recorderId: Schema.String,
  states: Schema.Record(Schema.String, Schema.Unknown),
  /** The states of metrics before they were reset or replaced. There may be several of a name. */
  earlier: Schema.optionalKey(Schema.Array(Schema.Record(Schema.String, Schema.Unknown))),
  /** Its accounting, read after the states. */
  stats: Schema.optionalKey(Stats)
})
export type Part = typeof Part.Type

/** From a worker process. A `source` is one of its runtimes. */
const ToPrimary = Schema.Union([
  Schema.TaggedStruct(`${Prefix}States`, {
    source: Schema.Number,
    /** The requests that this answers. */
    requests: Schema.Array(Schema.Number),
    parts: Schema.Array(Part),
    /** The number of recorders that did not answer in time. Their previous states remain valid. */
    missing: Schema.Number
  }),
  /** A recorder is removed: these are its last states. Without states, those reported before are. */
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

/** From the primary: requests current states within this many milliseconds. */
const ToWorker = Schema.TaggedStruct(`${Prefix}Read`, { request: Schema.Number, within: Schema.Number })
export type ToWorker = typeof ToWorker.Type

/** A message of ours, a malformed one, or a message of another program. */
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
