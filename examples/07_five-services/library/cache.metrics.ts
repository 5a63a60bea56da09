// The metrics of a third-party library. An application that uses the cache names none of them.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const CacheEvent = Schema.TaggedUnion({
  "cache.lookup": { hit: Schema.Boolean }
})

export const CacheMetrics = Metric.module(import.meta.url, [
  Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
])
