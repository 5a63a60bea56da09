/**
 * Moves a stream from page to page, and makes its contents visible to the fold by publishing them.
 *
 * Commands are attachments, because they may carry functions and memory. A row marks the place of each command.
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
  /** Where the current page ended when the reader was last woken. The reader sees everything published before. */
  private roused = 0
  /** Whether the whole current page was written in one turn of the event loop. */
  protected burst = true

  private readonly carrier: Carrier
  /** Lets the last pages be read again. */
  protected readonly tail: LogTail | undefined
  /** Of an attached thread: the words that let the runtime's thread complete what the thread has written. */
  private readonly shared: StreamWords | undefined
  readonly words: Int32Array | undefined
  /** Whether the reader was told that it may sleep, and therefore must be woken. */
  private readerSleeps = false
  private attachments: Array<Attachment> = []
  /** Whether rows were published while the reader slept, and it has not been woken for them. */
  private owesWake = false
  /** Whether a timer will publish, and whether events were written since it last did. */
  private scheduled = false
  private events = false
  protected dead = false
  /** While a recorder waits in this queue, no other one goes on to another page. */
  private readonly roomQueue = new RoomQueue()

  constructor(carrier: Carrier, mostBytes: number, tail?: LogTail, shared?: StreamWords) {
    super(carrier, mostBytes, tail?.pagesInTurn)
    this.carrier = carrier
    this.tail = tail
    this.shared = shared
    this.words = shared?.i32
    this.readerSleeps = shared !== undefined
    tail?.entered(this.page, 0, true, { time: Number.NaN, passing: [] })
  }

  /** Ends the open run, so that it can be published. */
  protected abstract endRun(): void

  /** The state that a reader needs at this place. */
  protected abstract readerState(): ReaderState

  /** Called when the timer has published. Later events in this turn must set it again. */
  protected abstract onPublished(): void

  /**
   * Closes the stream: it is not read any more. Nothing is written from here on, because the memory may be given to
   * another stream.
   */
  close(): void {
    this.dead = true
    this.endRun()
    this.rowsEnd = 0
  }

  // --- what is written here

  /** Writes a command, in order with the events and with those of other streams, and wakes the fold for it. */
  command(command: unknown, order?: CommandOrder): void {
    if (this.dead) return
    this.endRun()
    this.makeRoomForWord()
    const at = this.position + 1
    this.attachments.push(order === undefined ? { at, command } : { at, command, ...order })
    // Nothing is called from here on: an attachment without its row would be taken for the next one.
    this.i32[this.pos * 2 + 1] = CommandRow
    this.pos++
    this.publish(true)
  }

  private makeRoomForWord(): void {
    if (this.pos > this.page.end - WordsKept) this.nextPage(this.pages.take(this.turn + 1, this.burst, true)!)
  }

  /** Makes later rows in the stream of an attached thread wait for the command with this number, and wakes the fold. */
  waitFor(ticket: number): void {
    if (this.dead) return
    this.endRun()
    this.makeRoomForWord()
    this.putWord(ticket, WaitRow)
    this.publish(true)
  }

  /** Ends the open run and publishes everything, in the thread that completes the stream. Returns its position. */
  showAll(): number {
    this.endRun()
    if (this.words !== undefined) {
      this.words[WordPage] = this.page.number
      this.words[WordPos] = this.pos
    }
    return this.position
  }

  // --- publishing

  /** Makes everything written visible to the fold. `urgent`: an answer is awaited, so the reader is woken. */
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
    // A reader that was told that it may sleep may still be in its last nap.
    if (!urgent || this.roused === this.pos) return
    this.carrier.rouse()
    this.roused = this.pos
  }

  private sendAttachments(): void {
    if (this.attachments.length === 0) return
    this.carrier.attach(this.attachments)
    this.attachments = []
  }

  /** A napping reader polls. An attached thread does not know whether the reader naps or sleeps. */
  private wakeReader(): void {
    this.carrier.wake()
    this.readerSleeps = this.shared !== undefined
    this.owesWake = false
  }

  /**
   * The reader has had nothing to do for a while. By the time it receives the permission to sleep, everything published
   * before is visible to it.
   */
  readerIdle(): void {
    this.carrier.letSleep()
    this.readerSleeps = true
  }

  /** Another reader replaces the one that is gone, and resumes from a place in the log. */
  readerReplaced(from: LogPlace): void {
    this.pages.cover(from.turn)
  }

  /** Publishes after a while, and keeps doing so while events arrive. */
  protected willPublish(): void {
    this.events = true
    this.schedule()
  }

  /** Gives a taker one turn when there may be room again. */
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
    // While events arrive, the timer continues by itself. The first event after a pause sets it again.
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

  /** Whether there is room for any event of fixed width, on this page or another. */
  private readonly hasRoom = (): boolean => this.room(MostWords + 4)

  /** Whether `words` fit, on this page or another. */
  protected room(words: number): boolean {
    return this.pos + words <= this.rowsEnd || this.turnPage()
  }

  /** Moves to another page, which has room for any row. Returns `false` if all memory is in use. */
  protected turnPage(): boolean {
    if (this.dead || this.roomQueue.isClosed) return false
    this.endRun()
    const page = this.pages.take(this.turn + 1, this.burst, false)
    if (page === undefined) return false
    this.nextPage(page)
    return true
  }

  /** If this fails, the next caller that finds the page full does it again. */
  private nextPage(next: Page): void {
    const { burst, page: full } = this
    this.sendAttachments()
    this.pages.seal(full)
    const rowsEnd = this.pages.holdsRows(next) ? next.end - WordsKept : 0
    this.i32[this.pos * 2] = next.number
    this.i32[this.pos * 2 + 1] = PageEndRow
    publish(full, this.pos + 1)
    // Nothing is called from here on until the writer is in the new page.
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
    // Pages that fill over many turns need no wake-up: the reader polls, and a wake-up would delay 1 turn in 80.
    if (burst || this.pages.isExhausted) this.carrier.rouse()
    this.carrier.turned()
    this.tail?.entered(next, this.turn, this.pages.holdsRows(next), this.readerState())
  }
}
