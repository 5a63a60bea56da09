/**
 * Finds events that no metric reads.
 */
import { type Family, type TagOf, tagsOf } from "../model/event.ts"
import { aFamily, anIterable, check } from "../model/optionChecks.ts"
import { metricsAndSets } from "./definition/define.ts"
import type { Any, MetricSet } from "./definition/metric.ts"
import { metricsOf } from "./metricSet.ts"

/**
 * Returns the tags of a family that none of the metrics reads, in the order of their declaration. Use it in a test, or at
 * the start of an application with the metrics of a recorder: `yield* recorder.metrics`.
 *
 * Only the tag counts, whichever family declares it, because a recorder passes events to metrics by tag. Throws
 * `InvalidArgument` if an argument is not a family or not a metric.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean }, "cache.eviction": {} })
 *
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, when: "cache.lookup", hits: "hit" })
 *
 * Metric.unread(CacheEvent, [Hits]) // ["cache.eviction"]
 * ```
 *
 * @category getters
 * @since 0.2.0
 */
export const unread = <F extends Family>(family: F, metrics: Iterable<Any | MetricSet>): ReadonlyArray<TagOf<F>> => {
  check("family", family, aFamily)
  check("metrics", metrics, anIterable("metrics and sets of metrics"))
  // An iterator can be read only once.
  const parts = [...metrics]
  check("metrics", parts, metricsAndSets)
  const read = new Set(parts.flatMap(metricsOf).flatMap(({ reduce }) => Object.keys(reduce)))
  return tagsOf(family).filter((tag) => !read.has(tag))
}
