/** States of metrics as bytes, by what they are of, where no recorder has them. */
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { SavedRecord } from "./segment.ts"

/** What is to be copied before anything is folded. */
export interface MetricRecord {
  readonly of: Omit<PackedMetric, "bytes">
  readonly record: SavedRecord
}

/** Why it cannot be kept. */
export interface Lost {
  readonly lost: string
}

/** The state of one metric, as {@link metricRecord} has it. */
export interface PackedMetric {
  readonly recorderId: string
  readonly name: string
  /** The hash of what it measures, see {@link Measured}. */
  readonly measured: string
  /** Since when its recorder is not there; `undefined`: since this process has begun, or later. */
  readonly goneSince: number | undefined
  readonly bytes: Uint8Array
}

/** By hash, what the states are of. */
export type MeasuredParts = ReadonlyMap<string, Fingerprint>

/** By name and by what is measured: two definitions of a name are not added up. */
export const keyOf = ({ measured, name }: Pick<PackedMetric, "measured" | "name">): string =>
  JSON.stringify([name, measured])
