/**
 * The writing end of a runtime's stream: rows in pages of memory that the fold reads where they lie. One stream carries
 * the events of all recorders of a runtime, and, in order between them, the commands.
 *
 * What cannot lie in a row (a command, an event that does not fit its layout) is attached: a row says that the next
 * attachment stands here. Rows are seen by the fold when they are published.
 */

import type { Layout } from "./layout.ts"
import { compileWrite } from "./rowCodec.ts"
import type { RowWrite } from "./rowFormat.ts"
import {
  ClonedEventRow,
  CommandRow,
  FirstCode,
  FirstLasting,
  FirstLayout,
  FirstWord,
  ForeignEventRow,
  LastingLength,
  LastingStrings,
  type Page,
  PageBytes,
  PageEndRow,
  PageWords,
  PassingStrings,
  PublishedHalf,
  ReadHalf,
  RowStringLength,
  StringRow,
  stringRowWords,
  TimeRow,
  TypeBits,
  viewPage
} from "./rowFormat.ts"

/** How pages and attachments get to the fold: by reference, or by messages to a worker. */
export interface Carrier {
  /** Pages that are written in turn, before the first is written again; 0: the one that was read last comes first. */
  readonly pagesInTurn: number
  /** Memory for a page. */
  readonly allocate: () => ArrayBufferLike
  /** Whether a page is readable while it is written, or only once it is full. */
  readonly shared: boolean
  /** There is a new page, which the reader may come to. */
  readonly opened: (page: Page) => void
  /** A page is full, and published. */
  readonly sealed: (page: Page) => void
  readonly attach: (attachments: Array<unknown>) => void
  /** Rows were published. `urgent`: someone waits, or much lies unread. */
  readonly published: (urgent: boolean) => void
  /** Runs the function soon: at the next turn, or after a few milliseconds. */
  readonly later: (run: () => void) => void
}

/** Who has something to write, and found no room. */
export interface Waiting {
  readonly flush: () => void
}

/** Events between two looks at the clock. */
const Often = 64

/** The word that rows of any page end before: a command that finds a full page needs no other one. */
const LastWord = PageWords - 2

/** Full pages that may lie unread before the fold is woken. */
const UnreadPages = 4

export class RowWriter {
  // The encoders write these directly.
  i32: Int32Array
  f64: Float64Array
  i64: BigInt64Array
  /** The next free word of the current page. */
  pos = FirstWord
  /** The word that rows end before. The two behind it are for a command, and for what says where the stream goes on. */
  readonly end = LastWord
  /** The run that is open; -1: none is. */
  lane = -1
  type = -1
  /** The time of the events to come. */
  time = Number.NaN
  /** Events until {@link tick}. */
  countdown = 0

  readonly #carrier: Carrier
  readonly #mostPages: number
  #page: Page
  #pages = 0
  /** Full pages in the order of writing: the fold may still read them. */
  readonly #full: Array<Page> = []
  readonly #free: Array<Page> = []
  #published = FirstWord
  /** Where the open run has its word, and the width of its rows. */
  #runAt = 0
  #runWords = 1
  #attachments: Array<unknown> = []
  #scheduled = false
  #events = false
  #dead = false
  readonly #waiting = new Set<Waiting>()

  /** The time that the stream has. */
  #written = Number.NaN
  #willForgetTime = false

  readonly #layouts = new Map<Layout, { readonly type: number; readonly write: RowWrite }>()
  readonly #strings = new Map<string, number>()
  /** The strings of late, by a cheap hash: a look-up in the map costs several times as much. */
  readonly #recent: Array<string> = new Array(256).fill("")
  readonly #recentIds = new Int32Array(256)
  #passing = 0

  constructor(carrier: Carrier, mostBytes: number) {
    this.#carrier = carrier
    this.#mostPages = Math.max(2, Math.floor(mostBytes / PageBytes))
    this.#page = this.#allocate()
    this.i32 = this.#page.i32
    this.f64 = this.#page.f64
    this.i64 = this.#page.i64
  }

  /** Bytes of memory that pages take. */
  get bytes(): number {
    return this.#pages * PageBytes
  }

  // --- time

  /**
   * Sets the time of the events to come to that of the live clock: for the first event of a turn of the event loop, and
   * every few dozen events after it, when {@link countdown} has come to 0. That is all that an event pays for its time;
   * nothing is handed on, since a number that is not small would be boxed.
   */
  tick(): void {
    if (!this.#willForgetTime) {
      this.#willForgetTime = true
      queueMicrotask(this.#forgetTime)
    }
    this.setTime(Date.now())
    this.countdown = Often
  }

  readonly #forgetTime = (): void => {
    this.countdown = 0
    this.#willForgetTime = false
  }

