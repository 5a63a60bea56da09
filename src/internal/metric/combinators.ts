/**
 * Metrics from metrics: under another name, for fewer events, with more labels, over another family.
 *
 * Each combinator returns a new definition and leaves the original unchanged. A built-in metric stays built-in, and keeps
 * its faster fold. Combinators work in a pipe, `metric.pipe(Metric.named("other"))`, and with the metric first,
 * `Metric.named(metric, "other")`.
 */

import type { Family, MetricEvent } from "../model/event.ts"
import { aFamily, aFunction, aString, check, inMetric, notBlank } from "../model/optionChecks.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { aMetric } from "./definition/define.ts"
import type { Any, Dimensions, EventsOf, Metric, State } from "./definition/metric.ts"
import type { TypeId } from "./definition/typeIds.ts"
import type { LabelSource, LabelsOf, LabelValues, Overflow, Series, Unit } from "./instrumentOptions.ts"
import { labelsCheck } from "./instruments/checks.ts"
import { whyNoLabelField } from "./instruments/eventFields.ts"
import { labelSources } from "./instruments/makeInstrument.ts"
import { labelledStates } from "./labelled.ts"
import { type EventMap, filtered, mapped } from "./otherEvents.ts"
import { remake } from "./withChanges.ts"

/**
 * Turns a metric into another one, in a pipe or called with the metric first. The types are in the declarations. It is
 * like `dual`, but checks the arguments in the call that passes them, even if no metric ever goes through the pipe.
 */
const combinator = (arity: 2 | 3, make: (...given: ReadonlyArray<never>) => (self: Any) => Any): never => {
  const applied = (f: (self: Any) => Any) => (self: Any) => {
    check("metric", self, aMetric)
    return f(self)
  }
  const both = (...given: ReadonlyArray<never>) =>
    given.length < arity ? applied(make(...given)) : applied(make(...given.slice(1)))(given[0]!)
  return both as never
}

/**
 * Renames a metric.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const Lookups = Metric.counter("lookups", { events: CacheEvent })
 * Lookups.pipe(Metric.named("cache.lookups")).name // "cache.lookups"
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const named: {
  <const Name extends string>(
    name: Name
  ): <E extends MetricEvent, S, D, R extends MetricEvent>(self: Metric<string, D, S, E, R>) => Metric<Name, D, S, E, R>
  <const Name extends string, E extends MetricEvent, S, D, R extends MetricEvent>(
    self: Metric<string, D, S, E, R>,
    name: Name
  ): Metric<Name, D, S, E, R>
} = combinator(2, (name: string) => {
  check("name", name, notBlank)
  return (self) => remake(self, { name })
})

/**
 * Describes a metric, for people.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 * Lookups.pipe(Metric.describe("Look-ups in the cache.")).description // "Look-ups in the cache."
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const describe: {
  (description: string): <M extends Any>(self: M) => M
  <M extends Any>(self: M, description: string): M
} = combinator(2, (description: string) => {
  check("description", description, aString)
  return (self) => remake(self, { description })
})

/**
 * Sets the unit of a metric, in the UCUM notation of OpenTelemetry: `s`, `By`, `{document}`. Nothing else changes, not
 * even default boundaries.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.eviction": { bytes: Schema.Number } })
 *
 * const Evicted = Metric.counter("cache.evicted", { events: CacheEvent, value: "bytes" })
 * Evicted.pipe(Metric.unit("By")).unit // "By"
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const unit: {
  (unit: Unit): <M extends Any>(self: M) => M
  <M extends Any>(self: M, unit: Unit): M
} = combinator(2, (unit: string) => {
  check("unit", unit, aString)
  return (self) => remake(self, { unit })
})

/**
 * Restricts a metric to the events for which `predicate` returns `true`. It is called with the events that the metric
 * reads: those with the tags of `when`, or of the reducers.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const Misses = Metric.counter("cache.misses", { events: CacheEvent }).pipe(Metric.filter((event) => !event.hit))
 *
 * const state = Metric.fold(Misses, [{ _tag: "cache.lookup", hit: true }, { _tag: "cache.lookup", hit: false }])
 * Metric.snapshot(Misses, state).dimensions // { value: 1 }
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const filter: {
  <M extends Any>(predicate: (event: EventsOf<M>) => boolean): (self: M) => M
  <M extends Any>(self: M, predicate: (event: EventsOf<M>) => boolean): M
} = combinator(2, (predicate: (event: MetricEvent) => boolean) => {
  check("predicate", predicate, aFunction)
  return (self) => filtered(self, predicate)
})

/**
 * Applies a metric to the events of another family. `f` maps each event to one of the metric's own family, or to
 * `undefined` to leave it out.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.response": { status: Schema.Number } })
 * const NotModified = Hits.pipe(
 *   Metric.mapEvents(HttpEvent, (event) => ({ _tag: "cache.lookup", hit: event.status === 304 }))
 * )
 *
 * const state = Metric.fold(NotModified, [{ _tag: "http.response", status: 304 }])
 * Metric.snapshot(NotModified, state).dimensions // { ratio: 1, hits: 1, total: 1 }
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const mapEvents: {
  <M extends Any, F extends Family>(
    events: F,
    f: (event: F["Type"]) => AcceptedBy<M> | undefined
  ): (self: M) => Metric<M["name"], Dimensions<M>, State<M>, F["Type"]>
  <M extends Any, F extends Family, const Own extends AcceptedBy<M> | undefined>(
    self: M,
    events: F,
    f: (event: F["Type"]) => Own
  ): Metric<M["name"], Dimensions<M>, State<M>, F["Type"]>
} = combinator(3, (events: Family, f: EventMap) => {
  check("events", events, aFamily)
  check("f", f, aFunction)
  return (self) => mapped(self, events, f)
})

/** Any event of the family of a metric. */
type AcceptedBy<M extends Any> = Parameters<M[typeof TypeId]["_Event"]>[0]

