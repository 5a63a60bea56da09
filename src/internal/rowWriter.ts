/**
 * The writing end of a runtime's stream: rows in pages of memory that the fold reads where they lie. One stream carries
 * the events of all recorders of a runtime, and, in order between them, the commands.
 *
 * What cannot lie in a row (a command, an event that does not fit its layout) is attached: a row says that the next
 * attachment stands here. Rows are seen by the fold when they are published.
 */
import type { Carrier } from "./carrier.ts"
import type { Layout } from "./layout.ts"
import { type Page, PageWords, publish, type Views } from "./page.ts"
import { PagePool } from "./pagePool.ts"
import { type Declare, type Encoder, RowEncoders } from "./rowEncoders.ts"
import {
  ClonedEventRow,
  CommandRow,
  ForeignEventRow,
  PageEndRow,
  type RowMemory,
  type RowSource,
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

/** Events between two looks at the clock within a turn of the event loop: so many at first, and so many at the most. */
const FirstLook = 64
const MostPerLook = 256

/** Words of a burst that the fold does not see yet. */
const WordsUnseen = PageWords >> 2

const settled = Promise.resolve()

/** What rows leave free at the end of a page: a word for a command that finds it full, and the one that it ends with. */
const WordsKept = 2

/**
 * Its state is in plain properties, which code that runs once in a turn, and so is rarely optimized, reads much faster
 * than private names: with these a turn of 200 events cost a tenth more.
 */
export class RowWriter implements RowMemory {
  // The encoders write these directly.
  i32: Int32Array
  f64: Float64Array
  i64: BigInt64Array
  readonly fixed: Views | undefined
  /** The next free word of the current page, and the one that rows end before in it. */
  pos: number
  private rowsEnd: number
  /** Whose run is open. */
  private source: RowSource | undefined
  /** Where the open run has its word, and the width of its rows. */
  private runAt = 0
  private runWords = 1
  /** Events of this turn of the event loop after which the live clock is read again: none at its begin. */
  private untilLook = 0
  /** The time of the events to come, and whether the stream has to be told of it. */
  private time = Number.NaN
  private isNewTime = false
  /** The time that a clock other than the live one gives to the events emitted now. */
  private given: number | undefined
  /** Whether a microtask waits for the end of this turn. */
  private inTurn = false
  private perLook = FirstLook
  /** Runs begun so far. */
  private runs = 0
  /** Whether the end of a turn has published since the time last changed. */
  private wasShown = false
  /** Whether all of the current page was written in one turn of the event loop. */
  private burst = true

  /** What the carrier says, kept near. */
  private readonly publishesEachTurn: boolean
  private readonly shared: boolean
  /** The reader was told that it may sleep: it has to be woken. */
  private readerSleeps = false
  private readonly carrier: Carrier
  private readonly pages: PagePool
  private readonly encoders: RowEncoders
  private readonly strings = new StringCodes((code, value) => this.writeString(code, value))
  private page: Page
  private published: number
  private attachments: Array<unknown> = []
  private scheduled = false
  private events = false
  private dead = false
  private readonly waiting = new Set<Waiting>()

  /** `declare` writes the command that tells the fold of a layout; for `generate` see {@link RowEncoders}. */
  constructor(carrier: Carrier, mostBytes: number, declare: Declare, generate?: boolean) {
    this.carrier = carrier
    this.publishesEachTurn = carrier.publishesEachTurn
    this.shared = carrier.shared
    this.pages = new PagePool(carrier, mostBytes)
    this.fixed = this.pages.fixed
    this.encoders = new RowEncoders(this, declare, generate)
    const page = this.pages.take(false, false)!
    this.page = page
    this.i32 = page.i32
    this.f64 = page.f64
    this.i64 = page.i64
    this.pos = this.published = page.first
    this.rowsEnd = page.end - WordsKept
  }

  /** Bytes of memory that pages take. */
  get bytes(): number {
    return this.pages.bytes
  }

  // --- time

  /**
   * Gives the events to come the time of another clock than the live one, or of that one again; what they had before.
   */
  give(time: number | undefined): number | undefined {
    const { given } = this
    this.endRun()
    this.given = time
    return given
  }

  /** The time of an event that is emitted now. */
  now(): number {
    this.stamp()
    return this.time
  }

  /** Sets the time of the events to come. Ends no run but where it has changed. */
  private stamp(): void {
    if (this.given !== undefined) {
      this.willPublish()
      this.changeTime(this.given)
      this.untilLook = 0
    } else if (this.untilLook <= 0) this.look()
  }

  /** The live clock is read for the first event of a turn of the event loop, and then every few dozen events. */
  private look(): void {
    const now = Date.now()
    if (this.inTurn) {
      // Rarer while events come faster than the clock moves; as often as it takes where they are slow in one long turn.
      const passed = now - this.time
      this.perLook = passed < 2 ? Math.min(MostPerLook, 2 * this.perLook) : Math.ceil(this.perLook / passed)
      // In a burst the fold goes along with what is written, and does not wait for the page.
      if (this.publishesEachTurn && this.pos - this.published > WordsUnseen) this.publish(false)
    } else {
      this.inTurn = true
      // `queueMicrotask` would cost three times as much: it makes an asynchronous resource of each.
      void settled.then(this.endTurn)
    }
    this.untilLook = this.perLook
    if (!this.publishesEachTurn) this.willPublish()
    this.changeTime(now)
  }

  private changeTime(time: number): void {
    if (time === this.time) return
    this.endRun()
    this.time = time
    this.isNewTime = true
    this.wasShown = false
  }

  /** In a microtask: the next event looks at the clock. */
  private readonly endTurn = (): void => {
    this.inTurn = false
    this.burst = false
    this.endRun()
    this.untilLook = 0
    if (!this.publishesEachTurn) return
    // A timer would cost a turn of its own. Not more than once in a millisecond: microtasks may come in thousands.
    if (this.wasShown) return this.willPublish()
    this.wasShown = true
    this.publish(false)
  }

  private willPublish(): void {
    this.events = true
    this.schedule()
  }

  // --- rows

  /** The encoder of a layout. */
  encoder(layout: Layout): Encoder {
    return this.encoders.of(layout)
  }

  widen(...args: Parameters<RowMemory["widen"]>): boolean {
    return this.encoders.widen(...args)
  }

  /**
   * Opens a run of rows of `words` each, with room for one at least. `false`: the source may not write, or there is no
   * room.
   *
   * An encoder calls it when the source or the type has changed, or the run is at its end.
   */
  beginRun(source: RowSource, type: number, words: number): boolean {
    this.endRun()
    if (source.counted >= source.limit) {
      const runs = this.runs
      // Where the fold runs in this thread, it may have emitted meanwhile: other strings may have the codes of this event's.
      if (!source.reopen() || runs !== this.runs) return false
    }
    this.stamp()
    if (!this.room(3 + words)) return false
    this.writeTime()
    const at = this.pos
    this.i32[at * 2] = source.lane
    this.i32[at * 2 + 1] = type
    this.pos = at + 1
    this.source = source
    this.runs++
    this.runAt = at
    this.runWords = words
    const room = ((this.rowsEnd - this.pos) / words) | 0
    const most = Math.min(source.limit - source.counted, room)
    const rows = this.given === undefined ? Math.min(most, this.untilLook) : 1
    source.runType = type
    source.runEnd = this.pos + rows * words
    return true
  }

  /** Rows of this source that it has not counted: those of the open run. */
  rowsOf(source: RowSource): number {
    return source === this.source ? (this.pos - this.runAt - 1) / this.runWords : 0
  }

  /** Ends the run that is open, if it is this source's: it is asked before it writes again. */
  stop(source: RowSource): void {
    if (source === this.source) this.endRun()
  }

  /** Says how many rows the open run has. */
  private endRun(): void {
    const { source } = this
    if (source === undefined) return
    const count = this.rowsOf(source)
    this.source = undefined
    this.i32[this.runAt * 2 + 1] = source.runType | (count << TypeBits)
    source.runEnd = 0
    this.untilLook -= count
    source.counted += count
  }

  private writeTime(): void {
    if (!this.isNewTime) return
    this.isNewTime = false
    this.i32[this.pos * 2 + 1] = TimeRow
    this.f64[this.pos + 1] = this.time
    this.pos += 2
  }

  /** Whether `words` fit in, on this page or another. */
  private room(words: number): boolean {
    return this.pos + words <= this.rowsEnd || this.turnPage()
  }

  /** An event that does not lie in a row. */
  clonedEvent(lane: number, event: unknown): boolean {
    this.endRun()
    this.stamp()
    if (!this.room(3)) return false
    this.writeTime()
    this.untilLook--
    this.attachments.push(event)
    return this.word(lane, ClonedEventRow)
  }

  /** An event that no metric can be concerned with. */
  foreignEvent(lane: number): boolean {
    this.stamp()
    return this.word(lane, ForeignEventRow)
  }

  private word(half: number, type: number): boolean {
    this.endRun()
    if (!this.room(1)) return false
    this.putWord(half, type)
    return true
  }

  private putWord(half: number, type: number): void {
    this.i32[this.pos * 2] = half
    this.i32[this.pos * 2 + 1] = type
    this.pos++
  }

  /** A command, in order with the events. The fold is woken for it. */
  command(command: unknown): void {
    if (this.dead) return
    this.attachments.push(command)
    this.endRun()
    if (this.pos > this.page.end - WordsKept) this.nextPage(this.pages.take(this.burst, true)!)
    this.putWord(0, CommandRow)
    this.makeVisible(true)
    this.tellReader(true)
  }

  /** Makes what was written visible to the fold. */
  publish(urgent: boolean): void {
    if (this.dead) return
    this.makeVisible(false)
    this.tellReader(urgent)
  }

  /** A reader that naps looks by itself. */
  private tellReader(urgent: boolean): void {
    if (this.readerSleeps) {
      this.readerSleeps = false
      this.carrier.wake()
    }
    // One that was told may be in its last nap yet.
    if (urgent || !this.publishesEachTurn) this.carrier.published()
  }

  /** The reader has had nothing to do for a while. What was published before is visible to it when it hears that it may sleep. */
  readerIdle(): void {
    this.readerSleeps = true
    this.carrier.letSleep()
  }

  private makeVisible(beyondBound: boolean): void {
    this.endRun()
    this.sendAttachments()
    if (!this.shared) {
      // A page that is handed over has to say where the stream goes on.
      const next = this.pos > this.page.first ? this.pages.take(this.burst, beyondBound) : undefined
      if (next !== undefined) this.nextPage(next)
    } else if (this.pos !== this.published) {
      this.published = this.pos
      publish(this.page, this.pos)
    }
  }

  private sendAttachments(): void {
    if (this.attachments.length === 0) return
    const attachments = this.attachments
    this.attachments = []
    this.carrier.attach(attachments)
  }

  /** Nobody reads any more. */
  close(): void {
    this.dead = true
  }

  /** Flushes it, once, when there may be room again. */
  whenRoom(one: Waiting): void {
    this.waiting.add(one)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.carrier.later(this.onTimer)
  }

  private readonly onTimer = (): void => {
    this.scheduled = false
    if (this.dead) return
    this.publish(false)
    // While events come, the timer goes on by itself; the first one after a pause sets it again.
    if (this.events) this.schedule()
    // What comes later in this turn has to set the timer again.
    this.untilLook = 0
    this.events = false
    const waiting = [...this.waiting]
    this.waiting.clear()
    for (const one of waiting) one.flush()
  }

  // --- pages

  /** Goes on in another page, which has room for any row. `false`: all memory is in use. */
  private turnPage(): boolean {
    const page = this.pages.take(this.burst, false)
    if (page === undefined) return false
    this.endRun()
    this.nextPage(page)
    return true
  }

  private nextPage(next: Page): void {
    const full = this.page
    this.i32[this.pos * 2] = next.number
    this.i32[this.pos * 2 + 1] = PageEndRow
    this.sendAttachments()
    publish(full, this.pos + 1)
    this.page = next
    this.i32 = next.i32
    this.f64 = next.f64
    this.i64 = next.i64
    this.pos = this.published = next.first
    this.rowsEnd = this.pages.holdsRows(next) ? next.end - WordsKept : 0
    this.burst = true
    this.pages.seal(full)
    this.tellReader(true)
  }

  /** A page that was sent away has come back, under its number. */
  returned(number: number, buffer: ArrayBufferLike): void {
    // What was written meanwhile had no page to go on in.
    if (this.pages.returned(number, buffer)) this.publish(false)
  }

  // --- strings

  intern(value: string): number {
    return this.strings.of(value)
  }

  private writeString(code: number, value: string): boolean {
    const { length } = value
    const words = stringRowWords(length)
    this.endRun()
    if (!this.room(words)) return false
    const p = this.pos
    this.i32[p * 2] = code
    this.i32[p * 2 + 1] = StringRow
    this.i32[p * 2 + 2] = length
    const u16 = this.page.u16
    for (let i = 0, unit = (p + 2) * 4; i < length; i++) u16[unit++] = value.charCodeAt(i)
    this.pos = p + words
    return true
  }
}
