// Built-in metrics of every kind, over one family of events. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const HttpEvent = Schema.TaggedUnion({
  "http.request": {
    method: Schema.Literals(["GET", "PUT"]),
    ok: Schema.Boolean,
    user: Schema.optional(Schema.NullOr(Schema.String)),
    seconds: Schema.Number,
    bytes: Schema.optional(Schema.NullOr(Schema.Number))
  },
  // A list does not fit a row: these events are sent as clones.
  "http.upload": {
    method: Schema.Literals(["GET", "PUT"]),
    seconds: Schema.Number,
    parts: Schema.Array(Schema.Number)
  },
  "http.closed": {}
})
export type HttpEvent = typeof HttpEvent.Type
type Request = Extract<HttpEvent, { readonly _tag: "http.request" }>

export const request = (fields: Partial<Request> = {}): Request => ({
  _tag: "http.request",
  method: "GET",
  ok: true,
  seconds: 0.1,
  ...fields
})
export const upload = (seconds: number, ...parts: ReadonlyArray<number>): HttpEvent => ({
  _tag: "http.upload",
  method: "PUT",
  seconds,
  parts
})

const events = HttpEvent
const requests = { events, when: "http.request" } as const
const measured = { events, when: ["http.request", "http.upload"], value: "seconds" } as const

export const All = Metric.counter("http.events", { events })
export const Requests = Metric.counter("http.requests", { ...requests, labels: ["method", "ok", "user"] })
export const Bytes = Metric.counter("http.bytes", { ...requests, value: "bytes", labels: ["user"], maxSeries: 2 })
export const Failures = Metric.counter("http.failures", { ...requests, filter: ({ ok }) => !ok })
export const Parts = Metric.counter("http.parts", {
  events,
  when: "http.upload",
  value: ({ parts }) => parts.reduce((sum, part) => sum + part, 0),
  labels: { many: ({ parts }) => parts.length > 1 }
})
export const Latest = Metric.gauge("http.latest", measured)
export const LatestByMethod = Metric.gauge("http.latest.by_method", { ...measured, labels: ["method"] })
export const Durations = Metric.histogram("http.durations", { ...measured, unit: "s" })
export const DurationsByUser = Metric.histogram("http.durations.by_user", {
  ...requests,
  value: "seconds",
  boundaries: [0.1, 1],
  labels: ["user"],
  maxSeries: 1
})

/** Its label throws for a particular user. */
export const Faulty = Metric.counter("http.faulty", {
  ...requests,
  labels: {
    user: ({ user }) => {
      if (user === "nobody") throw new RangeError("not to be named")
      return user
    }
  }
})

export const instruments = [
  All,
  Requests,
  Bytes,
  Failures,
  Parts,
  Latest,
  LatestByMethod,
  Durations,
  DurationsByUser
] as const
