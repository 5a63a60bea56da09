/**
 * Checkpoints of a fold in a worker thread. The state of the fold is saved lane by lane, so that a replacement fold can
 * resume from it. Until a checkpoint covers them, pages stay as they are.
 *
 * A checkpoint covers a place of the log, and places in the logs of attached threads. Only lanes that were touched
 * since the last checkpoint are saved, one part between two reads of pages, while the fold continues. Each lane is
 * saved as it is at that time, with the position up to which that is valid. So no lane is copied twice to get all lanes
 * to the same place, and the fold never stands still for longer than one part. A lane with very many series takes
 * several parts, and is saved as it was in the first of them.
 */
import { type Lane, MainStream } from "../stream/commands.ts"
import type { RestoredStream, Saved } from "../stream/restore.ts"
import { type LogPlace, logPosition } from "../stream/rows/log.ts"
import { type Page, PageBytes } from "../stream/rows/page.ts"
import type { Steps } from "../util/steps.ts"
import type { Fold } from "./fold.ts"
import { KeptSegments } from "./keptSegments.ts"
import { bytesOf, logRecord, type SavedRecord, stringsRecord } from "./segment.ts"
import { SegmentMemory } from "./segmentMemory.ts"
import type { SavedLog, StreamFold } from "./streamFold.ts"

/** The number of pages after the last checkpoint at which the next one is due, unless it costs too much. */
const FewPages = 4

/** The bytes of the log for each byte that is saved, which bounds the cost of checkpoints by the work of the fold. */
const LogPerSaved = 2

/** The number of commands at which a checkpoint is due even without pages, because commands are kept. */
const ManyCommands = 1024

/** Roughly how much is saved between two reads of pages. A lane that needs more is saved alone. */
const PartBytes = 256 * 1024

/** The time in milliseconds for saving lanes for one part, if there are that many small ones. */
const PartMillis = 2

/** The number of strings of the log in a record, which is serialised in less than a tenth of a millisecond. */
const StringsAtOnce = 1024

/** A checkpoint in progress. */
interface Round {
  /** The place that it covers. */
  readonly place: LogPlace
  readonly attached: NonNullable<Saved["attached"]>
  readonly logs: ReadonlyArray<SavedLog>
  /** The pages that may be reused when it is done. */
  readonly pages: ReadonlyArray<Page>
  /** The lanes after {@link lane}, which is saved next. */
  readonly lanes: Iterator<Lane, void>
  lane: Lane | undefined
  bytes: number
  /** The next lane, as far as it is saved. */
  saving: Saving | undefined
  /** The bytes for which there was no memory yet. Nothing is serialised before there is. */
  awaited: number
  /** Whether everything is saved again, so that what was kept before becomes obsolete. */
  readonly isWhole: boolean
}

interface Saving {
  readonly steps: Steps<SavedRecord>
  record: SavedRecord | undefined
}

/** A part that is being copied and then sent. */
interface Part {
  readonly records: ReadonlyArray<SavedRecord>
  readonly steps: Steps<SharedArrayBuffer>
  /** Whether it is the last part of the round. */
  readonly isDone: boolean
}

export class Checkpoints {
  readonly #fold: Fold
  readonly #send: (saved: Saved) => void
  readonly #release: (page: Page) => void
  readonly #kept = new KeptSegments()
  readonly #memory = new SegmentMemory()
  #round: Round | undefined
  #part: Part | undefined
  #roundBytes = 0
  /** Commands before the last round. */
  #commands = 0
  #covered = 0
  /** Whether the states that removed recorders left must be saved again. */
  #isLeftDue = false

  /** `release`: a page is covered, and may be reused. */
  constructor(fold: Fold, send: (saved: Saved) => void, release: (page: Page) => void) {
    this.#fold = fold
    this.#send = send
    this.#release = release
  }

  /** The fold was restored from these segments. */
  restored(ids: ReadonlyArray<number>): void {
    this.#kept.takeOver(ids)
  }

  onPageRead(page: Page, { uncovered }: StreamFold): void {
    uncovered.push(page)
  }

  /** Whether there is something to save. */
  get isPending(): boolean {
    return !this.#fold.isAbsorbing && (this.#round !== undefined || this.#isDue)
  }

