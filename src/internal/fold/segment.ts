/**
 * A part of a checkpoint: records in one piece of shared memory, which the application thread keeps and never reads. A
 * record has the lane that it is of (or {@link OfLog}), the position in the log up to which it holds, and bytes.
 */
import type { Lane } from "../stream/protocol.ts"

/** The lane of a record that is of no lane: what has to be known to read the log. */
export const OfLog: Lane = -1

export interface SegmentRecord {
  readonly lane: Lane
  readonly at: number
  /** None of a lane that was closed. */
  readonly bytes: Uint8Array
}

const HeaderBytes = 16

export const segmentOf = (records: ReadonlyArray<SegmentRecord>): SharedArrayBuffer => {
  const segment = new SharedArrayBuffer(records.reduce((sum, { bytes }) => sum + HeaderBytes + bytes.byteLength, 0))
  const view = new DataView(segment)
  const all = new Uint8Array(segment)
  let to = 0
  for (const { at, bytes, lane } of records) {
    view.setInt32(to, lane)
    view.setUint32(to + 4, bytes.byteLength)
    view.setFloat64(to + 8, at)
    all.set(bytes, to + HeaderBytes)
    to += HeaderBytes + bytes.byteLength
  }
  return segment
}

export const recordsOf = (segment: SharedArrayBuffer): ReadonlyArray<SegmentRecord> => {
  const view = new DataView(segment)
  const records: Array<SegmentRecord> = []
  for (let at = 0; at < segment.byteLength; ) {
    const length = view.getUint32(at + 4)
    const bytes = new Uint8Array(segment, at + HeaderBytes, length)
    records.push({ lane: view.getInt32(at), at: view.getFloat64(at + 8), bytes })
    at += HeaderBytes + length
  }
  return records
}
