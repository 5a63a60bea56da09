/**
 * One of the streams that a fold reads: its rows, the state they refer to, and the fold's place in it. All commands are
 * in the main stream. The streams of attached threads contain only rows.
 */
import type { MetricEvent } from "../model/event.ts"
import type { CommandOrder, Lane, StreamNumber } from "../stream/commands.ts"
import { RowReader } from "../stream/reader.ts"
import type { RestoredStream } from "../stream/restore.ts"
import type { Rows } from "../stream/rows/format.ts"
import { FirstLasting, FirstLayout } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import type { Page } from "../stream/rows/page.ts"
import { generateRead } from "../stream/rows/readCode.ts"
import type { StreamWords } from "../stream/rows/streamWords.ts"
import type { ReadProgress, StreamHandler } from "../stream/streamHandler.ts"
import type { FoldLayout } from "./metricPlans.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { LogState, SavedStrings } from "./savedLane.ts"

/** The fold that the stream belongs to. */
export interface FoldOfStreams {
  /** The latest time of an event or a read. */
  latest: number
  readonly lanes: { readonly ofRows: (stream: StreamFold, lane: Lane) => FoldLane | undefined }
  readonly command: (command: unknown) => void
  readonly streams: { readonly find: (stream: StreamNumber) => StreamFold | undefined }
}

/** What is saved of a log, and the numbers of the strings that still must be saved. */
export interface SavedLog {
  readonly stream: StreamFold
  readonly log: LogState
  strings: readonly [from: number, to: number]
}

export class StreamFold implements StreamHandler {
  readonly number: StreamNumber
  readonly reader: RowReader
  /** Where the fold records its position, for an attached thread. */
  words: StreamWords | undefined
  /** Whether its next row waits for a message, or for another stream. */
  isBlocked = false
  /** Pages that were read completely and are not covered by a checkpoint. */
  uncovered: Array<Page> = []
  readonly #fold: FoldOfStreams
  readonly #layouts: Array<FoldLayout> = []
  /** The last command that the thread of this stream has sent through the main one. */
  #ticket = 0
  // How much was saved already.
  #saved = { strings: 0, nameLists: 0 }
  readonly #declared = new Set<number>()
  // Set if the fold has replaced another one.
  #carefulTo = 0
  #caughtUpTo = 0
  /** By lane: the position in this log up to which it was restored. And the last of these positions. */
  readonly #restoredTo: Array<number> = []
  #replayEnd = 0

  constructor(number: StreamNumber, fold: FoldOfStreams, onPageRead: (page: Page, stream: StreamFold) => void) {
    this.number = number
    this.#fold = fold
    this.reader = new RowReader(this, (page) => onPageRead(page, this))
  }

  /** Reads what is published, up to `mostPages` pages. */
  goOn(mostPages: number): ReadProgress {
    const progress = this.reader.read(mostPages)
    this.isBlocked = progress === "attachment"
    return progress
  }

  /** Whether there is something that can be read. */
  get isReady(): boolean {
    return !this.isBlocked && this.reader.ready
  }

  // --- what comes out of it

