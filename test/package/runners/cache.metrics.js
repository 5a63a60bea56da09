// Definitions only: both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean, tenant: Schema.String } })

export const Lookups = Metric.counter("cache.lookups", { events: CacheEvent, labels: ["hit", "tenant"] })