/**
 * Adds labels to a metric: a series for each combination of their values. Their sources are fields or functions of the
 * events that the metric reads.
 *
 * A metric made by `Metric.make` needs a `merge`, because its series are merged; without one this throws
 * `InvalidArgument`. It takes labels once, all together.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean, cache: Schema.String } })
 *
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 * const ByCache = Lookups.pipe(Metric.labelled({ cache: "cache" }))
 *
 * const state = Metric.fold(ByCache, [{ _tag: "cache.lookup", hit: true, cache: "users" }])
 * Metric.snapshot(ByCache, state).dimensions // { value: 1, series: [{ labels: { cache: "users" }, value: 1 }] }
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const labelled: {
  <R extends MetricEvent, const LS extends LabelSources<R>>(
    labels: LS
  ): <Name extends string, E extends MetricEvent, S, D>(
    self: Metric<Name, D, S, E, R>
  ) => Metric<Name, LabelledDimensions<D, LabelsOf<R, LS>>, unknown, E, R>
  <Name extends string, E extends MetricEvent, S, D, R extends MetricEvent, const LS extends LabelSources<R>>(
    self: Metric<Name, D, S, E, R>,
    labels: LS
  ): Metric<Name, LabelledDimensions<D, LabelsOf<R, LS>>, unknown, E, R>
} = combinator(2, (labels: unknown) => {
  check("labels", labels, labelsCheck)
  const sources = labelSources(labels)
  return (self) => {
    const { events, instrument, name: metric, reduce } = self
    const invalid = whyNoLabelField(sources, events, instrument?.tags ?? Object.keys(reduce))
    if (invalid !== undefined) throw inMetric(metric, invalid)
    if (instrument === undefined) return labelledStates(self, sources)
    const twice = sources.find(([name]) => instrument.labels.some(([known]) => known === name))
    if (twice !== undefined) {
      const reason = `contains the label "${twice[0]}", which the metric already has`
      throw new InvalidArgument({ metric, argument: "labels", reason })
    }
    return remake(self, { instrument: { ...instrument, labels: [...instrument.labels, ...sources] } })
  }
})

type LabelSources<E> = { readonly [label: string]: LabelSource<E> }

type LabelledDimensions<D, L extends LabelValues> = D & Labelled<L, Omit<D, "series" | "overflow" | "rejected">>

/**
 * The dimensions that labels add to those of a metric.
 *
 * @category models
 * @since 0.2.0
 */
export interface Labelled<L extends LabelValues, Point> {
  readonly series: ReadonlyArray<Series<L, Point>>
  readonly overflow?: Overflow<Point>
}
