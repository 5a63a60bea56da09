/**
 * The definition of a metric as data, with a pure reducer per event tag; the constructor, and functions that work on
 * any metric. Used as `Metric.make`, `Metric.fold` and so on.
 */
import { type Family, type MetricEvent, type TagOf, tagsOf } from "../model/event.ts"
import {
  aFamily,
  aFunction,
  anIterable,
  anything,
  aRecord,
  aString,
  aTime,
  type Check,
  check,
  got,
  isRecord,
  refuseDefinition,
  whyInvalid,
  whyInvalidOptions
} from "../model/optionChecks.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { didYouMean } from "../util/didYouMean.ts"
import { aMetric, define, isDefinition } from "./definition/define.ts"
import { made } from "./definition/fingerprint.ts"
import type { Any, DefaultDimensions, Metric, ReducedBy, Reducers, ReducerTags } from "./definition/metric.ts"
import type { Snapshot } from "./definition/snapshot.ts"
import type { Unit } from "./instrumentOptions.ts"

/**
 * The options of {@link make}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options<F extends Family, State, Dimensions, Tag extends string = TagOf<F>> {
  /** The family of events the metric reads. */
  readonly events: F
  /** The state before the first event: plain data. It is frozen, so a reducer cannot change it in place. */
  readonly initial: State
  /**
   * A pure reducer for each tag that concerns the metric. A reducer that returns a literal of a union needs a const
   * assertion: `({ status: "open" as const })`.
   */
  readonly reduce: Reducers<F, NoInfer<State>> & ReducerTags<F, Tag>
  /** Computes JSON-safe dimensions from the state. Default: the state itself, or `{ value }` for a primitive. */
  readonly view?: (state: NoInfer<State>, now: number) => Dimensions
  /**
   * Merges two states into the state of a metric that took the events of both, in either order. Required to merge the
   * states of several recorders, threads or processes.
   */
  readonly merge?: (left: NoInfer<State>, right: NoInfer<State>) => State
  /** Returns the difference between a later and an earlier state. Required for delta reads to show what was added. */
  readonly minus?: (later: NoInfer<State>, earlier: NoInfer<State>) => State
  /** What the metric measures, for people. */
  readonly description?: string
  /** The unit of the measurement, in UCUM notation as OpenTelemetry has it: `s`, `By`, `{document}`. `seconds` is `s`. */
  readonly unit?: Unit
}

const defaultView = made(
  (state: unknown): unknown => (typeof state === "object" && state !== null ? state : { value: state }),
  () => "the default"
)

/**
 * Defines a metric. Throws `InvalidArgument` for an invalid definition: a blank name, no family, a reducer for a tag that
 * is not in the family, an unknown option.
 *
 * Each call of a reducer, a view or a merge runs to its end while all recorders of the runtime wait, because the
 * library can interrupt only its own code. Keep states to a few hundred numbers. For a number per label, use a built-in
 * metric with `labels`, whose series are read, merged and saved in steps, and compute from several of them with
 * {@link derive}.
 *
 * @param name stable and plural: `document_storage.save.attempts`
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.eviction": { bytes: Schema.Number } })
 *
 * const Largest = Metric.make("cache.evictions.largest", {
 *   events: CacheEvent,
 *   initial: 0,
 *   reduce: { "cache.eviction": (largest, { bytes }) => Math.max(largest, bytes) },
 *   merge: Math.max,
 *   unit: "By"
 * })
 * const state = Metric.fold(Largest, [{ _tag: "cache.eviction", bytes: 30 }, { _tag: "cache.eviction", bytes: 20 }])
 * Metric.snapshot(Largest, state).dimensions // { value: 30 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <
  const Name extends string,
  State,
  Tag extends string,
  F extends Family,
  Dimensions = DefaultDimensions<State>
>(
  name: Name,
  options: Options<F, State, Dimensions, Tag>
): Metric<Name, Dimensions, State, F["Type"], ReducedBy<F, Tag>> => {
  refuseDefinition(name, () => whyInvalidDefinition(options))
  const { merge } = options
  return define({
    name,
    events: options.events,
    initial: options.initial,
    reduce: options.reduce as Any["reduce"],
    view: options.view ?? defaultView,
    // Without the reader's time, because many definitions pass a plain function: `merge: Math.max`.
    merge: merge && ((left: State, right: State) => merge(left, right)),
    minus: options.minus,
    description: options.description,
    unit: options.unit,
    instrument: undefined,
    sources: undefined
  })
}

const whyInvalidDefinition = (options: unknown): InvalidArgument | undefined => {
  const invalid = whyInvalidOptions(
    options,
    {
      events: aFamily,
      initial: anything,
      reduce: (value) => (aRecord(value) === undefined ? undefined : "must be an object of reducers by tag"),
      view: aFunction,
      merge: aFunction,
      minus: aFunction,
      description: aString,
      unit: aString
    },
    ["events", "initial", "reduce"]
  )
  if (invalid !== undefined) return invalid
  const { events, reduce } = options as Options<Family, unknown, unknown>
  for (const [tag, reducer] of Object.entries(reduce)) {
    if (!Object.hasOwn(events.cases, tag)) {
      return new InvalidArgument({
        argument: `reduce["${tag}"]`,
        reason: `is not an event of the family.${didYouMean(tag, tagsOf(events))} Its events are: ${tagsOf(events).join(", ")}`
      })
    }
    const wrong = whyInvalid(`reduce["${tag}"]`, reducer, aFunction)
    if (wrong !== undefined) return wrong
  }
  return Object.keys(reduce).length === 0
    ? new InvalidArgument({ argument: "reduce", reason: "has no reducer, so the metric could never change" })
    : undefined
}

/**
 * Whether a value is a definition of a metric. Never throws.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const exported: ReadonlyArray<unknown> = [CacheEvent, Metric.counter("cache.lookups", { events: CacheEvent })]
 *
 * exported.filter(Metric.isMetric).map(({ name }) => name) // ["cache.lookups"]
 * ```
 *
 * @category guards
 * @since 0.2.0
 */