  /** Sets the time of the events to come to that of another clock. */
  setTime(time: number): void {
    this.countdown = 0
    this.#events = true
    this.#schedule()
    if (time === this.time) return
    this.#endRun()
    this.time = time
  }

  // --- rows

  /** The encoder of a layout, which the fold is told of when it is new. `declare` writes the command that does. */
  encoder(layout: Layout, declare: (type: number, layout: Layout) => void): RowWrite {
    const known = this.#layouts.get(layout)
    if (known !== undefined) return known.write
    const type = FirstLayout + this.#layouts.size
    const write = compileWrite(layout, type, this)
    this.#layouts.set(layout, { type, write })
    declare(type, layout)
    return write
  }

  /**
   * Opens a run of rows of `words` each, where there is room for one at least. `false`: there is none.
   *
   * An encoder calls it for the first row, and whenever the lane, the layout, the time or the page has changed.
   */
  beginRun(lane: number, type: number, words: number): boolean {
    this.#endRun()
    if (!this.#room(3 + words)) return false
    this.#writeTime()
    this.i32[this.pos * 2] = lane
    this.i32[this.pos * 2 + 1] = type
    this.lane = lane
    this.type = type
    this.#runAt = this.pos
    this.#runWords = words
    this.pos++
    return true
  }

  /** Says how many rows the open run has. */
  #endRun(): void {
    if (this.lane < 0) return
    const count = (this.pos - this.#runAt - 1) / this.#runWords
    if (count === 0) this.pos = this.#runAt
    else this.i32[this.#runAt * 2 + 1] = this.type | (count << TypeBits)
    this.lane = -1
  }

  #writeTime(): void {
    if (this.time === this.#written) return
    this.i32[this.pos * 2 + 1] = TimeRow
    this.f64[this.pos + 1] = this.time
    this.pos += 2
    this.#written = this.time
  }

  /** Whether `words` fit in, on this page or another. */
  #room(words: number): boolean {
    return this.pos + words <= this.end || this.turnPage(words)
  }

  /** An event that does not lie in a row. */
  clonedEvent(lane: number, event: unknown): boolean {
    this.#endRun()
    if (!this.#room(3)) return false
    this.#writeTime()
    this.#attachments.push(event)
    return this.#word(lane, ClonedEventRow)
  }

  /** An event that no metric can be concerned with. */
  foreignEvent(lane: number): boolean {
    return this.#word(lane, ForeignEventRow)
  }

  #word(half: number, type: number): boolean {
    this.#endRun()
    if (!this.#room(1)) return false
    this.#putWord(half, type)
    return true
  }

  #putWord(half: number, type: number): void {
    this.i32[this.pos * 2] = half
    this.i32[this.pos * 2 + 1] = type
    this.pos++
  }

  /** A command, in order with the events. The fold is woken for it. */
  command(command: unknown): void {
    if (this.#dead) return
    this.#attachments.push(command)
    this.#endRun()
    if (this.pos > this.end) this.#nextPage(this.#sparePage(true)!)
    this.#putWord(0, CommandRow)
    this.#makeVisible(true)
    this.#carrier.published(true)
  }

  /** Makes what was written visible to the fold. */
  publish(urgent: boolean): void {
    if (this.#dead) return
    this.#makeVisible(false)
    this.#carrier.published(urgent)
  }

  #makeVisible(beyondBound: boolean): void {
    this.#endRun()
    this.#sendAttachments()
    if (!this.#carrier.shared) {
      // A page that is handed over has to say where the stream goes on.
      const next = this.pos > FirstWord ? this.#sparePage(beyondBound) : undefined
      if (next !== undefined) this.#nextPage(next)
    } else if (this.pos !== this.#published) {
      this.#published = this.pos
      Atomics.store(this.i32, PublishedHalf, this.pos)
    }
  }

  #sendAttachments(): void {
    if (this.#attachments.length === 0) return
    const attachments = this.#attachments
    this.#attachments = []
    this.#carrier.attach(attachments)
  }

  /** Nobody reads any more. */
  close(): void {
    this.#dead = true
  }

  /** Flushes it, once, when there may be room again. */
  whenRoom(one: Waiting): void {
    this.#waiting.add(one)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#carrier.later(this.#onTimer)
  }

  readonly #onTimer = (): void => {
    this.#scheduled = false
    if (this.#dead) return
    this.publish(false)
    // While events come, the timer goes on by itself; the first one after a pause sets it again.
    if (this.#events) this.#schedule()
    this.countdown = 0
    this.#events = false
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const one of waiting) one.flush()
  }

  // --- pages

  /** Goes on in another page, which has room for a row of `words`. `false`: all memory is in use. */
  turnPage(words: number): boolean {
    if (words > LastWord - FirstWord) return false
    const page = this.#sparePage(false)
    if (page === undefined) return false
    this.#endRun()
    this.#nextPage(page)
    return true
  }

  /** A page to go on in. A command may go beyond the bound of memory: it is one of few, and events wait for it. */
  #sparePage(beyondBound: boolean): Page | undefined {
    const page = this.#takePage()
    if (page !== undefined) return page
    if (this.#pages < this.#mostPages) return this.#allocate()
    return this.#free.shift() ?? (beyondBound ? this.#allocate() : undefined)
  }

  #nextPage(next: Page): void {
    const full = this.#page
    this.i32[this.pos * 2] = next.number
    this.i32[this.pos * 2 + 1] = PageEndRow
    next.i32[PublishedHalf] = FirstWord
    next.i32[ReadHalf] = 0
    this.#sendAttachments()
    Atomics.store(this.i32, PublishedHalf, this.pos + 1)
    this.#full.push(full)
    this.#page = next
    this.i32 = next.i32
    this.f64 = next.f64
    this.i64 = next.i64
    this.pos = this.#published = FirstWord
    this.#carrier.sealed(full)
    if (this.#full.length >= UnreadPages) this.#carrier.published(true)
  }

  #allocate(): Page {
    const page = viewPage(this.#pages++, this.#carrier.allocate())
    page.i32[PublishedHalf] = FirstWord
    this.#carrier.opened(page)
    return page
  }

  /**
   * A page that the fold has read. In one thread the one it read last, which is still in the cache. Between threads the
   * one it read longest ago, once there are a few: what the other core has in its cache is slow to write to.
   */
  #takePage(): Page | undefined {
    let read = 0
    while (this.#carrier.shared && read < this.#full.length && Atomics.load(this.#full[read]!.i32, ReadHalf) === 1) {
      this.#free.push(this.#full[read++]!)
    }
    if (read > 0) this.#full.splice(0, read)
    if (this.#carrier.pagesInTurn === 0) return this.#free.pop()
    return this.#pages < this.#carrier.pagesInTurn ? undefined : this.#free.shift()
  }

  /** A page that was sent away has come back, under its number. */
  returned(number: number, buffer: ArrayBufferLike): void {
    const index = this.#full.findIndex((page) => page.number === number)
    if (index < 0) return
    this.#full.splice(index, 1)
    this.#free.push(viewPage(number, buffer))
    // What was written meanwhile had no page to go on in.
    this.publish(false)
  }

  // --- strings

  /** The code of a string in the stream's dictionary, or -1 where it is too long, or there is no room for it. */
  intern(value: string): number {
    const { length } = value
    const slot = length === 0 ? 1 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1) + length) & 255
    if (this.#recent[slot] === value && this.#recentIds[slot]! > 0) return this.#recentIds[slot]!
    return this.#look(value, slot)
  }

  #look(value: string, slot: number): number {
    let id = this.#strings.get(value)
    if (id === undefined) {
      if (value.length > LastingLength || this.#strings.size >= LastingStrings) return this.#pass(value)
      id = FirstLasting + this.#strings.size
      if (!this.#writeString(id, value)) return -1
      this.#strings.set(value, id)
    }
    this.#recent[slot] = value
    this.#recentIds[slot] = id
    return id
  }

  /** A string under an id that holds until its turn comes again, which is later than the row it is for. */
  #pass(value: string): number {
    if (value.length > RowStringLength) return -1
    const id = FirstCode + this.#passing
    this.#passing = (this.#passing + 1) % PassingStrings
    return this.#writeString(id, value) ? id : -1
  }

  #writeString(id: number, value: string): boolean {
    const { length } = value
    const words = stringRowWords(length)
    this.#endRun()
    if (!this.#room(words)) return false
    const p = this.pos
    this.i32[p * 2] = id
    this.i32[p * 2 + 1] = StringRow
    this.i32[p * 2 + 2] = length
    const u16 = this.#page.u16
    for (let i = 0, unit = (p + 2) * 4; i < length; i++) u16[unit++] = value.charCodeAt(i)
    this.pos = p + words
    return true
  }
}
