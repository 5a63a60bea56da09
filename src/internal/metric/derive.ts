/**
 * Metrics computed from other metrics.
 */
import * as Schema from "effect/Schema"
import type { Family, MetricEvent } from "../model/event.ts"
import { aFunction, aRecord, aString, type Check, refuseDefinition, whyInvalidOptions } from "../model/optionChecks.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { define, isDefinition } from "./definition/define.ts"
import { describe } from "./definition/fingerprint.ts"
import type { Any, Dimensions, EventsOf, Metric, State } from "./definition/metric.ts"
import type { TypeId } from "./definition/typeIds.ts"
import type { Unit } from "./instrumentOptions.ts"
import { familyOfAll } from "./unionFamily.ts"

/**
 * The metrics that a derived metric is computed from, by the names that its view uses.
 *
 * @category models
 * @since 0.2.0
 */
export type Sources = { readonly [source: string]: Any }

type EventOf<M extends Any> = Parameters<M[typeof TypeId]["_Event"]>[0]

/**
 * The options of {@link derive}.
 *
 * @category options
 * @since 0.2.0
 */
export interface DeriveOptions<From extends Sources, D> {
  /** The metrics it is computed from. They need not be registered. */
  readonly from: From
  /** Computes the dimensions from those of the sources. */
  readonly view: (dimensions: { readonly [K in keyof From]: Dimensions<From[K]> }, now: number) => D
  /** The description of the metric, for people. */
  readonly description?: string
  /** The unit of the measurement, in UCUM notation as OpenTelemetry has it: `s`, `By`, `{document}`. */
  readonly unit?: Unit
}

/**
 * Computes a metric from the dimensions of others. It folds the events for its sources itself, so its dimensions are of
 * one moment, whatever else is registered.
 *
 * Throws `InvalidArgument` for an invalid definition.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const PoolEvent = Schema.TaggedUnion({ "pool.taken": {}, "pool.returned": {} })
 *
 * const InUse = Metric.derive("pool.in_use", {
 *   from: {
 *     taken: Metric.counter("taken", { events: PoolEvent, when: "pool.taken" }),
 *     returned: Metric.counter("returned", { events: PoolEvent, when: "pool.returned" })
 *   },
 *   view: ({ taken, returned }) => ({ value: taken.value - returned.value })
 * })
 *
 * const state = Metric.fold(InUse, [{ _tag: "pool.taken" }, { _tag: "pool.taken" }, { _tag: "pool.returned" }])
 * Metric.snapshot(InUse, state).dimensions // { value: 1 }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const derive = <const Name extends string, const From extends Sources, D>(
  name: Name,
  options: DeriveOptions<From, D>
): Metric<
  Name,
  D,
  { readonly [K in keyof From]: State<From[K]> },
  EventOf<From[keyof From]>,
  EventsOf<From[keyof From]>
> => {
  refuseDefinition(name, () => whyInvalidDerived(options))
  const sources: ReadonlyArray<readonly [string, Any]> = Object.entries(options.from)
  type States = { readonly [source: string]: unknown }
  const each = (f: (metric: Any, source: string) => unknown): States =>
    Object.fromEntries(sources.map(([source, metric]) => [source, f(metric, source)]))
  const reducer = (state: States, event: MetricEvent, at: number): States => {
    let changed = false
    const next = each(({ reduce }, source) => {
      const before = state[source]
      const after = Object.hasOwn(reduce, event._tag) ? reduce[event._tag]!(before, event, at) : before
      changed ||= !Object.is(before, after)
      return after
    })
    return changed ? next : state
  }
  const tags = new Set(sources.flatMap(([, { reduce }]) => Object.keys(reduce)))
  const all = (part: "merge" | "minus") =>
    sources.every(([, metric]) => metric[part] !== undefined)
      ? (left: States, right: States, now?: number) =>
          each((metric, source) => metric[part]!(left[source], right[source], now))
      : undefined
  return define({
    name,
    events: familyOfAll(sources.map(([, { events }]) => events)),
    initial: each(({ initial }) => initial),
    reduce: Object.fromEntries(Array.from(tags, (tag) => [tag, reducer])),
    view: (state: States, now) => options.view(each((metric, source) => metric.view(state[source], now)) as never, now),
    merge: all("merge"),
    minus: all("minus"),
    description: options.description,
    unit: options.unit,
    instrument: undefined,
    sources: Object.freeze({ ...options.from })
  }) as never
}

const whyInvalidDerived = (options: unknown): InvalidArgument | undefined => {
  const noMetrics = "must be an object of metrics, at least one"
  const someMetrics: Check = (value) =>
    aRecord(value) === undefined && Object.keys(value as object).length > 0 ? undefined : noMetrics
  const checks = { from: someMetrics, view: aFunction, description: aString, unit: aString }
  const invalid = whyInvalidOptions(options, checks, ["from", "view"])
  if (invalid !== undefined) return invalid
  const { from } = options as DeriveOptions<Sources, unknown>
  const wrong = Object.entries(from).find(([, metric]) => !isDefinition(metric))
  if (wrong !== undefined) return new InvalidArgument({ argument: `from["${wrong[0]}"]`, reason: "is not a metric" })
  const known = new Map<string, Family["cases"][string]>()
  for (const [source, { events }] of Object.entries(from)) {
    for (const [tag, schema] of Object.entries(events.cases)) {
      const other = known.get(tag)
      if (other !== undefined && other !== schema && shape(other) !== shape(schema)) {
        const reason = `declares the event "${tag}" differently from the sources before it`
        return new InvalidArgument({ argument: `from["${source}"]`, reason })
      }
      known.set(tag, schema)
    }
  }
  return undefined
}

const shape = (schema: Family["cases"][string]): string => describe(Schema.toRepresentation(schema as Schema.Top))
