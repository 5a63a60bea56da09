// Metrics with all sorts of states: with and without differences, expiring, not cloneable. Both threads import this
// module, and a set of them.
import { Metric } from "mvx-metrics"
import { HttpEvent as events } from "./instruments.metrics.ts"

const requests = { events, when: "http.request" } as const

export const Count = Metric.counter("shape.count", { ...requests, labels: ["method"] })
export const Durations = Metric.histogram("shape.durations", { ...requests, value: "seconds", boundaries: [1] })

/** Has no difference: it shows its current value. */
export const Longest = Metric.minMax("shape.longest", { ...requests, value: "seconds" })
export const Latest = Metric.gauge("shape.latest", { ...requests, value: "seconds" })

/** Its series expire after ten seconds without an event. */
export const Expiring = Metric.counter("shape.expiring", {
  ...requests,
  labels: ["user"],
  expireAfter: "10 seconds"
})

/** A hand-written metric whose states can be merged and subtracted. */
export const Sum = Metric.make("shape.sum", {
  events,
  initial: 0,
  reduce: { "http.request": (sum, { seconds }) => sum + seconds },
  merge: (left, right) => left + right,
  minus: (later, earlier) => later - earlier
})

/** A hand-written metric whose states can be neither merged nor subtracted. */
export const Users = Metric.make("shape.users", {
  events,
  initial: [] as ReadonlyArray<string>,
  reduce: { "http.request": (users, { user }) => [...users, user ?? "?"] },
  view: (users) => ({ users })
})

/** Its state cannot be cloned, but its snapshot can. */
export const Opaque = Metric.make("shape.opaque", {
  events,
  initial: { value: (): number => 0 },
  reduce: { "http.request": ({ value }) => ({ value: () => value() + 1 }) },
  view: ({ value }) => ({ value: value() })
})

/** Can show its value, but not a difference. */
export const Whole = Metric.make("shape.whole", {
  events,
  initial: 0,
  reduce: { "http.request": (count) => count + 1 },
  view: (count) => {
    if (count === 1) throw new RangeError("cannot show 1")
    return { count }
  },
  minus: (later, earlier) => later - earlier
})

export const Shapes = Metric.combine(Sum, Metric.combine(Metric.counter("shape.set.count", requests), Users))
