import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const PaymentEvent = Schema.TaggedUnion({
  "payment.charge": { outcome: Schema.Literals(["SUCCESS", "FAILURE"]), amount: Schema.Number }
})

export const PaymentMetrics = Metric.module(import.meta.url, [
  Metric.counter("payments", { events: PaymentEvent, labels: ["outcome"], unit: "{payment}" }),
  Metric.counter("payments.amount", { events: PaymentEvent, value: "amount", unit: "{EUR}" }).pipe(
    Metric.filter(({ outcome }) => outcome === "SUCCESS")
  )
])
