import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const OrderEvent = Schema.TaggedUnion({
  "order.placed": { customer: Schema.String, cents: Schema.Number }
})

export const Orders = Metric.counter("orders", { events: OrderEvent })

/** Prometheus cannot add this up across processes, because a customer may have ordered in each of them. */
export const Customers = Metric.distinct("orders.customers", { events: OrderEvent, value: "customer" })

export const OrderMetrics = Metric.combine(Orders, Customers)
