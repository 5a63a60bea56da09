/**
 * How a stream goes from page to page, and how what lies in them comes to be seen by the fold: when it is published.
 *
 * Commands are attached, since they may carry functions and memory: a row says that the next one stands here.
 */
import type { Carrier } from "./carrier.ts"
import type { Attachment, CommandOrder } from "./commands.ts"
import type { LogTail } from "./logTail.ts"
import { RoomQueue, type TurnTaker } from "./roomQueue.ts"
import { CommandRow, PageEndRow, WaitRow } from "./rows/format.ts"
import { MostWords } from "./rows/layout.ts"
import type { LogPlace, ReaderState } from "./rows/log.ts"
import { type Page, publish } from "./rows/page.ts"
import { type StreamWords, WordPage, WordPos } from "./rows/streamWords.ts"
import { WordsKept, WritingPlace } from "./writingPlace.ts"

export abstract class PageWriter extends WritingPlace {
  /** Where the reader was roused last in the current page: it sees all that was published before. */
  private roused = 0
  /** Whether all of the current page was written in one turn of the event loop. */
  protected burst = true

  private readonly carrier: Carrier
  /** For who wants to read the last pages again. */
  protected readonly tail: LogTail | undefined
  /** Of an attached thread, and what is kept in it for who completes what the thread has written. */
  private readonly shared: StreamWords | undefined
  readonly words: Int32Array | undefined
  /** The reader was told that it may sleep: it has to be woken. */
  private readerSleeps = false
  private attachments: Array<Attachment> = []
  /** The reader slept when rows were published, and has not been woken for them. */
  private owesWake = false
  /** Whether a timer will publish, and whether there have been events since it last did. */
  private scheduled = false
  private events = false
  protected dead = false
  /** While somebody waits in it, nobody else goes on to another page. */
  private readonly roomQueue = new RoomQueue()

  constructor(carrier: Carrier, mostBytes: number, tail?: LogTail, shared?: StreamWords) {
    super(carrier, mostBytes, tail?.pagesInTurn)
    this.carrier = carrier
    this.tail = tail
    this.shared = shared
    this.words = shared?.i32
    this.readerSleeps = shared !== undefined
    this.show()
    tail?.entered(this.page, 0, true, { time: Number.NaN, passing: [] })
  }

  /** Ends what is being written, so that it can be seen. */
  protected abstract endRun(): void

  /** What a reader has to know of the rows before. */
  protected abstract readerState(): ReaderState

  /** The timer has published: what comes later in this turn has to set it again. */
  protected abstract onPublished(): void

  /** Nobody reads any more. Nothing is written from here on: the memory may be given to another stream. */
  close(): void {
    this.dead = true
    this.endRun()
    this.rowsEnd = 0
  }

  // --- what is written here

  /** A command, in order with the events, and with those of other streams. The fold is woken for it. */
  command(command: unknown, order?: CommandOrder): void {
    if (this.dead) return
    this.endRun()
    this.makeRoomForWord()
    const at = this.position + 1
    this.attachments.push(order === undefined ? { at, command } : { at, command, ...order })
    // From here on nothing is called: an attachment without its row would be taken for the next one.
    this.i32[this.pos * 2 + 1] = CommandRow
    this.pos++
    this.publish(true)
  }

  private makeRoomForWord(): void {
    if (this.pos > this.page.end - WordsKept) this.nextPage(this.pages.take(this.turn + 1, this.burst, true)!)
  }

  /** Has what comes in the stream of an attached thread wait for the command of this number. The fold is roused for it. */
  waitFor(ticket: number): void {
    if (this.dead) return
    this.endRun()
    this.makeRoomForWord()
    this.putWord(ticket, WaitRow)
    this.publish(true)
  }

  /** Ends what is being written. What was written before is published, by whoever completes it. Returns its position. */
  showAll(): number {
    this.endRun()
    this.show()
    return this.position
  }

  /** All that is written now is complete. */
  private show(): void {
    if (this.words === undefined) return
    this.words[WordPage] = this.page.number
    this.words[WordPos] = this.pos
  }

  // --- publishing

