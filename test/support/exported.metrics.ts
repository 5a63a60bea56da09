// Metrics with every kind of data that exporters support. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const JobEvent = Schema.TaggedUnion({
  "job.done": { queue: Schema.NullOr(Schema.String), seconds: Schema.Number, ok: Schema.Boolean },
  "job.waiting": { change: Schema.Number }
})
export type JobEvent = typeof JobEvent.Type

export const done = (seconds: number, queue: string | null = "a", ok = true): JobEvent => ({
  _tag: "job.done",
  seconds,
  queue,
  ok
})
export const waiting = (change: number): JobEvent => ({ _tag: "job.waiting", change })

const events = JobEvent
const jobs = { events, when: "job.done" } as const
const measured = { ...jobs, value: "seconds", unit: "s" } as const

export const Jobs = Metric.counter("jobs", { ...jobs, labels: ["queue", "ok"], description: "Jobs.", unit: "{job}" })
export const Waiting = Metric.upDownCounter("jobs.waiting", { events, when: "job.waiting", value: "change" })
export const Latest = Metric.gauge("jobs.latest", measured)
export const Times = Metric.histogram("jobs.time", { ...measured, boundaries: [0.5, 5], labels: ["queue"] })
export const Spread = Metric.exponentialHistogram("jobs.spread", { ...measured, labels: ["queue"] })
export const Quantiles = Metric.summary("jobs.quantiles", { ...measured, quantiles: [0.5, 0.9] })
export const Queues = Metric.frequency("jobs.queues", { ...jobs, value: "queue" })
export const Few = Metric.counter("jobs.few", { ...jobs, labels: ["queue"], maxSeries: 1 })
export const ByHand = Metric.make("jobs.by_hand", {
  events,
  initial: { good: 0, bad: 0 },
  reduce: {
    "job.done": (state, { ok }) => (ok ? { ...state, good: state.good + 1 } : { ...state, bad: state.bad + 1 })
  }
})
export const Fragile = Metric.make("jobs.fragile", {
  events,
  initial: 0,
  reduce: {
    "job.done": (count, { queue }) => {
      if (queue === "fatal") throw new Error("cannot go on")
      return count + 1
    }
  }
})

export const all = [Jobs, Waiting, Latest, Times, Spread, Quantiles, Queues, Few, ByHand, Fragile] as const
