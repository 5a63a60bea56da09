/** Metrics of every kind that a stream of events supports. */
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const Requests = Schema.TaggedUnion({
  "http.request": {
    method: Schema.Literals(["GET", "PUT"]),
    route: Schema.String,
    seconds: Schema.Number,
    user: Schema.String
  },
  "http.body": { sizes: Schema.Array(Schema.Number) },
  "http.unread": { note: Schema.String }
})

export type Request = typeof Requests.Type

/** Depends on the order of the events. */
export const lastUser = Metric.make("requests.last_user", {
  events: Requests,
  initial: { user: "", changes: 0, at: 0 },
  reduce: {
    "http.request": (state, { user }, at) =>
      state.user === user ? state : { user, changes: state.changes + 1, at: Math.max(at, state.at) }
  },
  merge: (one, other) => ({
    user: one.at >= other.at ? one.user : other.user,
    changes: one.changes + other.changes,
    at: Math.max(one.at, other.at)
  })
})

export const RequestMetrics = Metric.module(import.meta.url, [
  Metric.counter("requests", { events: Requests, when: ["http.request"], labels: ["method", "route"] }),
  Metric.exponentialHistogram("requests.duration", {
    events: Requests,
    when: ["http.request"],
    value: "seconds",
    unit: "s",
    labels: ["method"]
  }),
  Metric.distinct("requests.users", { events: Requests, when: ["http.request"], value: "user" }),
  Metric.window("requests.last", { events: Requests, when: ["http.request"], value: "seconds", window: "1 minute" }),
  Metric.counter("bodies", {
    events: Requests,
    when: ["http.body"],
    value: ({ sizes }) => sizes.reduce((a, b) => a + b, 0)
  }),
  lastUser
])
