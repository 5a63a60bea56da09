// Definitions only: both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const OrderEvent = Schema.TaggedUnion({
  "order.lookup": { outcome: Schema.Literals(["FOUND", "MISSING"]), seconds: Schema.Number }
})

export const Lookups = Metric.counter("order.lookups", { events: OrderEvent, labels: ["outcome"] })

export const LookupTime = Metric.histogram("order.lookup.duration", {
  events: OrderEvent,
  value: "seconds",
  unit: "s",
  boundaries: [0.01, 0.1, 1]
})

export const OrderMetrics = Metric.module(import.meta.url, [Lookups, LookupTime])
