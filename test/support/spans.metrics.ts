// Metrics whose exemplars are spans, and others next to them. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const SpanEvent = Schema.TaggedUnion({
  "span.call": { route: Schema.String, seconds: Schema.Number },
  // Does not fit a row as a whole, and a user's function reads all of it.
  "span.batch": { parts: Schema.Array(Schema.String) },
  "span.other": { n: Schema.Number }
})

export const call = (route = "/", seconds = 0.5) => ({ _tag: "span.call", route, seconds }) as const
export const batch = (...parts: ReadonlyArray<string>) => ({ _tag: "span.batch", parts }) as const

const events = SpanEvent

export const Calls = Metric.counter("span.calls", { events, when: "span.call", labels: ["route"], exemplar: "span" })

export const CallTime = Metric.histogram("span.call_time", {
  events,
  when: "span.call",
  value: "seconds",
  unit: "s",
  boundaries: [1, 10],
  exemplar: "span"
})

export const Batches = Metric.counter("span.batches", {
  events,
  when: "span.batch",
  value: ({ parts }) => parts.length,
  exemplar: "span"
})

const Inner = Schema.TaggedUnion({ inner: { n: Schema.Number } })

/** The batches again, seen as events of another family. */
export const Mapped = Metric.counter("span.mapped", { events: Inner, value: "n", exemplar: "span" }).pipe(
  Metric.mapEvents(SpanEvent, (event) =>
    event._tag === "span.batch" ? { _tag: "inner", n: event.parts.length } : undefined
  )
)

export const Others = Metric.counter("span.others", { events, when: "span.other" })

/** Everything that a reducer can usually see of its events. */
export const Seen = Metric.make("span.seen", {
  events,
  initial: [] as ReadonlyArray<unknown>,
  reduce: {
    "span.call": (seen, event) => [...seen, [Object.keys(event).sort(), { ...event }, JSON.stringify(event)]],
    "span.batch": (seen, event) => [...seen, [Object.keys(event).sort(), { ...event }, JSON.stringify(event)]]
  },
  view: (seen) => ({ seen })
})
