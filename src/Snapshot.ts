/**
 * Snapshots: the dimensions of metrics as plain, structured data.
 *
 * @example
 * ```ts
 * import { Snapshot } from "mvx-metrics"
 *
 * const snapshots: Snapshot.Snapshots = {
 *   "cache.lookups": { name: "cache.lookups", dimensions: { total: 3, hits: 2 } }
 * }
 * Snapshot.isQuarantined(snapshots["cache.lookups"]!) // false
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isDefinition } from "./internal/definition/definition.ts"
import { isSame } from "./internal/definition/fingerprint.ts"
import type { MetricsGiven } from "./internal/definition/metricsGiven.ts"
import { isState, misfits, stateOf } from "./internal/definition/stateShape.ts"
import { describeError } from "./internal/describeError.ts"
import type * as Metric from "./Metric.ts"
import { InvalidArgument, StateMismatch } from "./MetricsError.ts"
import type { Stats } from "./Stats.ts"

/**
 * What one metric of one recorder shows: its stable name, and its dimensions (plain, JSON-safe data).
 *
 * @category models
 * @since 0.1.0
 */
export interface Snapshot<out Dimensions = unknown, out Name extends string = string> {
  readonly name: Name
  readonly dimensions: Dimensions
  /** Present only if the metric is quarantined. `dimensions` is then its last good state. */
  readonly quarantine?: Quarantine
}

/**
 * Why a metric is quarantined, and the number of events it has missed since, the one it failed on included.
 *
 * @category models
 * @since 0.1.0
 */
export interface Quarantine {
  readonly error: string
  readonly missed: number
}

/**
 * The snapshots of a recorder by metric name, in the order of registration.
 *
 * @category models
 * @since 0.1.0
 */
export type Snapshots = { readonly [name: string]: Snapshot }

/**
 * The snapshots of a set, a metric, or a list of these, by name and typed by their definitions: what
 * `recorder.snapshot(set)` returns.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, type Snapshot } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const CacheMetrics = Metric.combine(
 *   Metric.counter("cache.lookups", { events: CacheEvent }),
 *   Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 * )
 *
 * const describe = (snapshots: Snapshot.SnapshotsOf<typeof CacheMetrics>): string =>
 *   `${snapshots["cache.hits"].dimensions.hits} of ${snapshots["cache.lookups"].dimensions.value}`
 * ```
 *
 * @category utility types
 * @since 0.1.0
 */
export type SnapshotsOf<Given extends MetricsGiven> = {
  readonly [M in MetricsIn<Given> as M["name"]]: Snapshot<Metric.Dimensions<M>, M["name"]>
}

/** The metrics of one, of a set, or of a list of these. */
type MetricsIn<Given> = Given extends Metric.MetricSet
  ? Given["metrics"][number]
  : Given extends Metric.Any
    ? Given
    : Given extends ReadonlyArray<infer Each>
      ? MetricsIn<Each>
      : never

/**
 * A snapshot of a metric, or of one of the metrics of a set: its `name` decides which.
 *
 * @category utility types
 * @since 0.1.0
 */
export type SnapshotOf<M extends Metric.Any | Metric.MetricSet> = M extends Metric.MetricSet
  ? SnapshotsOf<M>[keyof SnapshotsOf<M>]
  : M extends Metric.Any
    ? Snapshot<Metric.Dimensions<M>, M["name"]>
    : never

/**
 * The state of a metric, with what is needed to tell whether another one can be merged with it.
 *
 * @category models
 * @since 0.1.0
 */
export interface MetricState {
  /** What the definition of the metric says of its states: kind, labels, boundaries, unit and the like, as text. */
  readonly definition: { readonly [part: string]: string }
  readonly state: unknown
}

/**
 * The states of metrics by name: plain data, which can be merged. See {@link merge}.
 *
 * @category models
 * @since 0.1.0
 */
export type States = { readonly [name: string]: MetricState }

/**
 * One read of a recorder with everything that belongs to it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly recorderId: string
  readonly entityId: string
  /** The time of the reader's clock at the read, in milliseconds since the Unix epoch. */
  readonly at: number
  /** The read includes every event up to this sequence number (the count of events accepted when it was asked for). */
  readonly sequence: number
  readonly snapshots: Snapshots
  /** The accounting at the moment the read was answered. */
  readonly stats: Stats
}

/**
 * One change of one metric: the event that caused it, and the snapshot after it.
 *
 * @category models
 * @since 0.1.0
 */
export interface MetricChange<out S extends Snapshot = Snapshot> {
  readonly recorderId: string
  readonly entityId: string
  /** The tag of the event that changed the metric. */
  readonly tag: string
  /** The sequence number of that event in its recorder, from 1. */
  readonly sequence: number
  /** The time the event was emitted, in milliseconds since the Unix epoch. */
  readonly at: number
  readonly snapshot: S
}