  /** Does up to one part of what is due. */
  goOn(): void {
    if (this.#fold.isAbsorbing) return
    this.#round ??= this.#isDue ? this.#begin() : undefined
    const round = this.#round
    if (round === undefined) return
    this.#part ??= this.#collect(round)
    const step = this.#part?.steps.next()
    if (step?.done !== true) return
    const { isDone, records } = this.#part!
    this.#part = undefined
    const segment = step.value
    const id = this.#kept.add(records, segment)
    const dropped = this.#kept.drop(isDone && round.isWhole)
    const drops = dropped.map((each) => each.id)
    const { attached, place } = round
    const covers = isDone && { covers: place, ...(attached.length > 0 && { attached }) }
    this.#send({ id, segment, drops, ...covers })
    // A restore drops these segments first, so their memory can be reused.
    for (const each of dropped) this.#memory.reuse(each.segment)
    if (isDone) this.#end(round)
  }

  /** Everything in a part is as of this moment or an earlier one. Later changes go into later parts. */
  #collect(round: Round): Part | undefined {
    if (!this.#memory.isReady(round.awaited)) return undefined
    const records: Array<SavedRecord> = []
    let bytes = 0
    const end = performance.now() + PartMillis
    while (round.lane !== undefined && bytes < PartBytes && (records.length === 0 || performance.now() < end)) {
      const record = this.#saved(round, round.lane)
      // A large lane is saved alone, into existing memory, because getting memory takes longer than copying into it.
      if (record === undefined || (records.length > 0 && bytes + bytesOf(record) > PartBytes)) {
        if (records.length > 0) break
        return undefined
      }
      if (!this.#memory.isReady(bytes + bytesOf(record))) {
        round.awaited = bytes + bytesOf(record)
        return undefined
      }
      round.awaited = 0
      records.push(record)
      bytes += bytesOf(record)
      round.saving = undefined
      round.lane = round.lanes.next().value ?? undefined
    }
    // Includes the totals of the lanes that are saved here, because closed lanes have left their counts to them. They
    // come last, because a total among the lanes may have been saved before.
    for (const lane of this.#fold.totals.take("checkpoints")) {
      const record = this.#fold.lanes.recordOf(lane)
      records.push(record)
      bytes += bytesOf(record)
    }
    round.bytes += bytes
    // For the same reason: a closed lane has left its states before.
    const { ended, left } = this.#fold
    const lasting = [left, ended].flatMap((states) => states?.saving(this.#isLeftDue) ?? [])
    this.#isLeftDue = false
    if (round.lane === undefined) bytes = this.#addStrings(round, records, bytes)
    // Next to a large lane, the saved parts of the log would keep that lane's segment alive after the lane is saved
    // again.
    const areStringsSaved = round.logs.every(({ strings: [from, to] }) => from === to)
    const isDone = round.lane === undefined && areStringsSaved && bytes <= PartBytes
    if (isDone) for (const { log } of round.logs) records.push(logRecord(log))
    return { records, steps: this.#put(records, lasting), isDone }
  }

  /**
   * Adds what is saved of lasting states, if there is any. It goes into the same segment as the lanes that have left
   * it.
   */
  *#put(
    records: Array<SavedRecord>,
    lasting: ReadonlyArray<Steps<ReadonlyArray<SavedRecord>>>
  ): Steps<SharedArrayBuffer> {
    for (const steps of lasting) records.push(...(yield* steps))
    while (!this.#memory.isReady(records.reduce((sum, record) => sum + bytesOf(record), 0))) yield
    return yield* this.#memory.put(records)
  }

  /** Adds as many strings as this part has room for. Returns its bytes, including them. */
  #addStrings({ logs }: Round, records: Array<SavedRecord>, before: number): number {
    let bytes = before
    for (const each of logs) {
      for (let [from, end] = each.strings; from < end && bytes < PartBytes; [from] = each.strings) {
        const to = Math.min(end, from + StringsAtOnce)
        const record = stringsRecord(each.stream.saveStrings(from, to))
        records.push(record)
        bytes += bytesOf(record)
        each.strings = [to, end]
      }
    }
    return bytes
  }

  /** Saves a lane one step further. Returns `undefined` if there is more to do. */
  #saved(round: Round, lane: Lane): SavedRecord | undefined {
    round.saving ??= { steps: this.#fold.lanes.saving(lane), record: undefined }
    const { saving } = round
    if (saving.record === undefined) {
      const { done, value } = saving.steps.next()
      if (done === true) saving.record = value
    }
    return saving.record
  }

  /**
   * Saves the initial state of the fold before it reads anything, so that a replacement fold does not load it again.
   */
  begin(): void {
    this.#round = this.#begin()
    while (this.#round !== undefined) this.goOn()
  }

  /** No replacement fold starts before this position. */
  get covered(): number {
    return this.#covered
  }

  get #isDue(): boolean {
    const pages = Math.max(FewPages, Math.ceil((this.#roundBytes * LogPerSaved) / PageBytes))
    let uncovered = this.#fold.streams.endedPages
    for (const { reader, uncovered: ofStream } of this.#fold.streams.values()) {
      // A writer without other pages waits for these.
      if (ofStream.length >= Math.max(1, Math.floor(reader.pages / 2))) return true
      uncovered += ofStream.length
    }
    return uncovered >= pages || this.#fold.commands - this.#commands >= ManyCommands
  }

  #begin(): Round {
    const fold = this.#fold
    const { isWasteful } = this.#kept
    const touched = fold.lanes.touched.take("checkpoints")
    if (isWasteful) this.#kept.beginAnew()
    this.#isLeftDue = isWasteful
    const pages: Array<Page> = []
    const attached: Array<Pick<RestoredStream, "stream" | "place">> = []
    for (const stream of fold.streams.values()) {
      pages.push(...stream.uncovered)
      stream.uncovered = []
      if (stream.number !== MainStream) attached.push({ stream: stream.number, place: stream.reader.place })
    }
    this.#commands = fold.commands
    fold.streams.endedPages = 0
    const lanes = isWasteful ? this.#kept.oldestFirst(fold.lanes.open) : touched[Symbol.iterator]()
    return {
      place: fold.reader.place,
      attached,
      logs: fold.streams.save(isWasteful),
      pages,
      lanes,
      lane: lanes.next().value ?? undefined,
      bytes: 0,
      saving: undefined,
      awaited: 0,
      isWhole: isWasteful
    }
  }

  #end({ bytes, pages, place }: Round): void {
    this.#covered = logPosition(place.turn, place.word)
    // What was sent is available to a replacement fold even if this fold ends, so the pages are not needed from here
    // on.
    for (const page of pages) this.#release(page)
    this.#round = undefined
    this.#roundBytes = bytes
  }
}
