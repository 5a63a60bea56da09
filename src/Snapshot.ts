/**
 * What an application reads: the state of metrics as plain, structured data.
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
 */
import type * as Metric from "./Metric.ts"
import { InvalidArgument } from "./MetricsError.ts"
import type { Stats } from "./Stats.ts"

/** The state of one metric of one recorder: its stable name, and its dimensions (plain, JSON-safe data). */
export interface Snapshot<out Dimensions = unknown> {
  readonly name: string
  readonly dimensions: Dimensions
  /** Present only when the metric was taken out of service. `dimensions` is then its last good state. */
  readonly quarantine?: Quarantine
}

/** Why a metric no longer takes events, and how many it has missed since (the one it failed on included). */
export interface Quarantine {
  readonly error: string
  readonly missed: number
}

/** The snapshots of a recorder by metric name, in the order of registration. */
export type Snapshots = { readonly [name: string]: Snapshot }

/** The states of metrics by name: plain data, which can be put together. See {@link merge}. */
export type States = { readonly [name: string]: unknown }

/** One read of a recorder with everything that belongs to it. */
export interface Report {
  readonly recorderId: string
  readonly entityId: string
  /** Time of the reader's clock when the read was asked for, in milliseconds since the Unix epoch. */
  readonly at: number
  /** The read includes every event up to this sequence number (the count of events accepted when it was asked for). */
  readonly sequence: number
  readonly snapshots: Snapshots
  /** The accounting at the moment the read was answered. */
  readonly stats: Stats
}

/** One change of one metric: the event that made it, and the snapshot after it. */
export interface MetricChange {
  readonly recorderId: string
  readonly entityId: string
  /** The tag of the event that changed the metric. */
  readonly tag: string
  /** The sequence number of that event in its recorder, from 1. */
  readonly sequence: number
  /** The time the event was emitted, in milliseconds since the Unix epoch. */
  readonly at: number
  readonly snapshot: Snapshot
}

/** Whether a metric was taken out of service, because its reducer or its view threw. */
export const isQuarantined = (snapshot: Snapshot): snapshot is Snapshot & { readonly quarantine: Quarantine } =>
  snapshot.quarantine !== undefined

/**
 * The snapshots of several recorders, threads or processes together: what one would have shown that had taken the events
 * of all. `now` (milliseconds since the Unix epoch, default 0) is for views that show a window of time. It also tells
 * which of several values is the latest: one whose time is after `now` was measured by a clock that ran ahead.
 *
 * Takes what `recorder.states` gave, which may have been through JSON. Metrics of which there is no state are left out.
 * Throws `InvalidArgument` for a metric without a `merge`.
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
 *   const snapshots = Snapshot.merge([Hits], [yield* one.states, yield* other.states])
 *   return snapshots["cache.hits"]?.dimensions
 * })
 * await Effect.runPromise(Effect.scoped(program)) // { ratio: 0.5, hits: 1, total: 2 }
 * ```
 */
export const merge = (metrics: ReadonlyArray<Metric.Any>, parts: ReadonlyArray<States>, now = 0): Snapshots => {
  const snapshots: Record<string, Snapshot> = {}
  for (const [name, state] of Object.entries(mergeStates(metrics, parts, now))) {
    const metric = metrics.find((each) => each.name === name)!
    snapshots[name] = { name, dimensions: metric.view(state, now) }
  }
  return snapshots
}

/**
 * Merges the states themselves, so that you can merge further ones later. `now` is as in {@link merge}; without it the
 * greatest time counts as the latest. Throws as {@link merge} does.
 */
export const mergeStates = (metrics: ReadonlyArray<Metric.Any>, parts: ReadonlyArray<States>, now?: number): States => {
  const states: Record<string, unknown> = {}
  for (const { merge: together, name } of metrics) {
    const own = parts.flatMap((part) => (Object.hasOwn(part, name) ? [part[name]] : []))
    if (own.length === 0) continue
    if (together === undefined) {
      throw new InvalidArgument({ argument: "metrics", reason: `"${name}" has no merge: give Metric.make one` })
    }
    states[name] = own.reduce((left, right) => together(left, right, now))
  }
  return states
}
