/**
 * Checkpoints of a fold in a worker thread: what the fold knows is saved lane by lane, so that another one can go on from
 * there when this one dies. Until then the pages behind it stay as they are.
 *
 * A checkpoint covers a place of the log. Only lanes that were touched since the last one are saved, a part between two
 * reads of pages, while the fold goes on: each lane is saved as it is then, with the position up to which that holds. So a
 * lane is never copied twice to have all at one place, and the fold never stands still for more than a part.
 */
import { serialize } from "node:v8"
import type { Lane, Saved } from "../stream/protocol.ts"
import type { LogPlace } from "../stream/rows/log.ts"
import { type Page, PageBytes } from "../stream/rows/page.ts"
import type { Fold, LogState } from "./fold.ts"
import { OfLog, type SegmentRecord, segmentOf } from "./segment.ts"

/** A checkpoint is due when so many pages lie behind the last one, unless it costs too much. */
const FewPages = 4

/** Bytes of the log for each byte that is saved: what checkpoints cost is bounded by what the fold does. */
const LogPerSaved = 2

/** A checkpoint is due when so many commands came, even without pages: they are kept. */
const ManyCommands = 1024

/** About so much is saved between two reads of pages. */
const PartBytes = 256 * 1024

/** What is kept beyond twice what would do, before all is saved anew. */
const SpareBytes = 1024 * 1024

/** A checkpoint under way. */
interface Round {
  /** What it covers. */
  readonly place: LogPlace
  readonly log: LogState
  /** Pages that may be written again when it is done. */
  readonly pages: ReadonlyArray<Page>
  readonly lanes: ReadonlyArray<Lane>
  next: number
  bytes: number
  /** Segments that it replaces: all there were, where it saves everything. */
  readonly replaces: number
}

export class Checkpoints {
  readonly #fold: Fold
  readonly #send: (saved: Saved) => void
  readonly #release: (page: Page) => void
  /** Read to their end and not covered. */
  #pages: Array<Page> = []
  #round: Round | undefined
  #roundBytes = 0
  /** Commands before the last round. */
  #commands = 0
  /** The segments that are kept, and their bytes; and of these what would do: by lane, and together. */
  #segments = 0
  #keptBytes = 0
  #needed = new Map<Lane, number>()
  #neededBytes = 0
  /** Whether what is kept is of another fold, and of unknown size: then it is replaced at the first occasion. */
  #isOfAnother = false

  /** `release`: a page is covered, and may be written again. */
  constructor(fold: Fold, send: (saved: Saved) => void, release: (page: Page) => void) {
    this.#fold = fold
    this.#send = send
    this.#release = release
  }

  /** The fold was restored from so many segments. */
  restored(segments: number): void {
    this.#segments = segments
    this.#isOfAnother = segments > 0
  }

  onPageRead(page: Page): void {
    this.#pages.push(page)
  }

  /** Does a part of what is due. Whether there is more of it. */
  goOn(): boolean {
    this.#round ??= this.#isDue ? this.#begin() : undefined
    const round = this.#round
    if (round === undefined) return false
    const records: Array<SegmentRecord> = []
    let bytes = 0
    while (round.next < round.lanes.length && bytes < PartBytes) {
      const record = this.#record(round.lanes[round.next++]!)
      records.push(record)
      bytes += record.bytes.byteLength
    }
    const isDone = round.next === round.lanes.length
    if (isDone) records.push({ lane: OfLog, at: 0, bytes: serialize(round.log) })
    const segment = segmentOf(records)
    round.bytes += segment.byteLength
    this.#segments++
    this.#keptBytes += segment.byteLength
    this.#send({ segment, ...(isDone && { covers: { place: round.place, replaces: round.replaces } }) })
    if (isDone) this.#end(round)
    return !isDone
  }

  get #isDue(): boolean {
    const most = Math.max(1, Math.floor(this.#fold.reader.pages / 2))
    const pages = Math.max(FewPages, Math.ceil((this.#roundBytes * LogPerSaved) / PageBytes))
    return this.#pages.length >= Math.min(most, pages) || this.#fold.commands - this.#commands >= ManyCommands
  }

  #begin(): Round {
    const fold = this.#fold
    const isWhole = this.#isOfAnother || this.#keptBytes > 2 * this.#neededBytes + SpareBytes
    const touched = fold.takeTouched()
    if (isWhole) {
      this.#needed.clear()
      this.#neededBytes = 0
    }
    const pages = this.#pages
    this.#pages = []
    this.#commands = fold.commands
    this.#isOfAnother = false
    return {
      place: fold.reader.place,
      log: fold.saveLog(isWhole),
      pages,
      lanes: isWhole ? fold.openLanes : touched,
      next: 0,
      bytes: 0,
      replaces: isWhole ? this.#segments : 0
    }
  }

  #record(lane: Lane): SegmentRecord {
    const saved = this.#fold.saveLane(lane)
    const bytes = saved === undefined ? new Uint8Array(0) : serialize(saved)
    this.#neededBytes += bytes.byteLength - (this.#needed.get(lane) ?? 0)
    if (saved === undefined) this.#needed.delete(lane)
    else this.#needed.set(lane, bytes.byteLength)
    return { lane, at: this.#fold.reader.position, bytes }
  }

  #end({ bytes, pages, replaces }: Round): void {
    // What was sent is there for another fold, whatever becomes of this one: from here on the pages are not needed.
    for (const page of pages) this.#release(page)
    this.#round = undefined
    this.#roundBytes = bytes
    if (replaces > 0) {
      this.#segments -= replaces
      this.#keptBytes = bytes
    }
  }
}
