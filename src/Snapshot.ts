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
