/**
 * Which events nobody measures.
 */
import * as Predicate from "effect/Predicate"
import { isMetricSet, type MetricSet, metricsOf } from "./Combinators.ts"
import { isDefinition } from "./internal/definition/definition.ts"
import { aFamily, type Check, whyInvalid } from "./internal/options.ts"
import type { Any } from "./Metric.ts"
import { type Family, type TagOf, tagsOf } from "./MetricEvent.ts"

const metricsAndSets: Check = (value) =>
  Array.isArray(value) && value.every((each) => isDefinition(each) || isMetricSet(each))
    ? undefined
    : "must be an array of metrics and sets of metrics"

/**
 * The tags of a family that none of the metrics reads, in the order of their declaration. A test can ask for it, or an
 * application at its start: `yield* recorder.metrics` are the metrics of a recorder.
 *
 * Tags count, whichever family a metric knows them from: a recorder gives events to metrics by their tag. Throws
 * `InvalidArgument` for what is no family, and for what is no metric.
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
 */
export const unread = <F extends Family>(family: F, metrics: Iterable<Any | MetricSet>): ReadonlyArray<TagOf<F>> => {
  // What is listed once cannot be listed again: an iterator.
  const parts = Predicate.isIterable(metrics) ? [...metrics] : undefined
  const invalid = whyInvalid("family", family, aFamily) ?? whyInvalid("metrics", parts, metricsAndSets)
  if (invalid !== undefined) throw invalid
  const read = new Set(parts!.flatMap(metricsOf).flatMap(({ reduce }) => Object.keys(reduce)))
  return tagsOf(family).filter((tag) => !read.has(tag))
}
