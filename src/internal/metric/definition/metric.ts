/** The types of a metric's definition and of a set of metrics. The functions that make them are in the folder above. */
import type { Pipeable } from "effect/Pipeable"
import type { Family, MetricEvent, TagOf } from "../../model/event.ts"
import type { Instrument } from "./instrument.ts"
import type { EventsTypeId, SetTypeId, TypeId } from "./typeIds.ts"

/**
 * A pure function from a state and an event to the next state. Returning the same state (by `Object.is`) means that the
 * event does not concern the metric. `at` is the time of the event, in milliseconds since the Unix epoch.
 *
 * @category models
 * @since 0.2.0
 */
export type Reducer<State, Event extends MetricEvent> = (state: State, event: Event, at: number) => State

/**
 * A definition of a metric. Make one with {@link make}. `Event` is the union of the events of its family, which
 * {@link fold} accepts. `Read` is the union of the events that concern it: those with the tags of its reducers. Both come
 * last, because editors cut long types.
 *
 * @category models
 * @since 0.2.0
 */
export interface Metric<
  out Name extends string,
  out Dimensions,
  in out State,
  in Event extends MetricEvent,
  out Read extends MetricEvent = Event
> extends Pipeable {
  readonly [TypeId]: { readonly _Event: (event: Event) => void }
  /** For the type checker only, see {@link EventsOf}. */
  readonly [EventsTypeId]: Read
  readonly name: Name
  readonly events: Family
  readonly initial: State
  /** The reducers by tag. Events with other tags do not concern the metric. */
  // biome-ignore lint/suspicious/noExplicitAny: each reducer takes the event of its own tag, which the key decides.
  readonly reduce: { readonly [tag: string]: Reducer<State, any> }
  /** Computes the dimensions from the state. `now` is the time of the reader's clock, in milliseconds since the epoch. */
  readonly view: (state: State, now: number) => Dimensions
  /**
   * Merges two states into the state of a metric that took the events of both. `undefined` if the definition has no
   * `merge`. `now` is the reader's time, if there is one: times after it come from a clock that ran ahead, and do not
   * make a built-in metric's value the latest.
   */
  readonly merge: ((left: State, right: State, now?: number) => State) | undefined
  /** Returns the difference between a later and an earlier state, as a state. `undefined` if the metric has none. */
  readonly minus: ((later: State, earlier: State) => State) | undefined
  readonly description: string | undefined
  readonly unit: string | undefined
  /** The parts of a built-in metric, as data. `undefined` for metrics of {@link make}. */
  readonly instrument: Instrument | undefined
  /** The metrics that a derived metric is computed from. */
  readonly sources: { readonly [source: string]: Any } | undefined
}

/**
 * Any metric.
 *
 * @category models
 * @since 0.2.0
 */
// biome-ignore lint/suspicious/noExplicitAny: the bound of "a metric of whatever state".
export type Any = Metric<string, unknown, any, any, MetricEvent>

/**
 * The union of the events that a metric reads, or that the metrics of a set read: those with the tags of `when` or of the
 * reducers.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean }, "cache.eviction": {} })
 *
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent, when: "cache.lookup" })
 * const event: Metric.EventsOf<typeof Lookups> = { _tag: "cache.lookup", hit: true }
 * ```
 *
 * @category utility types
 * @since 0.2.0
 */
export type EventsOf<M extends Any | MetricSet> = M[typeof EventsTypeId]

/**
 * The dimensions that snapshots of a metric have.
 *
 * @category utility types
 * @since 0.2.0
 */
export type Dimensions<M extends Any> = ReturnType<M["view"]>

/**
 * The state of a metric.
 *
 * @category utility types
 * @since 0.2.0
 */
export type State<M extends Any> = Parameters<M["view"]>[0]

/**
 * The dimensions of a metric without a view: an object as it is, anything else as `value`.
 *
 * @category utility types
 * @since 0.2.0
 */
export type DefaultDimensions<State> = State extends object ? State : { readonly value: State }

/**
 * The reducers of a metric over a family: one for each tag that concerns it.
 *
 * @category utility types
 * @since 0.2.0
 */
export type Reducers<F extends Family, State> = {
  readonly [Tag in keyof F["cases"] & string]?: (state: State, event: F["cases"][Tag]["Type"], at: number) => State
}

/**
 * Rejects a reducer whose tag is not in the family, by a short type that names the tag. Other reducers pass.
 *
 * @category utility types
 * @since 0.2.0
 */
export type ReducerTags<F extends Family, Tag extends string> = {
  readonly [T in Tag]: T extends TagOf<F> ? unknown : string extends T ? unknown : `The family has no event ${T}`
}

/**
 * The events with these tags. If the tags are not known, the reducers may be for any event of the family.
 *
 * @category utility types
 * @since 0.2.0
 */
export type ReducedBy<F extends Family, Tag extends string> = string extends Tag ? F["Type"] : F["cases"][Tag]["Type"]

/**
 * Several metrics that are registered as one, or not at all. Make a set with `Metric.combine` or `Metric.module`. Its
 * type keeps the metrics, so that reads of the set are typed by name.
 *
 * @category models
 * @since 0.2.0
 */
export interface MetricSet<out Metrics extends ReadonlyArray<Any> = ReadonlyArray<Any>> {
  readonly [SetTypeId]: typeof SetTypeId
  /** For the type checker only, see {@link EventsOf}. */
  readonly [EventsTypeId]: EventsOf<Metrics[number]>
  readonly metrics: Metrics
  /** The URLs of the modules in which parts of the set were declared with {@link module}. */
  readonly modules: ReadonlyArray<string>
}

/**
 * Metrics as they can be given: one, a set, or a list of these.
 *
 * @category utility types
 * @since 0.2.0
 */
export type MetricsGiven = Any | MetricSet | ReadonlyArray<Any | MetricSet>
