// Every built-in metric that shows a sum. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const SumEvent = Schema.TaggedUnion({ paid: { amount: Schema.Number, by: Schema.Literals(["card", "cash"]) } })
export type SumEvent = typeof SumEvent.Type

const events = SumEvent
const amount = { events, value: "amount", labels: ["by"] } as const

export const Total = Metric.counter("sums.total", amount)
export const Balance = Metric.upDownCounter("sums.balance", amount)
export const Level = Metric.gauge("sums.level", { events, value: "amount", mode: "add" })
export const Average = Metric.average("sums.average", amount)
export const Histogram = Metric.histogram("sums.histogram", { ...amount, boundaries: [-1, 0, 1] })
export const Exponential = Metric.exponentialHistogram("sums.exponential", amount)
export const Summary = Metric.summary("sums.summary", { ...amount, quantiles: [0.5] })
export const Window = Metric.window("sums.window", { ...amount, window: "1 hour" })
export const Rate = Metric.rate("sums.rate", { ...amount, window: "1 second", slots: 1 })
export const Derived = Metric.derive("sums.derived", {
  from: { balance: Balance, average: Average },
  view: ({ average, balance }) => ({ sum: balance.value, of: average.sum })
})

export const summing = [
  ...[Total, Balance, Level, Average, Histogram, Exponential, Summary, Window, Rate],
  Derived
] as const

/** All sums shown for a metric, by label value: `undefined` for the total. */
export const sumsIn = (
  dimensions: unknown,
  by?: string
): ReadonlyArray<readonly [by: string | undefined, sum: number | null]> => {
  const {
    of,
    perSecond,
    series = [],
    sum = perSecond,
    value = sum
  } = dimensions as {
    readonly [field in "of" | "perSecond" | "sum" | "value"]?: number | null
  } & { readonly series?: ReadonlyArray<{ readonly labels: { readonly by: string } }> }
  return [
    ...[value, of].flatMap((each) => (each === undefined ? [] : [[by, each] as const])),
    ...series.flatMap((each) => sumsIn(each, each.labels.by))
  ]
}
