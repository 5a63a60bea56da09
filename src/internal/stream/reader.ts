/**
 * The reading end of a runtime's stream. It follows the rows from page to page, in place, and passes them to the fold
 * in runs of one lane and one layout.
 */
import { textOfUnits } from "../util/codeUnits.ts"
import { Attachments } from "./attachments.ts"
import type { Attachment } from "./commands.ts"
import { DataDecoder } from "./rows/decodeData.ts"
import type { Rows } from "./rows/format.ts"
import {
  CommandRow,
  EventRow,
  FirstLasting,
  FirstLayout,
  ForeignEventRow,
  LayoutRow,
  NamesRow,
  Null,
  PageEndRow,
  ReadRow,
  readRowWords,
  SkipRow,
  StringRow,
  stringRowWords,
  TimeRow,
  TypeBits,
  TypeMask,
  WaitRow
} from "./rows/format.ts"
import type { Layout } from "./rows/layout.ts"
import { type LogPlace, logPosition, type ReaderState } from "./rows/log.ts"
import { type Page, pagesOf, publishedEnd } from "./rows/page.ts"
import type { ReadProgress, StreamHandler } from "./streamHandler.ts"

export class RowReader implements Rows {
  i32: Int32Array
  f64: Float64Array
  i64: BigInt64Array
  readonly strings: Array<string | null | undefined> = new Array(FirstLasting)
    .fill(undefined)
    .fill(null, Null, Null + 1)
  readonly nameLists: Array<ReadonlyArray<string>> = [[]]
  readonly #handler: StreamHandler
  readonly #data = new DataDecoder(this.strings, this.nameLists)
  /** The number of words in a row, by type, from {@link FirstLayout} on. */
  readonly #words: Array<number> = []
  readonly #pages: Array<Page | undefined> = []
  #eventPages = 0
  readonly #onRead: (page: Page) => void
  #page: Page | undefined
  #pos = 0
  /** The number of pages that were read completely. */
  #turn = 0
  /** Where to begin, until that page is available. */
  #start: LogPlace = { page: 0, turn: 0, word: 0 }
  #time = 0
  readonly #attachments = new Attachments()
  #reading = false

  /** `onRead`: a page was read completely and may be reused. */
  constructor(handler: StreamHandler, onRead: (page: Page) => void) {
    this.#handler = handler
    this.#onRead = onRead
    this.i32 = new Int32Array(0)
    this.f64 = new Float64Array(0)
    this.i64 = new BigInt64Array(0)
  }

