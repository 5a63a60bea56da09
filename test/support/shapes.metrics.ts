// Metrics whose states are of all sorts: with a difference and without, expiring, not to be copied. Both threads import
// this module, and take a set of them as well.
import { Metric } from "mvx-metrics"
import { HttpEvent as events } from "./instruments.metrics.ts"

const requests = { events, when: "http.request" } as const

export const Count = Metric.counter("shape.count", { ...requests, labels: ["method"] })
export const Durations = Metric.histogram("shape.durations", { ...requests, value: "seconds", boundaries: [1] })

/** Has no difference: it shows what it has. */
export const Longest = Metric.minMax("shape.longest", { ...requests, value: "seconds" })
export const Latest = Metric.gauge("shape.latest", { ...requests, value: "seconds" })

/** Its series go after ten seconds without an event. */
export const Expiring = Metric.counter("shape.expiring", {
  ...requests,
  labels: ["user"],
  expireAfter: "10 seconds"
})

/** One of an application, whose states can be put together and taken apart. */
export const Sum = Metric.make("shape.sum", {
  events,
  initial: 0,
  reduce: { "http.request": (sum, { seconds }) => sum + seconds },
  merge: (left, right) => left + right,
  minus: (later, earlier) => later - earlier
})

/** One whose states can be neither. */
export const Users = Metric.make("shape.users", {
  events,
  initial: [] as ReadonlyArray<string>,
  reduce: { "http.request": (users, { user }) => [...users, user ?? "?"] },
  view: (users) => ({ users })
})

/** Its state cannot be copied, what it shows can. */
export const Opaque = Metric.make("shape.opaque", {
  events,
  initial: { value: (): number => 0 },
  reduce: { "http.request": ({ value }) => ({ value: () => value() + 1 }) },
  view: ({ value }) => ({ value: value() })
})

/** Can show what it has, but not a part of it. */
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
