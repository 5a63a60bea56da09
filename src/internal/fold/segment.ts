/**
 * A part of a checkpoint: records in one piece of shared memory, which the application thread keeps and never reads. A
 * record contains its lane (or {@link OfLog}), the positions in the logs of its commands and its rows up to which it is
 * current, and what was saved.
 *
 * Everything is aligned to 8 bytes: V8 copies to and from shared memory word by word if both sides are aligned, and
 * byte by byte otherwise, which takes four times as long.
 */
import { deserialize, serialize } from "node:v8"
import type { Lane } from "../stream/commands.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import { putBack, setAside } from "./asides.ts"
import type { LogState, SavedLane, SavedMetric, SavedStrings } from "./savedLane.ts"

/** The lane of a record that belongs to no lane: what must be known to read the log. */
export const OfLog: Lane = -1

/** The lane of a record of states that recorders have left: see {@link ./lastingRecords.ts}. */
export const OfLeft: Lane = -2

/** The lane of a record of strings of the log. */
export const OfStrings: Lane = -3

/** The lane of a record of what removed recorders have counted, see the same file. */
export const OfEnded: Lane = -4

export interface SavedRecord {
  readonly lane: Lane
  readonly at: number
  readonly rowsAt: number
  /** The serialised data without its large arrays, and then these. Empty for a lane that was closed. */
  readonly parts: ReadonlyArray<Uint8Array>
}

export const recordOf = (lane: Lane, parts: SavedRecord["parts"]): SavedRecord => ({ lane, at: 0, rowsAt: 0, parts })

/** The serialised data without its large arrays, and then these. */
const partsOf = (saved: SavedLane | Pick<SavedLane, "metrics">): SavedRecord["parts"] => {
  const asides: Array<Uint8Array> = []
  const rest = setAside(saved, asides)
  return [serialize(rest), ...asides]
}

/** To be put into a segment before anything is folded. `undefined`: the lane was closed. */
export const laneRecord = (lane: Lane, at: number, rowsAt: number, saved: SavedLane | undefined): SavedRecord => ({
  lane,
  at,
  rowsAt,
  parts: saved === undefined ? [] : partsOf(saved)
})

/** What was saved of a lane. It shares no memory with the segment. */
export const laneIn = ({ parts: [rest, ...asides] }: SavedRecord): SavedLane | undefined =>
  rest === undefined ? undefined : putBack(deserialize(Uint8Array.from(rest)), asides)

export const logRecord = (log: LogState): SavedRecord => recordOf(OfLog, [serialize(log)])

export const stringsRecord = (strings: SavedStrings): SavedRecord => recordOf(OfStrings, [serialize(strings)])

/** A metric on its own. */
export const metricRecord = (saved: SavedMetric): SavedRecord => recordOf(0, partsOf({ metrics: [saved] }))

/** The bytes of each of the records in a segment, in order. */
export const bytesIn = (segment: SharedArrayBuffer, records: ReadonlyArray<SavedRecord>): ReadonlyArray<Uint8Array> => {
  let to = LengthBytes
  return records.map((record) => {
    const from = to
    to += bytesOf(record)
    return new Uint8Array(segment, from, to - from)
  })
}

/** The bytes of one record, in their own memory. */
export function* recordBytes(record: SavedRecord): Steps<Uint8Array> {
  const room = yield* segmentSteps([record], new ArrayBuffer(LengthBytes + bytesOf(record)))
  return new Uint8Array(room, LengthBytes)
}

/** What was saved of a metric, from the bytes of its record. It shares no memory with them. */
export const metricIn = (bytes: Uint8Array): SavedMetric => {
  const all = new Uint8Array(LengthBytes + bytes.byteLength)
  new DataView(all.buffer).setUint32(0, 1)
  all.set(bytes, LengthBytes)
  const [rest, ...asides] = recordsOf(all.buffer)[0]!.parts
  const saved = deserialize(rest!) as { readonly metrics: ReadonlyArray<SavedMetric> }
  return putBack(saved, asides).metrics[0]!
}

export const stringsIn = ({ parts: [strings] }: SavedRecord): SavedStrings => deserialize(Uint8Array.from(strings!))