  /** Adds memory, whose pages are numbered from `first`. The stream begins in page 0, unless it was restored. */
  memory(first: number, buffer: ArrayBufferLike): void {
    const pages = pagesOf(first, buffer)
    if (first === 0) this.#eventPages = pages.length
    for (const page of pages) this.#pages[page.number] = page
    const start = this.#pages[this.#start.page]
    if (this.#page !== undefined || start === undefined) return
    this.#enter(start)
    this.#pos += this.#start.word
  }

  /** The number of pages that may hold events: those of the first memory, if all events share one memory. */
  get pages(): number {
    return this.#eventPages
  }

  /** The rows of a type have this layout from here on. */
  layout(type: number, { words }: Layout): void {
    this.#words[type - FirstLayout] = words
  }

  // --- positions

  /** The current place. */
  get place(): LogPlace {
    if (this.#page === undefined) return this.#start
    return { page: this.#page.number, turn: this.#turn, word: this.#pos - this.#page.first }
  }

  /** The same as a number. In a call of the handler, it is the end of the current row. */
  get position(): number {
    return logPosition(this.#turn, this.#pos - (this.#page?.first ?? 0))
  }

  /** The state needed to resume reading at {@link place}. */
  save(): ReaderState {
    return { time: this.#time, passing: this.strings.slice(0, FirstLasting) as ReaderState["passing"] }
  }

  /** Starts at a place in the log, before there is memory. */
  restore(
    place: LogPlace,
    { passing, time }: ReaderState,
    lasting: ReadonlyArray<string>,
    nameLists: ReadonlyArray<ReadonlyArray<string>>
  ): void {
    this.#start = place
    this.#turn = place.turn
    this.#time = time
    this.strings.splice(0, this.strings.length, ...passing)
    for (const string of lasting) this.strings.push(string)
    this.nameLists.splice(0, this.nameLists.length, ...nameLists)
  }

  attach(attachments: ReadonlyArray<Attachment>): void {
    this.#attachments.add(attachments)
  }

  /** Reads what is published of one page, given the state at its beginning, and skips commands. */
  readAlone(page: Page, turn: number, { passing, time }: ReaderState): void {
    for (const [code, string] of passing.entries()) this.strings[code] = string
    this.#turn = turn
    this.#time = time
    this.#enter(page)
    while (this.#readPage(publishedEnd(page)) === "attachment" && this.i32[this.#pos * 2 + 1] === CommandRow)
      this.#pos++
  }

  #enter(page: Page): void {
    this.#page = page
    this.i32 = page.i32
    this.f64 = page.f64
    this.i64 = page.i64
    this.#pos = page.first
  }

  /** Whether there are published rows that were not read. */
  get ready(): boolean {
    return this.#page !== undefined && publishedEnd(this.#page) > this.#pos
  }

  /** Reads what is published, up to `mostPages` pages. */
  read(mostPages: number): ReadProgress {
    // A reducer that runs in this very call may lead back here.
    if (this.#reading) return "more"
    this.#reading = true
    try {
      for (let pages = 0; pages < mostPages; pages++) {
        const page = this.#page
        if (page === undefined) return "attachment"
        const reading = this.#readPage(publishedEnd(page))
        // What was just folded may have added more.
        if (reading === "attachment" || (reading === "idle" && !this.ready)) return reading
      }
      return "more"
    } finally {
      this.#reading = false
    }
  }

  /** `more`: the page is read completely, and the stream continues in the next one. */
  #readPage(end: number): ReadProgress {
    const { i32 } = this
    while (this.#pos < end) {
      const half = this.#pos * 2
      const first = i32[half]!
      const second = i32[half + 1]!
      const type = second & TypeMask
      if (type >= FirstLayout) {
        const count = second >>> TypeBits
        const at = this.#pos + 1
        this.#pos = at + count * this.#words[type - FirstLayout]!
        this.#handler.rows(first, type, this, at, count, this.#time)
        continue
      }
      switch (type) {
        case CommandRow: {
          const { next } = this.#attachments
          if (next === undefined || (next.after !== undefined && !this.#handler.hasReached!(next.after))) {
            return "attachment"
          }
          this.#pos++
          this.#attachments.shift()
          this.#command(next)
          break
        }
        case WaitRow:
          if (!this.#handler.hasCome!(first)) return "attachment"
          this.#pos++
          break
        case EventRow: {
          const event = this.#data.event(i32, half + 2)
          this.#pos += 1 + (second >>> TypeBits)
          this.#handler.event(first, event, this.#time)
          break
        }
        case LayoutRow: {
          const layout = this.#data.data(i32, half + 2) as Layout
          this.#pos += 1 + (second >>> TypeBits)
          this.layout(first, layout)
          this.#handler.layout(first, layout)
          break
        }
        case ReadRow:
          this.#read(first, second >>> TypeBits)
          break
        case SkipRow: {
          const to = this.f64[this.#pos + 1]!
          this.#pos += 2
          this.#handler.skip(first, to)
          break
        }
        case TimeRow:
          this.#time = this.f64[this.#pos + 1]!
          this.#pos += 2
          break
        case ForeignEventRow:
          this.#foreign(first, end)
          break
        case StringRow:
          this.#string(first)
          break
        case NamesRow:
          this.nameLists[first] = [...this.nameLists[i32[half + 2]!]!, this.strings[i32[half + 3]!]!]
          this.#pos += 2
          break
        case PageEndRow: {
          const read = this.#page!
          const next = this.#pages[first]
          // The page is beyond the fixed memory. The message with it arrives before the row that needs it is read
          // again.
          if (next === undefined) return "attachment"
          this.#turn++
          this.#enter(next)
          this.#onRead(read)
          return "more"
        }
      }
    }
    return "idle"
  }

  #command({ at, command, from }: Attachment): void {
    // When a log is read again, a command must not be taken for another one.
    if (at !== this.position) throw new Error(`a command of ${at} does not belong to ${this.position} in the log`)
    this.#handler.command(command, from)
  }

  #read(lane: number, count: number): void {
    const half = this.#pos * 2
    const now = this.f64[this.#pos + 1]!
    const request = this.i32[half + 4]!
    const names: Array<string> = []
    for (let i = 0; i < count; i++) names.push(this.strings[this.i32[half + 6 + i]!]!)
    this.#pos += readRowWords(count)
    this.#handler.read(lane, request, now, count === 0 ? undefined : names)
  }

  #foreign(lane: number, end: number): void {
    let count = 0
    do {
      this.#pos++
      count++
    } while (this.#pos < end && this.i32[this.#pos * 2] === lane && this.i32[this.#pos * 2 + 1] === ForeignEventRow)
    this.#handler.foreignEvents(lane, count)
  }

  #string(id: number): void {
    const length = this.i32[this.#pos * 2 + 2]!
    const { u16 } = this.#page!
    const unit = (this.#pos + 2) * 4
    this.strings[id] = textOfUnits(u16.subarray(unit, unit + length))
    this.#pos += stringRowWords(length)
  }
}
