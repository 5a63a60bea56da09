import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const OrderEvent = Schema.TaggedUnion({
  "order.placed": { outcome: Schema.Literals(["SUCCESS", "FAILURE"]), seconds: Schema.Number }
})

export const OrderMetrics = Metric.module(import.meta.url, [
  Metric.counter("orders", { events: OrderEvent, labels: ["outcome"], unit: "{order}" }),
  Metric.histogram("orders.duration", { events: OrderEvent, value: "seconds", unit: "s" })
])
