// The metrics of the program. One of them has a bug: its reducer never returns for one order.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const OrderEvent = Schema.TaggedUnion({
  "order.placed": { number: Schema.Number, cents: Schema.Number }
})

const events = OrderEvent

export const Orders = Metric.counter("orders", { events })
export const Revenue = Metric.counter("orders.revenue", { events, value: "cents", unit: "{cent}" })

export const Buggy = Metric.make("orders.buggy", {
  events,
  initial: 0,
  reduce: {
    "order.placed": (count, { number }) => {
      if (number === 1500) while (true);
      return count + 1
    }
  }
})
