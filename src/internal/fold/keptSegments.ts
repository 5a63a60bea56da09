/**
 * The segments that the application thread keeps, from the point of view of the fold: which parts of them are needed,
 * and which segments can be dropped.
 */
import type { Lane } from "../stream/commands.ts"
import { bytesOf, OfEnded, OfLeft, OfLog, OfStrings, type SavedRecord } from "./segment.ts"

/** The bytes that may be kept beyond twice what is needed, before everything is saved again. */
const SpareBytes = 1024 * 1024

interface Kept {
  readonly id: number
  readonly segment: SharedArrayBuffer
  /** The lanes whose last record it contains, and whether it contains a record of the log. */
  readonly lanes: Set<Lane>
  readonly ofLog: boolean
  /** The bytes of records that accumulate: states that recorders have left, and strings of the log. */
  readonly lasting: number
  readonly bytes: number
  /** Whether it is older than the current whole round, or the last one. */
  isOld: boolean
}

export class KeptSegments {
  #nextId = 0
  #kept: Array<Kept> = []
  readonly #byLane = new Map<Lane, { readonly kept: Kept; readonly bytes: number }>()
  #keptBytes = 0
  #neededBytes = 0
  /** Segments of an earlier fold with unknown contents. They are replaced at the first opportunity. */
  #others: ReadonlyArray<number> = []

  takeOver(ids: ReadonlyArray<number>): void {
    this.#others = ids
    this.#nextId = Math.max(-1, ...ids) + 1
  }

  /** Whether so much is kept unnecessarily that everything should be saved again. */
  get isWasteful(): boolean {
    return this.#others.length > 0 || this.#keptBytes > 2 * this.#neededBytes + SpareBytes
  }

  /**
   * The same lanes, in an order in which segments become obsolete one by one while they are saved again. Sorting 100
   * 000 lanes at once would stop the fold for a tenth of a second.
   */
  *oldestFirst(lanes: ReadonlyArray<Lane>): Generator<Lane, void> {
    const isLeft = new Uint8Array(lanes.reduce((most, lane) => Math.max(most, lane + 1), 0))
    for (const lane of lanes) isLeft[lane] = 1
    for (const kept of this.#kept.slice()) {
      for (const lane of kept.lanes) {
        if (isLeft[lane] !== 1) continue
        isLeft[lane] = 0
        yield lane
      }
    }
    for (const lane of lanes) if (isLeft[lane] === 1) yield lane
  }

  /** Marks the beginning of a round that saves everything again. */
  beginAnew(): void {
    for (const kept of this.#kept) kept.isOld = true
  }

  /** Adds a segment and returns its id. */
  add(records: ReadonlyArray<SavedRecord>, segment: SharedArrayBuffer): number {
    const kept: Kept = {
      id: this.#nextId++,
      segment,
      lanes: new Set(),
      ofLog: records.some(({ lane }) => lane === OfLog),
      lasting: records.filter(addsUp).reduce((sum, record) => sum + bytesOf(record), 0),
      bytes: segment.byteLength,
      isOld: false
    }
    this.#kept.push(kept)
    this.#keptBytes += kept.bytes
    this.#neededBytes += kept.lasting
    for (const record of records) if (record.lane >= 0) this.#replace(record, kept)
    return kept.id
  }

  #replace(record: SavedRecord, kept: Kept): void {
    const { lane } = record
    const before = this.#byLane.get(lane)
    before?.kept.lanes.delete(lane)
    const bytes = bytesOf(record)
    this.#neededBytes += bytes - (before?.bytes ?? 0)
    this.#byLane.set(lane, { kept, bytes })
    kept.lanes.add(lane)
  }

  /** Drops the segments that are not needed. `isWhole`: a checkpoint of everything is done. */
  drop(isWhole: boolean): ReadonlyArray<{ readonly id: number; readonly segment: SharedArrayBuffer | undefined }> {
    const others = isWhole ? this.#others.map((id) => ({ id, segment: undefined })) : []
    if (isWhole) this.#others = []
    const isNeeded = ({ isOld, lanes, lasting, ofLog }: Kept): boolean =>
      isWhole && isOld ? false : ofLog || lasting > 0 || lanes.size > 0
    const dropped = this.#kept.filter((kept) => !isNeeded(kept))
    this.#kept = this.#kept.filter(isNeeded)
    for (const { bytes, lanes, lasting } of dropped) {
      this.#keptBytes -= bytes
      this.#neededBytes -= lasting
      // Of lanes that were closed before everything was saved again.
      for (const lane of lanes) {
        this.#neededBytes -= this.#byLane.get(lane)!.bytes
        this.#byLane.delete(lane)
      }
    }
    return [...others, ...dropped]
  }
}

const addsUp = ({ lane }: SavedRecord): boolean => lane === OfLeft || lane === OfEnded || lane === OfStrings
