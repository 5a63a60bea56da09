/** What segments hold of a fold, by what it is of: for the one that takes its place. */
import type { Lane } from "../stream/commands.ts"
import type { LogState, SavedStrings } from "./savedLane.ts"
import { logIn, OfEnded, OfLeft, OfLog, OfStrings, recordsOf, type SavedRecord, stringsIn } from "./segment.ts"

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
