/**
 * The writing end of a runtime's stream: rows in pages of memory that the fold reads where they lie. One stream carries
 * the events of all recorders of a runtime, and, in order between them, the commands.
 *
 * What cannot lie in a row (a command, an event that does not fit its layout) is attached: a row says that the next
 * attachment stands here. Rows are seen by the fold when they are published.
 */
import type { Carrier } from "./carrier.ts"
import type { Layout } from "./layout.ts"
import { PagePool } from "./pagePool.ts"
import { type Declare, type Encoder, RowEncoders } from "./rowEncoders.ts"
import {
  ClonedEventRow,
  CommandRow,
  FirstWord,
  ForeignEventRow,
  type Page,
  PageEndRow,
  PageWords,
  PublishedHalf,
  ReadHalf,
  type RowMemory,
  StringRow,
  stringRowWords,
  TimeRow,
  TypeBits
} from "./rowFormat.ts"
import { StringCodes } from "./stringCodes.ts"

/** Who has something to write, and found no room. */
export interface Waiting {
  readonly flush: () => void
}

/** Events between two looks at the clock. */
const Often = 64

/** The word that rows of any page end before: a command that finds a full page needs no other one. */
const LastWord = PageWords - 2

export class RowWriter implements RowMemory {
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
  readonly #pages: PagePool
  readonly #encoders: RowEncoders
  readonly #strings = new StringCodes((code, value) => this.#writeString(code, value))
  #page: Page
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
  #willEndTurn = false
  /** Whether all of the current page was written in one turn of the event loop. */
  #burst = true
  /** The time of the events when a turn last ended with publishing. */
  #publishedTime = Number.NaN

  /** `declare` writes the command that tells the fold of a layout; for `generate` see {@link RowEncoders}. */
  constructor(carrier: Carrier, mostBytes: number, declare: Declare, generate?: boolean) {
    this.#carrier = carrier
    this.#pages = new PagePool(carrier, mostBytes)
    this.#encoders = new RowEncoders(this, declare, generate)
    this.#page = this.#pages.allocate()
    this.i32 = this.#page.i32
    this.f64 = this.#page.f64
    this.i64 = this.#page.i64
  }

  /** Bytes of memory that pages take. */
  get bytes(): number {
    return this.#pages.bytes
  }

  // --- time

  /**
   * Sets the time of the events to come to that of the live clock: for the first event of a turn of the event loop, and
   * every few dozen events after it, when {@link countdown} has come to 0. That is all that an event pays for its time;
   * nothing is handed on, since a number that is not small would be boxed.
   */
  tick(): void {
    if (!this.#willEndTurn) {
      this.#willEndTurn = true
      queueMicrotask(this.#endTurn)
    }
    if (!this.#carrier.publishesEachTurn) this.#willPublish()
    this.#changeTime(Date.now())
    this.countdown = Often
  }

  /** In a microtask: the next event looks at the clock. */
  readonly #endTurn = (): void => {
    this.countdown = 0
    this.#willEndTurn = false
    this.#burst = false
    if (!this.#carrier.publishesEachTurn) return
    // A timer would cost a turn of its own. Not more than once in a millisecond: microtasks may come in thousands.
    if (this.time === this.#publishedTime) return this.#willPublish()
    this.#publishedTime = this.time
    this.publish(false)
  }

  /** Sets the time of the events to come to that of another clock. */
  setTime(time: number): void {
    this.countdown = 0
    this.#willPublish()
    this.#changeTime(time)
  }

  #willPublish(): void {
    this.#events = true
    this.#schedule()
  }

  #changeTime(time: number): void {
    if (time === this.time) return
    this.#endRun()
    this.time = time
  }

  // --- rows

  /** The encoder of a layout. */
  encoder(layout: Layout): Encoder {
    return this.#encoders.of(layout)
  }

  widen(...args: Parameters<RowMemory["widen"]>): boolean {
    return this.#encoders.widen(...args)
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
    if (this.pos > this.end) this.#nextPage(this.#pages.take(this.#burst, true)!)
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
      const next = this.pos > FirstWord ? this.#pages.take(this.#burst, beyondBound) : undefined
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
    const page = this.#pages.take(this.#burst, false)
    if (page === undefined) return false
    this.#endRun()
    this.#nextPage(page)
    return true
  }

  #nextPage(next: Page): void {
    const full = this.#page
    this.i32[this.pos * 2] = next.number
    this.i32[this.pos * 2 + 1] = PageEndRow
    next.i32[PublishedHalf] = FirstWord
    next.i32[ReadHalf] = 0
    this.#sendAttachments()
    Atomics.store(this.i32, PublishedHalf, this.pos + 1)
    this.#page = next
    this.i32 = next.i32
    this.f64 = next.f64
    this.i64 = next.i64
    this.pos = this.#published = FirstWord
    this.#burst = true
    this.#pages.seal(full)
    if (this.#pages.lags) this.#carrier.published(true)
  }

  /** A page that was sent away has come back, under its number. */
  returned(number: number, buffer: ArrayBufferLike): void {
    // What was written meanwhile had no page to go on in.
    if (this.#pages.returned(number, buffer)) this.publish(false)
  }

  // --- strings

  intern(value: string): number {
    return this.#strings.of(value)
  }

  #writeString(code: number, value: string): boolean {
    const { length } = value
    const words = stringRowWords(length)
    this.#endRun()
    if (!this.#room(words)) return false
    const p = this.pos
    this.i32[p * 2] = code
    this.i32[p * 2 + 1] = StringRow
    this.i32[p * 2 + 2] = length
    const u16 = this.#page.u16
    for (let i = 0, unit = (p + 2) * 4; i < length; i++) u16[unit++] = value.charCodeAt(i)
    this.pos = p + words
    return true
  }
}
