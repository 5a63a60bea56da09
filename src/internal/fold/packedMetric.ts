/** States of metrics without a recorder, as bytes with a description. */
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import { type NameAndMeasured, nameAndMeasured } from "../metric/definition/measured.ts"
import type { MetricAndSaved, SavedMetric } from "./savedLane.ts"
import { metricRecord, type SavedRecord } from "./segment.ts"

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
export interface PackedMetric extends NameAndMeasured {
  readonly recorderId: string
  /** Since when its recorder is missing; `undefined`: since the start of this process, or later. */
  readonly goneSince: number | undefined
  readonly bytes: Uint8Array
}

/** What the states measure, by hash. */
export type MeasuredParts = ReadonlyMap<string, Fingerprint>

/** A saved metric in the form from which a recorder can continue. */
export const continuableRecord = (saved: SavedMetric): SavedRecord =>
  metricRecord({ ...saved, isContinued: true, shown: undefined })

/** What is kept of a metric of a recorder that exists, or why it cannot be kept. */
export const keptRecord = (recorderId: string, { metric, saved }: MetricAndSaved): MetricRecord | Lost =>
  saved.state._tag === "Lost"
    ? { lost: saved.state.reason }
    : { of: { recorderId, ...nameAndMeasured(metric), goneSince: undefined }, record: continuableRecord(saved) }
