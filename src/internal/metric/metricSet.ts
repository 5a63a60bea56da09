/**
 * Sets: several metrics that are registered, read and exported as one. A set can name the module it is declared in.
 */
import * as Predicate from "effect/Predicate"
import { check } from "../model/optionChecks.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { aMetricOrSet, isSet, metricsAndSets } from "./definition/define.ts"
import { distinct } from "./definition/fingerprint.ts"
import type { Any, MetricSet } from "./definition/metric.ts"
import { type EventsTypeId, SetTypeId } from "./definition/typeIds.ts"

/**
 * Combines several metrics into a set that is registered, read and exported as one. The set keeps the types of its
 * metrics, also of those of sets inside it. Of definitions that are the same, the first one is kept. Throws
 * `InvalidArgument` if two different ones have the same name.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const CacheMetrics = Metric.combine(
 *   Metric.counter("cache.lookups", { events: CacheEvent }),
 *   Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 * )
 * CacheMetrics.metrics.map(({ name }) => name) // ["cache.lookups", "cache.hits"]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const combine = <const Parts extends ReadonlyArray<Any | MetricSet>>(
  ...parts: Parts
): MetricSet<MetricsOf<Parts>> => setOf(parts, [])

/**
 * Declares the metrics of a module, which is given by its `import.meta.url`. A metrics worker imports the module when the
 * set is registered, so the module exports the set and has no side effects. Throws `InvalidArgument` if two metrics have
 * the same name.
 *
 * Where a bundler leaves `import.meta.url` undefined, the set has no module, and the worker needs `MetricsWorker.run`.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * export const CacheMetrics = Metric.module(import.meta.url, [
 *   Metric.counter("cache.lookups", { events: CacheEvent }),
 *   Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 * ])
 * CacheMetrics.metrics.map(({ name }) => name) // ["cache.lookups", "cache.hits"]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
const module_ = <const Parts extends ReadonlyArray<Any | MetricSet>>(
  url: string | undefined,
  metrics: Parts
): MetricSet<MetricsOf<Parts>> => {
  check("url", url, (value) =>
    value === undefined || (Predicate.isString(value) && URL.canParse(value))
      ? undefined
      : "must be the URL of the module: import.meta.url"
  )
  check("metrics", metrics, metricsAndSets)
  return setOf(metrics, url === undefined ? [] : [url])
}

export { module_ as module }

/**
 * The metrics of metrics and sets. A list that contains only metrics takes the type checker one step, however long it
 * is.
 */
type MetricsOf<Parts extends ReadonlyArray<Any | MetricSet>> =
  Parts extends ReadonlyArray<Any>
    ? Parts
    : number extends Parts["length"]
      ? ReadonlyArray<MetricsOfPart<Parts[number]>[number]>
      : Flattened<Parts>

type Flattened<Parts, Done extends ReadonlyArray<Any> = readonly []> = Parts extends readonly [
  infer First extends Any | MetricSet,
  ...infer Rest
]
  ? Flattened<Rest, readonly [...Done, ...MetricsOfPart<First>]>
  : Done

type MetricsOfPart<Part extends Any | MetricSet> =
  Part extends MetricSet<infer Metrics> ? Metrics : Part extends Any ? readonly [Part] : never

const setOf = (parts: ReadonlyArray<Any | MetricSet>, declaredIn: ReadonlyArray<string>): never => {
  for (const part of parts) check("metrics", part, aMetricOrSet)
  const given = parts.flatMap(metricsOf)
  const metrics = distinct(given)
  const names = new Set<string>()
  const taken = metrics.find(({ name }) => names.size === names.add(name).size)?.name
  if (metrics.length === 0) throw new InvalidArgument({ argument: "metrics", reason: "must be at least one" })
  if (taken !== undefined)
    throw new InvalidArgument({ argument: "metrics", reason: `contains two metrics named "${taken}"` })
  const modules = [...declaredIn, ...parts.flatMap((part) => (isMetricSet(part) ? part.modules : []))]
  return Object.freeze({
    [SetTypeId]: SetTypeId,
    metrics: Object.freeze(metrics),
    modules: Object.freeze([...new Set(modules)])
  } satisfies Omit<MetricSet, typeof EventsTypeId>) as never
}

/**
 * Whether a value is a set of metrics. Never throws.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 *
 * Metric.isMetricSet(Metric.combine(Lookups)) // true
 * Metric.isMetricSet(Lookups) // false
 * ```
 *
 * @category guards
 * @since 0.2.0
 */
export const isMetricSet: (value: unknown) => value is MetricSet = isSet

/**
 * Returns the metrics of a set, or a single metric as an array.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const namesOf = (part: Metric.Any | Metric.MetricSet) => Metric.metricsOf(part).map(({ name }) => name)
 * namesOf(Metric.combine(Lookups, Hits)) // ["cache.lookups", "cache.hits"]
 * namesOf(Hits) // ["cache.hits"]
 * ```
 *
 * @category getters
 * @since 0.2.0
 */
export const metricsOf = (part: Any | MetricSet): ReadonlyArray<Any> => {
  if (isMetricSet(part)) return part.metrics
  check("metric", part, aMetricOrSet)
  return [part]
}
