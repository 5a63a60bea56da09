// A metric with very many series.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const ManyEvent = Schema.TaggedUnion({ many: { of: Schema.String } })

export const many = (i: number) => ({ _tag: "many", of: `series ${i}` }) as const

export const Many = Metric.counter("many", { events: ManyEvent, labels: ["of"], maxSeries: 200_000 })
