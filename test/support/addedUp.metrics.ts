// Metrics that are merged over several recorders. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

const events = Schema.TaggedUnion({ "part.made": { kind: Schema.String, size: Schema.Number } })

export const part = (kind: string) => ({ _tag: "part.made", kind, size: 2 }) as const

const options = { events, labels: ["kind"], maxSeries: 5000 } as const
const brief = { ...options, expireAfter: "1 minute" } as const

export const Parts = Metric.counter("parts", options)
export const PartSizes = Metric.histogram("part.sizes", { ...options, value: "size", boundaries: [1] })
export const PartSpread = Metric.exponentialHistogram("part.spread", { ...options, value: "size" })
export const PartSummary = Metric.summary("part.summary", { ...options, value: "size" })
export const BriefParts = Metric.counter("parts.brief", brief)
export const BriefSizes = Metric.histogram("part.sizes.brief", { ...brief, value: "size", boundaries: [1] })

export const all = [Parts, PartSizes, PartSpread, PartSummary, BriefParts, BriefSizes]