  /** Makes what was written visible to the fold. `urgent`: someone waits for it, and the reader is roused. */
  publish(urgent: boolean): void {
    if (this.dead) return
    this.endRun()
    this.sendAttachments()
    if (this.pos !== this.publishedEnd) {
      publish(this.page, this.pos)
      this.publishedEnd = this.pos
      this.owesWake = this.readerSleeps
      if (this.shared !== undefined) this.shared.published = this.position
    }
    if (this.owesWake) this.wakeReader()
    // One that was told that it may sleep may be in its last nap yet.
    if (!urgent || this.roused === this.pos) return
    this.carrier.rouse()
    this.roused = this.pos
  }

  private sendAttachments(): void {
    if (this.attachments.length === 0) return
    this.carrier.attach(this.attachments)
    this.attachments = []
  }

  /** A reader that naps looks by itself. An attached thread is not told whether it naps or sleeps. */
  private wakeReader(): void {
    this.carrier.wake()
    this.readerSleeps = this.shared !== undefined
    this.owesWake = false
  }

  /** The reader has had nothing to do for a while. What was published before is visible to it when it hears that it may sleep. */
  readerIdle(): void {
    this.carrier.letSleep()
    this.readerSleeps = true
  }

  /** Another reader takes the place of the one that is gone, and goes on from a place of the log. */
  readerReplaced(from: LogPlace): void {
    this.pages.cover(from.turn)
    this.readerSleeps = false
    this.owesWake = false
  }

  /** Publishes after a while, and goes on so while events come. */
  protected willPublish(): void {
    this.events = true
    this.schedule()
  }

  /** Gives it a turn, once, when there may be room again. */
  whenRoom(taker: TurnTaker): void {
    this.roomQueue.add(taker)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.carrier.soon(this.onTimer)
    this.scheduled = true
  }

  private readonly onTimer = (): void => {
    this.scheduled = false
    if (this.dead) return
    this.publish(false)
    // While events come, the timer goes on by itself; the first one after a pause sets it again.
    if (this.events) this.schedule()
    this.onPublished()
    this.events = false
    if (!this.roomQueue.isEmpty) this.giveTurns()
  }

  private giveTurns(): void {
    this.roomQueue.serve(this.hasRoom)
    const isOver = this.roomQueue.isEmpty
    this.publish(!isOver)
    if (!isOver) this.schedule()
  }

  // --- pages

  /** Whether there is room for any event of a fixed width, on this page or another. */
  private readonly hasRoom = (): boolean => this.room(MostWords + 4)

  /** Whether `words` fit in, on this page or another. */
  protected room(words: number): boolean {
    return this.pos + words <= this.rowsEnd || this.turnPage()
  }

  /** Goes on in another page, which has room for any row. `false`: all memory is in use. */
  protected turnPage(): boolean {
    if (this.dead || this.roomQueue.isClosed) return false
    this.endRun()
    const page = this.pages.take(this.turn + 1, this.burst, false)
    if (page === undefined) return false
    this.nextPage(page)
    return true
  }

  /** What fails in here is done again by the next one who finds the page full. */
  private nextPage(next: Page): void {
    const { burst, page: full } = this
    this.sendAttachments()
    this.pages.seal(full)
    const rowsEnd = this.pages.holdsRows(next) ? next.end - WordsKept : 0
    this.i32[this.pos * 2] = next.number
    this.i32[this.pos * 2 + 1] = PageEndRow
    publish(full, this.pos + 1)
    // From here on nothing is called until the writer is in the other page.
    this.turn++
    this.page = next
    this.i32 = next.i32
    this.f64 = next.f64
    this.i64 = next.i64
    this.pos = this.publishedEnd = next.first
    this.rowsEnd = rowsEnd
    this.roused = 0
    this.burst = true
    this.pages.taken = undefined
    if (this.words !== undefined) {
      this.words[WordPage] = next.number
      this.words[WordPos] = next.first
    }
    if (this.shared !== undefined) this.shared.published = this.position
    this.owesWake ||= this.readerSleeps
    if (this.owesWake) this.wakeReader()
    // Where pages fill over many turns, the reader comes to them by itself: to rouse it would delay one turn in eighty.
    if (burst || this.pages.isExhausted) this.carrier.rouse()
    this.carrier.turned()
    this.tail?.entered(next, this.turn, this.pages.holdsRows(next), this.readerState())
  }
}
