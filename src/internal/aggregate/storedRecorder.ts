/** How an aggregator stores a recorder whose events it folds. */
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
  /** That of the recorder in its process. */
  readonly epoch: number
  /** `undefined`: it was never folded. */
  readonly bytes: Uint8Array | undefined
  /** That of the last event that was shown to it. `undefined`: it has ended, and none comes any more. */
  readonly sequence: number | undefined
  /** Events that aggregators have folded without it, since it counts. */
  readonly missed: number
  /** Since when it counts, by the times of events. `undefined`: since the first event that comes. */
  readonly createdAt: number | undefined
  /** When the last event came that no aggregator has kept for it, before it counted. `undefined`: there was none. */
  readonly lacksUntil: number | undefined
}

/** Of the states of kernels as well. */
export const StoredFormat = 1

/** Throws where a newer version of this package has stored it, or where it is too large. */
export const storedIn = (bytes: Uint8Array): StoredRecorder => {
  const reason = whyPacked(bytes)
  if (reason !== undefined) throw new Error(reason)
  const stored = deserialize(bytes) as StoredRecorder
  if (stored.format === StoredFormat) return stored
  throw new Error(`it has the format ${stored.format}, and this version of mvx-metrics reads ${StoredFormat}`)
}

/** Events that are not in it, and are counted in its recorder: `last` is the last one there. */
export const missedBy = ({ missed, sequence }: StoredMetric, last: number): number => missed + last - (sequence ?? last)
