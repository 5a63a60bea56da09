/** States of metrics without a recorder, as bytes with a description. */
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { SavedRecord } from "./segment.ts"

/** What must be copied before anything is folded. */
export interface MetricRecord {
  readonly of: Omit<PackedMetric, "bytes">
  readonly record: SavedRecord
}

/** Why it cannot be kept. */
export interface Lost {
  readonly lost: string
}

/** The state of one metric, in the form of {@link metricRecord}. */
export interface PackedMetric {
  readonly recorderId: string
  readonly name: string
  /** The hash of what it measures, see {@link Measured}. */
  readonly measured: string
  /** Since when its recorder is missing; `undefined`: since the start of this process, or later. */
  readonly goneSince: number | undefined
  readonly bytes: Uint8Array
}

/** What the states measure, by hash. */
export type MeasuredParts = ReadonlyMap<string, Fingerprint>

/** By name and by what is measured, because two definitions of a name are not added up. */
export const keyOf = ({ measured, name }: Pick<PackedMetric, "measured" | "name">): string =>
  JSON.stringify([name, measured])
