// Metrics that depend on time or on many labels, and a set of them. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const JobEvent = Schema.TaggedUnion({
  "job.done": { n: Schema.Number, queue: Schema.String },
  "job.dropped": { n: Schema.Number, queue: Schema.String },
  "job.paused": {}
})
export type JobEvent = typeof JobEvent.Type

export const done = (n: number, queue = "main"): JobEvent => ({ _tag: "job.done", n, queue })
export const dropped = (n: number, queue = "main"): JobEvent => ({ _tag: "job.dropped", n, queue })

const events = JobEvent
const jobs = { events, when: ["job.done", "job.dropped"] } as const
const measured = { ...jobs, value: "n" } as const

export const Rate = Metric.rate("jobs.rate", { ...jobs, window: "10 seconds", slots: 10, labels: ["queue"] })
export const RateOfN = Metric.rate("jobs.rate_of_n", { ...measured, window: "10 seconds", slots: 10 })
export const Recent = Metric.window("jobs.recent", { ...measured, window: "10 seconds", slots: 5, labels: ["queue"] })
export const Quantiles = Metric.summary("jobs.quantiles", {
  ...measured,
  window: "12 seconds",
  slots: 6,
  quantiles: [0, 0.5, 1]
})
export const Expiring = Metric.counter("jobs.expiring", {
  ...measured,
  labels: ["queue"],
  maxSeries: 2,
  expireAfter: "30 seconds"
})
export const ExpiringLevels = Metric.gauge("jobs.levels", { ...measured, labels: ["queue"], expireAfter: "30 seconds" })

export const ByQueue = Metric.counter("jobs.by_queue", { ...jobs, labels: ["queue"] })

/** Metrics derived from hand-written and built-in ones by combinators. */
export const LastQueue = Metric.make("jobs.last_queue", {
  events,
  initial: "",
  reduce: { "job.done": (_, { queue }) => queue, "job.dropped": (_, { queue }) => queue }
})
export const Failing = Metric.derive("jobs.failing", {
  from: {
    all: Metric.counter("all", jobs),
    dropped: Metric.counter("dropped", { events, when: "job.dropped" }),
    last: LastQueue
  },
  view: ({ all, dropped, last }) => ({ part: all.value === 0 ? null : dropped.value / all.value, last: last.value })
})

/** Windows and expiring series, below metrics without a kernel of their own. */
export const Derived = Metric.derive("jobs.derived", {
  from: { rate: Metric.rate("rate", { ...jobs, window: "10 seconds" }), expiring: Expiring },
  view: ({ expiring, rate }) => ({ perSecond: rate.perSecond, living: expiring.series.length })
})
export const DerivedByQueue = Derived.pipe(
  Metric.named("jobs.derived_by_queue"),
  Metric.labelled({ queue: (event) => ("queue" in event ? event.queue : null) })
)

/** Throws for a particular queue, after two other metrics have seen the event. */
export const Picky = Metric.derive("jobs.picky", {
  from: {
    all: Metric.counter("all", jobs),
    last: LastQueue,
    named: Metric.counter("named", {
      ...jobs,
      expireAfter: 1,
      labels: {
        queue: ({ queue }) => {
          if (queue === "nobody") throw new RangeError("not to be named")
          return queue
        }
      }
    })
  },
  view: ({ all, last, named }) => ({ all: all.value, last: last.value, named: named.value })
})

export const JobMetrics = Metric.combine(
  ByQueue.pipe(
    Metric.named("jobs.large"),
    Metric.filter((event) => "n" in event && event.n > 100)
  ),
  Failing,
  LastQueue.pipe(
    Metric.named("jobs.last_large"),
    Metric.filter((event) => "n" in event && event.n > 100)
  ),
  Failing.pipe(
    Metric.named("jobs.failing_large"),
    Metric.filter((event) => "n" in event && event.n > 100)
  )
)
