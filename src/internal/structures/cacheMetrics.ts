/**
 * The events and metrics of Effect caches.
 */
import * as Schema from "effect/Schema"
import { gauge } from "../metric/gauge.ts"
import { histogram } from "../metric/histogram.ts"
import { module as moduleOf } from "../metric/metricSet.ts"
import { ratio } from "../metric/statistics.ts"

/**
 * The events of caches. Times are in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export const CacheEvent = Schema.TaggedUnion({
  /** A value was requested. On a miss, it had to be looked up. */
  "effect.cache.request": { cache: Schema.String, hit: Schema.Boolean },
  /** A value was looked up. */
  "effect.cache.lookup": { cache: Schema.String, seconds: Schema.Number, error: Schema.optional(Schema.String) },
  /** The number of values in the cache, including expired ones. Without a capacity, it has no limit. */
  "effect.cache.sample": { cache: Schema.String, size: Schema.Number, capacity: Schema.optional(Schema.Number) }
})

/**
 * One of the events of the family.
 *
 * @category models
 * @since 0.2.0
 */
export type CacheEvent = typeof CacheEvent.Type

const events = CacheEvent
/** The program names its caches. */
const maxSeries = 2000
const name = { "effect.cache.name": "cache" } as const
const sample = { events, when: "effect.cache.sample", labels: name, maxSeries, unit: "{item}" } as const

/**
 * All metrics of {@link CacheEvent}.
 *
 * @category models
 * @since 0.2.0
 */
export const CacheMetrics = moduleOf(import.meta.url, [
  ratio("effect.cache.hits", {
    events,
    when: "effect.cache.request",
    hits: "hit",
    labels: name,
    maxSeries,
    description: "Part of the requests that found a value."
  }),
  histogram("effect.cache.lookup.duration", {
    events,
    when: "effect.cache.lookup",
    value: "seconds",
    unit: "s",
    labels: { ...name, "error.type": "error" },
    maxSeries,
    description: "Duration of lookups of values that were not in the cache."
  }),
  gauge("effect.cache.size", { ...sample, value: "size", description: "Number of values in the cache." }),
  gauge("effect.cache.capacity", {
    ...sample,
    value: "capacity",
    description: "Number of values that the cache can hold."
  })
])