  rows(lane: number, type: number, rows: Rows, at: number, count: number, time: number): void {
    if (time > this.#fold.latest) this.#fold.latest = time
    this.#fold.lanes.ofRows(this, lane)?.rows(this.#layouts[type - FirstLayout]!, rows, at, count, time)
  }

  event(lane: number, event: MetricEvent, time: number): void {
    if (time > this.#fold.latest) this.#fold.latest = time
    this.#fold.lanes.ofRows(this, lane)?.event(event, time)
  }

  foreignEvents(lane: number, count: number): void {
    // Several rows of one word each: the lane may have been restored with the first of them.
    const further = Math.min(count, this.reader.position - (this.#restoredTo[lane] ?? 0))
    if (further > 0) this.#fold.lanes.ofRows(this, lane)?.foreignEvents(further)
  }

  skip(lane: number, to: number): void {
    this.#fold.lanes.ofRows(this, lane)?.take({ _tag: "Skip", to })
  }

  layout(type: number, layout: Layout): void {
    this.#layouts[type - FirstLayout] = { layout, read: generateRead(layout) }
    this.#declared.add(type)
  }

  command(command: unknown, from: CommandOrder["from"]): void {
    this.#fold.command(command)
    const sender = from && this.#fold.streams.find(from.stream)
    if (sender !== undefined) sender.#ticket = from!.ticket
  }

  read(lane: number, request: number, now: number, names: ReadonlyArray<string> | undefined): void {
    this.#fold.command({ _tag: "Read", lane, request, what: "snapshots", now, names })
  }

  hasReached(after: NonNullable<CommandOrder["after"]>): boolean {
    return after.every(
      ([stream, position]) => (this.#fold.streams.find(stream)?.reader.position ?? position) >= position
    )
  }

  hasCome(ticket: number): boolean {
    return this.#ticket >= ticket
  }

  // --- when the worker is replaced

  /** What was added since the last call, or everything, with the range of the strings' numbers. */
  save(isWhole: boolean): SavedLog {
    const { reader } = this
    const from = isWhole ? { strings: 0, nameLists: 0 } : this.#saved
    const types = isWhole ? Array.from(this.#layouts.keys(), (i) => i + FirstLayout) : [...this.#declared]
    const nameLists = reader.nameLists.slice(from.nameLists)
    this.#saved = { strings: reader.strings.length - FirstLasting, nameLists: from.nameLists + nameLists.length }
    this.#declared.clear()
    const layouts = types.flatMap((type) => {
      const known = this.#layouts[type - FirstLayout]
      return known === undefined ? [] : [[type, known.layout] as const]
    })
    const { number: stream } = this
    const { latest } = this.#fold
    const log = {
      ...{ stream, ticket: this.#ticket, reader: reader.save(), latest },
      ...{ firstNameList: from.nameLists, nameLists, layouts }
    }
    return { stream: this, log, strings: [from.strings, this.#saved.strings] }
  }

  /** Saves some of the strings. */
  saveStrings(from: number, to: number): SavedStrings {
    const strings = this.reader.strings.slice(FirstLasting + from, FirstLasting + to) as ReadonlyArray<string>
    return { stream: this.number, from, strings }
  }

  /** Takes over the stream of another fold. `logs`, `saved`: everything that was saved of it, in order. */
  restore(
    { careful, place, to }: Omit<RestoredStream, "stream">,
    logs: ReadonlyArray<LogState>,
    saved: ReadonlyArray<SavedStrings>
  ): void {
    this.#carefulTo = careful
    this.#caughtUpTo = to
    const strings: Array<string> = []
    const nameLists: Array<ReadonlyArray<string>> = []
    for (const { from, strings: some } of saved) for (const [i, string] of some.entries()) strings[from + i] = string
    for (const { firstNameList, layouts, nameLists: some } of logs) {
      for (const [i, names] of some.entries()) nameLists[firstNameList + i] = names
      for (const [type, layout] of layouts) {
        this.layout(type, layout)
        this.reader.layout(type, layout)
      }
    }
    const last = logs.at(-1)
    if (last === undefined) return
    this.#ticket = last.ticket
    this.reader.restore(place, last.reader, strings, nameLists)
  }

  /** Records that a lane was restored up to a position in this log. */
  restored(lane: Lane, at: number): void {
    this.#restoredTo[lane] = at
    this.#replayEnd = Math.max(this.#replayEnd, at)
  }

  /** Whether a lane was restored including what is read now. */
  isRestored(lane: Lane): boolean {
    if (this.#replayEnd === 0) return false
    const { position } = this.reader
    if (position > this.#replayEnd) this.#replayEnd = 0
    return position <= (this.#restoredTo[lane] ?? 0)
  }

  /**
   * The position up to which a lane includes this log. A restored lane is ahead of the reader until the reader reaches
   * the position at which the lane was saved.
   */
  positionOf(lane: Lane): number {
    return Math.max(this.reader.position, this.#restoredTo[lane] ?? 0)
  }

  /** See {@link Restore.careful}. */
  get isCareful(): boolean {
    if (this.#carefulTo > 0 && this.reader.position > this.#carefulTo) this.#carefulTo = 0
    return this.#carefulTo > 0
  }

  /** Whether it has read everything that was in the log when the fold replaced another one. */
  get hasCaughtUp(): boolean {
    return this.reader.position >= this.#caughtUpTo
  }
}
