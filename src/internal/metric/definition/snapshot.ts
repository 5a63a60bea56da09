/**
 * The results of reading a recorder: snapshots, states, reports and changes, as plain data.
 */
import { aSnapshot, check } from "../../model/optionChecks.ts"
import type { Stats } from "../../model/stats.ts"
import type * as Metric from "./metric.ts"

/**
 * What one metric of one recorder shows: its stable name, and its dimensions (plain, JSON-safe data).
 *
 * @category models
 * @since 0.2.0
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
 * @since 0.2.0
 */
export interface Quarantine {
  readonly error: string
  readonly missed: number
}

/**
 * The snapshots of a recorder by metric name, in the order of registration.
 *
 * @category models
 * @since 0.2.0
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
 * @since 0.2.0
 */
export type SnapshotsOf<Given extends Metric.MetricsGiven> = {
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
 * @since 0.2.0
 */
export type SnapshotOf<M extends Metric.Any | Metric.MetricSet> = M extends Metric.MetricSet
  ? SnapshotsOf<M>[keyof SnapshotsOf<M>]
  : M extends Metric.Any
    ? Snapshot<Metric.Dimensions<M>, M["name"]>
    : never

/**
 * The state of a metric, with the data needed to check whether another state can be merged with it.
 *
 * @category models
 * @since 0.2.0
 */
export interface MetricState {
  /** The parts of the definition that its states depend on, as text: kind, labels, boundaries, unit and others. */
  readonly definition: { readonly [part: string]: string }
  readonly state: unknown
}

/**
 * The states of metrics by name: plain data, which can be merged. See `Snapshot.merge`.
 *
 * @category models
 * @since 0.2.0
 */
export type States = { readonly [name: string]: MetricState }

/**
 * One read of a recorder with everything that belongs to it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Report {
  readonly recorderId: string
  readonly entityId: string
  /** The time of the reader's clock at the read, in milliseconds since the Unix epoch. */
  readonly at: number
  /**
   * The read includes every event up to this sequence number (the count of events accepted at the time of the call).
   */
  readonly sequence: number
  readonly snapshots: Snapshots
  /** The accounting at the moment the read was answered. */
  readonly stats: Stats
}

/**
 * One change of one metric: the event that caused it, and the snapshot after it.
 *
 * @category models
 * @since 0.2.0
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
 * @since 0.2.0
 */
export const isQuarantined = (snapshot: Snapshot): snapshot is Snapshot & { readonly quarantine: Quarantine } => {
  check("snapshot", snapshot, aSnapshot)
  return snapshot.quarantine !== undefined
}
