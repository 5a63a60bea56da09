/**
 * Events: readonly plain objects with a `_tag`.
 *
 * An event states what happened (`document_storage.save.attempt`, outcome `FAILURE`). It counts nothing and knows no
 * metric. Related events form a family, a tagged union declared with `Schema.TaggedUnion`, so that types and validation
 * come from one place.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { MetricEvent } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({
 *   "cache.lookup": { hit: Schema.Boolean },
 *   "cache.eviction": { bytes: Schema.Number }
 * })
 * type CacheEvent = typeof CacheEvent.Type
 *
 * MetricEvent.tagsOf(CacheEvent) // ["cache.lookup", "cache.eviction"]
 * MetricEvent.isMetricEvent({ _tag: "cache.lookup", hit: true }) // true
 * ```
 *
 * @since 0.2.0
 */
export * from "./internal/model/event.ts"