export const logIn = ({ parts: [log] }: SavedRecord): LogState => deserialize(Uint8Array.from(log!))

const HeaderBytes = 24
const LengthBytes = 8

/** The size of bytes including the rest of their last word. */
const padded = (bytes: number): number => (bytes + 7) & ~7

/** The size of a record in bytes. */
export const bytesOf = ({ parts }: SavedRecord): number =>
  parts.reduce((sum, { byteLength }) => sum + LengthBytes + padded(byteLength), HeaderBytes)

/** The number of bytes copied into a segment in one step. */
const CopiedAtOnce = 1024 * 1024

export const segmentOf = (records: ReadonlyArray<SavedRecord>): SharedArrayBuffer =>
  allSteps(segmentSteps(records, segmentFor(records)))

/** Memory for these records. */
export const segmentFor = (records: ReadonlyArray<SavedRecord>): SharedArrayBuffer =>
  new SharedArrayBuffer(records.reduce((sum, record) => sum + bytesOf(record), LengthBytes))

/** `room`: memory that may be larger than its contents. */
export function* segmentSteps<Room extends ArrayBufferLike>(
  records: ReadonlyArray<SavedRecord>,
  room: Room
): Steps<Room> {
  const view = new DataView(room)
  const all = new Uint8Array(room)
  view.setUint32(0, records.length)
  let to = LengthBytes
  let copied = 0
  for (const { at, lane, parts, rowsAt } of records) {
    view.setInt32(to, lane)
    view.setUint32(to + 4, parts.length)
    view.setFloat64(to + 8, at)
    view.setFloat64(to + 16, rowsAt)
    to += HeaderBytes
    for (const part of parts) {
      view.setUint32(to, part.byteLength)
      for (let from = 0; from < part.byteLength; from += CopiedAtOnce) {
        const some = part.subarray(from, from + CopiedAtOnce)
        all.set(some, to + LengthBytes + from)
        copied += some.byteLength
        if (copied < CopiedAtOnce) continue
        copied = 0
        yield
      }
      to += LengthBytes + padded(part.byteLength)
    }
  }
  return room
}

export const recordsOf = (segment: ArrayBufferLike): ReadonlyArray<SavedRecord> => {
  const view = new DataView(segment)
  let at = LengthBytes
  const next = (): Uint8Array => {
    const length = view.getUint32(at)
    const from = at + LengthBytes
    at = from + padded(length)
    return new Uint8Array(segment, from, length)
  }
  return Array.from({ length: view.getUint32(0) }, () => {
    const lane = view.getInt32(at)
    const count = view.getUint32(at + 4)
    const position = view.getFloat64(at + 8)
    const rowsAt = view.getFloat64(at + 16)
    at += HeaderBytes
    return { lane, at: position, rowsAt, parts: Array.from({ length: count }, next) }
  })
}

/** The contents of segments, by what they belong to, for a replacement fold. */
interface SavedFold {
  /** The last record of each lane. */
  readonly lanes: ReadonlyMap<Lane, SavedRecord>
  // In the order in which they were saved.
  readonly logs: ReadonlyArray<LogState>
  readonly strings: ReadonlyArray<SavedStrings>
  readonly left: ReadonlyArray<SavedRecord>
  readonly ended: ReadonlyArray<SavedRecord>
}

export const foldIn = (segments: Iterable<SharedArrayBuffer>): SavedFold => {
  const lanes = new Map<Lane, SavedRecord>()
  const logs: Array<LogState> = []
  const strings: Array<SavedStrings> = []
  const left: Array<SavedRecord> = []
  const ended: Array<SavedRecord> = []
  for (const segment of segments) {
    for (const record of recordsOf(segment)) {
      if (record.lane === OfLeft) left.push(record)
      else if (record.lane === OfEnded) ended.push(record)
      else if (record.lane === OfStrings) strings.push(stringsIn(record))
      else if (record.lane === OfLog) logs.push(logIn(record))
      else lanes.set(record.lane, record)
    }
  }
  return { lanes, logs, strings, left, ended }
}