export const isMetric: (value: unknown) => value is Any = isDefinition

/**
 * Returns the state after `event`, emitted `at` (milliseconds since the Unix epoch; default 0).
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean }, "cache.eviction": {} })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent, when: "cache.lookup" })
 *
 * const state = Metric.reduce(Lookups, Lookups.initial, { _tag: "cache.lookup", hit: true })
 * Metric.snapshot(Lookups, state).dimensions // { value: 1 }
 * Metric.reduce(Lookups, state, { _tag: "cache.eviction" }) === state // true
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const reduce = <Name extends string, E extends MetricEvent, S, D>(
  metric: Metric<Name, D, S, E, MetricEvent>,
  state: S,
  event: E,
  at = 0
): S => {
  check("metric", metric, aMetric)
  check("event", event, anEvent)
  check("at", at, aTime)
  return next(metric, state, event, at)
}

const next = <E extends MetricEvent, S>(
  metric: Metric<string, unknown, S, E, MetricEvent>,
  state: S,
  event: E,
  at: number
): S => {
  const reducer = Object.hasOwn(metric.reduce, event._tag) ? metric.reduce[event._tag] : undefined
  return reducer === undefined ? state : reducer(state, event, at)
}

/**
 * Returns the state after `events`, folded in order from the initial state, all emitted `at` (default 0).
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const state = Metric.fold(Hits, [{ _tag: "cache.lookup", hit: true }, { _tag: "cache.lookup", hit: false }])
 * Metric.snapshot(Hits, state).dimensions // { ratio: 0.5, hits: 1, total: 2 }
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const fold = <Name extends string, E extends MetricEvent, S, D>(
  metric: Metric<Name, D, S, E, MetricEvent>,
  events: Iterable<E>,
  at = 0
): S => {
  check("metric", metric, aMetric)
  check("events", events, anIterable("events"))
  check("at", at, aTime)
  let state = metric.initial
  for (const event of events) {
    check("events", event, anEvent)
    state = next(metric, state, event, at)
  }
  return state
}

/**
 * Returns the snapshot of a state, as a recorder would. `now` (default 0) is for views that show a window of time.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 *
 * Metric.snapshot(Lookups, Lookups.initial) // { name: "cache.lookups", dimensions: { value: 0 } }
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const snapshot = <Name extends string, E extends MetricEvent, S, D>(
  metric: Metric<Name, D, S, E, MetricEvent>,
  state: S,
  now = 0
): Snapshot<D> => {
  check("metric", metric, aMetric)
  check("now", now, aTime)
  return { name: metric.name, dimensions: metric.view(state, now) }
}

const anEvent: Check = (value) =>
  isRecord(value) && typeof value._tag === "string"
    ? undefined
    : `must be an event, an object with a _tag, got ${got(value)}`
