/** The metrics that processes are supposed to have, by kind, over one event. */
import * as Schema from "effect/Schema"
import { Metric } from "mvx-metrics"
import { randomFrom } from "./random.ts"

export const RequestEvent = Schema.TaggedUnion({
  "request.done": { route: Schema.String, seconds: Schema.Number, user: Schema.String }
})
export type RequestDone = (typeof RequestEvent.cases)["request.done"]["Type"]

const of = { events: RequestEvent, labels: ["route"] as const }
const seconds = { ...of, value: "seconds" as const, unit: "s" }

/** As many buckets as boundaries, and one more. */
const boundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]

export const kinds = ["counter", "histogram", "exponential", "summary", "distinct"] as const
export type Kind = (typeof kinds)[number]

export const metrics: { readonly [kind in Kind]: Metric.Any } = {
  counter: Metric.counter("requests", of),
  histogram: Metric.histogram("request.duration", { ...seconds, boundaries }),
  exponential: Metric.exponentialHistogram("request.time", seconds),
  summary: Metric.summary("request.summary", seconds),
  distinct: Metric.distinct("request.users", { ...of, value: "user" })
}

/** Events of so many series, in turn. Durations spread over three powers of ten, users are hardly ever the same. */
export const requests = (series: number, perSeries: number): ReadonlyArray<RequestDone> => {
  const random = randomFrom(series)
  return Array.from({ length: series * perSeries }, (_, i) => ({
    _tag: "request.done",
    route: `/route/${i % series}`,
    seconds: 0.01 * 10 ** (random() + random() + random() - 1.5),
    user: `user-${Math.floor(random() * 1e6)}`
  }))
}