/**
 * Whether a metric is quarantined, because its reducer or its view threw.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay, Snapshot } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.stored": { json: Schema.String } })
 * const Items = Metric.make("cache.items", {
 *   events: CacheEvent,
 *   initial: 0,
 *   reduce: { "cache.stored": (total, { json }) => total + JSON.parse(json).length }
 * })
 *
 * const captured = [{ at: 1_000, event: { _tag: "cache.stored", json: "[1, 2" } as const }]
 * const snapshot = Replay.run(Items, captured)["cache.items"]
 * Snapshot.isQuarantined(snapshot) // true
 * snapshot.quarantine?.missed // 1
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isQuarantined = (snapshot: Snapshot): snapshot is Snapshot & { readonly quarantine: Quarantine } =>
  snapshot.quarantine !== undefined

/**
 * Merges the states of several recorders, threads or processes. Returns the snapshots that a single recorder would have
 * produced from the events of all. `now` (milliseconds since the Unix epoch, default 0) is for views that show a window
 * of time. It also decides which of several values is the latest: a time after `now` comes from a clock that ran ahead.
 *
 * `parts` are results of `recorder.states`, also after a round trip through JSON. Metrics without a state are left out.
 * Fails with `StateMismatch` for a state of another version of its metric (other labels, boundaries or unit, another
 * kind), and with `InvalidArgument` for a value that is not a state. A metric without a `merge` is a defect.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, Recorder, Snapshot } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const program = Effect.gen(function* () {
 *   const one = yield* Recorder.make()
 *   const other = yield* Recorder.make()
 *   for (const recorder of [one, other]) yield* recorder.register(Hits)
 *   yield* one.emit({ _tag: "cache.lookup", hit: true })
 *   yield* other.emit({ _tag: "cache.lookup", hit: false })
 *   const snapshots = yield* Snapshot.merge([Hits], [yield* one.states, yield* other.states])
 *   return snapshots["cache.hits"]?.dimensions
 * })
 * await Effect.runPromise(Effect.scoped(program)) // { ratio: 0.5, hits: 1, total: 2 }
 * ```
 *
 * @category folding
 * @since 0.1.0
 */
export const merge = (
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>,
  now = 0
): Effect.Effect<Snapshots, InvalidArgument | StateMismatch> =>
  merging(
    metrics,
    parts,
    now,
    (metric, state): Snapshot => ({ name: metric.name, dimensions: metric.view(state, now) })
  )

/**
 * Merges the states themselves, so that you can merge further ones later. `now` is as in {@link merge}; without it the
 * greatest time counts as the latest. Fails as {@link merge} does.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, Recorder, Snapshot } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const program = Effect.gen(function* () {
 *   const recorder = yield* Recorder.make()
 *   const metrics = yield* recorder.register(Hits)
 *   yield* metrics.emit({ _tag: "cache.lookup", hit: true })
 *   const day = yield* recorder.states
 *   const week = yield* Snapshot.mergeStates([Hits], [day, day])
 *   return (yield* Snapshot.merge([Hits], [week, day]))["cache.hits"]?.dimensions
 * })
 * await Effect.runPromise(Effect.scoped(program)) // { ratio: 1, hits: 3, total: 3 }
 * ```
 *
 * @category folding
 * @since 0.1.0
 */
export const mergeStates = (
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>,
  now?: number
): Effect.Effect<States, InvalidArgument | StateMismatch> => merging(metrics, parts, now, stateOf)

const merging = Effect.fnUntraced(function* <A>(
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>,
  now: number | undefined,
  result: (metric: Metric.Any, state: never) => A
): Effect.fn.Return<{ readonly [name: string]: A }, InvalidArgument | StateMismatch> {
  yield* checked(metrics, parts)
  const merged: Array<readonly [name: string, A]> = []
  for (const metric of metrics) {
    const states = parts.flatMap((part) => (Object.hasOwn(part, metric.name) ? [part[metric.name]!.state] : []))
    if (states.length === 0) continue
    const together = Effect.try({
      try: () => result(metric, states.reduce((left, right) => metric.merge!(left, right, now)) as never),
      catch: (error) => {
        const reason = `cannot be merged and shown: ${describeError(error)}`
        return new InvalidArgument({ metric: metric.name, argument: "parts", reason })
      }
    })
    merged.push([metric.name, yield* together])
  }
  return Object.fromEntries(merged)
})

/** Metrics are of the program; states come from elsewhere. */
const checked = (metrics: unknown, parts: unknown): Effect.Effect<void, InvalidArgument | StateMismatch> => {
  const mistake = (reason: string) => Effect.die(new InvalidArgument({ argument: "metrics", reason }))
  const refused = (argument: string, reason: string, metric?: string) =>
    Effect.fail(new InvalidArgument({ argument, reason, ...(metric !== undefined && { metric }) }))
  if (!Array.isArray(metrics) || !metrics.every(isDefinition)) return mistake("must be an array of metrics")
  if (!Array.isArray(parts) || !parts.every(Predicate.isObject)) {
    return refused("parts", "must be an array of states from recorder.states")
  }
  for (const metric of metrics) {
    const { merge, name } = metric
    if (metrics.some((each) => each.name === name && !isSame(each, metric))) {
      return mistake(`contains two metrics named "${name}"`)
    }
    for (const [part, states] of parts.entries()) {
      if (!Object.hasOwn(states, name)) continue
      if (merge === undefined) return mistake(`"${name}" has no merge. Pass merge to Metric.make`)
      const state: unknown = states[name]
      if (!isState(state)) {
        return refused(`parts[${part}]`, "must have a state from recorder.states, with its definition", name)
      }
      const differences = misfits(metric, state)
      if (differences.length > 0) return Effect.fail(new StateMismatch({ metric: name, part, differences }))
    }
  }
  return Effect.void
}
