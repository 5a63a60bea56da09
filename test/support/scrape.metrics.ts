// The metrics that tests scrape. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const JobEvent = Schema.TaggedUnion({
  "job.done": { queue: Schema.String, seconds: Schema.Number }
})

export const job = (queue = "x", seconds = 1) => ({ _tag: "job.done", queue, seconds }) as const

const options = { events: JobEvent, description: "Jobs." } as const

export const Jobs = Metric.counter("jobs", { ...options, labels: ["queue"] })
export const JobTime = Metric.histogram("job.time", { ...options, value: "seconds", unit: "s", boundaries: [0.5, 5] })
export const JobSpread = Metric.exponentialHistogram("job.spread", { ...options, value: "seconds", unit: "s" })

/** The number of jobs of the last minute. */
export const RecentJobs = Metric.window("jobs.recent", { ...options, value: "seconds", window: "1 minute", slots: 60 })

/** How long the last job took. It has no merge. */
export const LastJob = Metric.make("job.last", {
  events: JobEvent,
  initial: 0,
  reduce: { "job.done": (_, { seconds }) => seconds }
})

export const TracedEvent = Schema.TaggedUnion({
  "traced.call": {
    route: Schema.String,
    millis: Schema.Number,
    trace: Schema.NullOr(Schema.String),
    span: Schema.optional(Schema.String)
  }
})

const traced = { events: TracedEvent, exemplar: { traceId: "trace", spanId: "span" } } as const

export const TracedCalls = Metric.counter("traced.calls", { ...traced, labels: ["route"] })
export const TracedTime = Metric.histogram("traced.time", {
  ...traced,
  value: "millis",
  unit: "ms",
  boundaries: [10, 100]
})
export const TracedBriefly = Metric.counter("traced.briefly", {
  ...traced,
  labels: ["route"],
  expireAfter: "1 minute"
})

const Step = Schema.TaggedUnion({
  "traced.step": {
    trace: Schema.String,
    context: Schema.Struct({ trace: Schema.NullOr(Schema.String), span: Schema.String })
  }
})

/** The calls of another family. Its events also have a field with that name, which is a different one. */
export const TracedSteps = TracedCalls.pipe(
  Metric.mapEvents(Step, ({ context }) => ({ _tag: "traced.call", route: "/step", millis: 1, ...context })),
  Metric.named("traced.steps")
)

export const Untraced = Metric.counter("untraced", { events: TracedEvent })

/** Its view throws. */
export const Unviewable = Metric.make("unviewable", {
  events: JobEvent,
  initial: 0,
  reduce: { "job.done": (count) => count + 1 },
  view: () => {
    throw new Error("no view")
  }
})

/** Returns a cyclic value. */
export const Endless = Metric.make("endless", {
  events: JobEvent,
  initial: 0,
  reduce: { "job.done": (count) => count + 1 },
  view: (count) => {
    const shown: { count: number; self?: object } = { count }
    shown.self = shown
    return shown
  }
})
