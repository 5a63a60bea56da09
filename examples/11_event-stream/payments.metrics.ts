import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const PaymentEvent = Schema.TaggedUnion({
  "payment.finished": { customer: Schema.String, outcome: Schema.Literals(["PAID", "DECLINED"]) }
})

const Payments = Metric.counter("payments", { events: PaymentEvent, labels: ["outcome"] })

/** A customer may have paid at each of the tills. */
const Customers = Metric.distinct("payments.customers", { events: PaymentEvent, value: "customer" })

/**
 * The longest run of declined payments at a till. No counter can show this, because it depends on the order of events.
 */
const DeclinedInARow = Metric.make("payments.declined_in_a_row", {
  events: PaymentEvent,
  initial: { now: 0, most: 0 },
  reduce: {
    "payment.finished": ({ most, now }, { outcome }) => {
      const next = outcome === "DECLINED" ? now + 1 : 0
      return { now: next, most: Math.max(most, next) }
    }
  },
  view: ({ most }) => ({ most }),
  merge: (one, other) => ({ now: Math.max(one.now, other.now), most: Math.max(one.most, other.most) })
})

export const PaymentMetrics = Metric.module(import.meta.url, [Payments, Customers, DeclinedInARow])
