/** The stored form of a recorder whose events an aggregator folds. */
import { deserialize } from "node:v8"
import { whyPacked } from "../store/packing.ts"
import type { EventCounts } from "./eventCounts.ts"

/** The parts of the state of a source, or of the total of all retired ones. */
export type Parts = ReadonlyMap<string, Uint8Array>

/** What is stored of a recorder. */
export interface StoredRecorder {
  readonly format: typeof StoredFormat
  readonly recorderId: string
  readonly sequence: number
  readonly latest: number
  readonly counts: EventCounts
  readonly isTotal: boolean
  readonly metrics: ReadonlyArray<StoredMetric>
}

export interface StoredMetric {
  readonly name: string
  /** The hash of what it measures. */
  readonly measured: string
  /** The epoch of the metric in its process. */
  readonly epoch: number
  /** `undefined`: it was never folded. */
  readonly bytes: Uint8Array | undefined
  /** The sequence number of the last event that it took. `undefined`: it has ended and gets no more events. */
  readonly sequence: number | undefined
  /** Events that aggregators have folded without it, since it counts. */
  readonly missed: number
  /** Since when it counts, by the times of events. `undefined`: from the next event on. */
  readonly createdAt: number | undefined
  /** The time of the last event before it counted that no aggregator has kept for it. `undefined`: there was none. */
  readonly lacksUntil: number | undefined
}

/** Includes the format of the states of kernels. */
export const StoredFormat = 1

/** Throws if a newer version of this package has stored it, or if it is too large. */
export const storedIn = (bytes: Uint8Array): StoredRecorder => {
  const reason = whyPacked(bytes)
  if (reason !== undefined) throw new Error(reason)
  const stored = deserialize(bytes) as StoredRecorder
  if (stored.format === StoredFormat) return stored
  throw new Error(`it has the format ${stored.format}, and this version of mvx-metrics reads ${StoredFormat}`)
}

/** The number of events counted by its recorder that it lacks. `last`: the last event of the recorder. */
export const missedBy = ({ missed, sequence }: StoredMetric, last: number): number => missed + last - (sequence ?? last)
