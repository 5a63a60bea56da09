/**
 * The writing end of a runtime's stream: rows in pages of memory that the fold reads in place. One stream carries the
 * events of all recorders of a runtime and, in order between them, the commands.
 */

import type { MetricEvent } from "../model/event.ts"
import { emissionSpan } from "../model/eventSpan.ts"
import { oncePer } from "../util/oncePer.ts"
import type { Carrier } from "./carrier.ts"
import { type Encoder, type EncoderMemory, RowEncoders } from "./encoders.ts"
import type { LogTail } from "./logTail.ts"
import { canGenerate } from "./rows/codegen.ts"
import {
  EventRow,
  ForeignEventRow,
  LastingStrings,
  MostTypes,
  type RowMemory,
  TypeBits,
  type Written
} from "./rows/format.ts"
import { BookAccepted } from "./rows/laneBooks.ts"
import type { Layout } from "./rows/layout.ts"
import type { ReaderState } from "./rows/log.ts"
import type { Names } from "./rows/nameLists.ts"
import type { RowSource } from "./rows/rowSource.ts"
import {
  type StreamWords,
  WordPos,
  WordRunAt,
  WordRunCounted,
  WordRunLane,
  WordRunType,
  WordRunWords
} from "./rows/streamWords.ts"
import { MostPerLook, TimedWriter, WordsUnseen } from "./timedWriter.ts"
import type { StreamUsage } from "./usage.ts"

/**
 * The approximate number of rows after which a new run begins. The fold reports its progress after each run, and a full
 * recorder waits for that.
 */
const MostRows = 512

export class RowWriter extends TimedWriter implements EncoderMemory {
  /**
   * The source of the open run, the run's header word, the width of its rows, and how many of its rows the source has
   * counted.
   */
  private source: RowSource | undefined
  private runAt = 0
  private runWords = 1
  private runCounted = 0
  /** The source of the last run, if nothing follows that run and it is not published. It may continue. */
  private paused: RowSource | undefined
  private pausedAt = 0
  private pausedType = 0
  private readonly generate: boolean
  private readonly encoders: RowEncoders

  /** `generate`: whether layouts get generated encoders. */
  constructor(carrier: Carrier, mostBytes: number, generate = canGenerate, tail?: LogTail, shared?: StreamWords) {
    super(carrier, mostBytes, tail, shared)
    this.generate = generate
    this.encoders = new RowEncoders(this)
  }

  /** How full the stream is. */
  get usage(): StreamUsage {
    return {
      memory: this.memory,
      types: { used: this.encoders.types, limit: MostTypes },
      strings: { used: this.strings.size, limit: LastingStrings }
    }
  }

  protected readerState(): ReaderState {
    return { time: this.time, passing: [undefined, undefined, undefined, null, ...this.strings.passing] }
  }

  // --- rows

  /** The encoder of a layout, if this process can generate code. */
  encoder(layout: Layout): Encoder | undefined {
    return this.generate ? this.encoders.of(layout) : undefined
  }

  /**
   * The list of the names of its fields, initially empty. Events that do not fit the layout cross with these names
   * only, too.
   */
  readonly namesOf = oncePer(
    (layout: Layout): Names => this.nameLists.only(new Set(layout.fields.map(([name]) => name)))
  )

  /** Releases an encoder for one of its users. */
  release(encoder: Encoder): void {
    this.encoders.release(encoder)
  }

  widen(...args: Parameters<RowMemory["widen"]>): Written {
    return this.encoders.widen(...args)
  }

  mayWrite(source: RowSource): boolean {
    if (this.source !== undefined) this.pauseRun()
    if (source.counted < source.limit && !source.isClosed) return true
    if (!source.reopen()) return false
    // Folding for this purpose, in process, may have emitted other events, including events of this source.
    if (this.source !== undefined) this.pauseRun()
    return source.counted < source.limit
  }

  /**
   * Called by an encoder when the source or the type has changed, or the run is full. It does not call what most calls
   * do not need, because the first call of a turn finds the code of every function cold. It is too long for the
   * compiler to inline into an encoder, so the functions it calls do not make the encoder longer: the encoder stays
   * short enough for the loop that emits.
   */
  beginRun(source: RowSource, type: number, words: number, asks: boolean): Written {
    const written = this.rowsOf(source)
    // A run that was interrupted only to read the clock continues if the clock has not moved. It is not counted for
    // that, which would take half as long as reading the clock. A run that the end of a turn failed to end does not
    // continue, because nothing would publish it.
    if (
      source === this.source &&
      type === source.runType &&
      this.inTurn &&
      this.given === undefined &&
      !source.isClosed &&
      source.counted + written + MostPerLook <= source.limit &&
      this.pos - this.runAt <= MostRows * words &&
      this.pos + MostPerLook * words <= this.rowsEnd &&
      this.pos - this.publishedEnd <= WordsUnseen
    ) {
      const now = Date.now()
      if (now === this.time) {
        this.stoodStill(this.perLook + written - this.untilLook)
        this.untilLook = written + this.perLook
        source.runEnd = this.pos + this.perLook * words
        return true
      }
      this.pauseRun()
      this.look(now)
    }
    if (!this.mayWrite(source)) return source.lacksRoom()
    if (asks) return true
    if (this.untilLook <= 0) this.stamp()
    if (this.pos + words + 3 > this.rowsEnd && !this.turnPage()) return source.lacksRoom()
    if (this.isNewTime) this.writeTime()
    const goesOn =
      source === this.paused &&
      this.pos === this.pausedAt &&
      type === this.pausedType &&
      this.pos - this.runAt < MostRows * words
    const first = goesOn ? this.pos : this.pos + 1
    const room = ((this.rowsEnd - first) / words) | 0
    const most = Math.min(source.limit - source.counted, room)
    const rows = this.given === undefined ? Math.min(most, this.untilLook) : 1
    // Nothing is called from here on, so nothing can be left half done.
    if (goesOn) this.runCounted = (first - this.runAt - 1) / words
    else {
      // `pauseRun` writes the type together with the count.
      this.i32[this.pos * 2] = source.lane
      this.runAt = this.pos
      this.runWords = words
      this.runCounted = 0
    }
    const { words: shared } = this
    if (shared !== undefined) {
      shared[WordRunAt] = this.runAt
      shared[WordRunCounted] = this.runCounted
      shared[WordRunWords] = words
      shared[WordRunType] = type
      shared[WordRunLane] = source.books === undefined ? -1 : source.lane
    }
    this.paused = undefined
    this.pos = first
    this.source = source
    source.runType = type
    source.runEnd = first + rows * words
    return true
  }

  /** The rows of this source that are not counted yet: those of the open run. */
  rowsOf(source: RowSource): number {
    return source === this.source ? (((this.pos - this.runAt - 1) / this.runWords) | 0) - this.runCounted : 0
  }

  /** Ends the open run if it belongs to this source. The source is asked before it writes again. */
  stop(source: RowSource): void {
    if (source === this.source) this.endRun()
  }

  /** Ends the run for good, so that it may be published. */
  protected endRun(): void {
    if (this.source !== undefined) this.pauseRun()
    this.paused = undefined
  }

  protected abandonRun(): void {
    if (this.source !== undefined) this.source.runEnd = 0
  }

  /**
   * Writes the number of rows into the open run. The run continues if the next row has the same source, type and time.
   */
  private pauseRun(): void {
    const source = this.source!
    const count = this.rowsOf(source)
    this.source = undefined
    this.i32[this.runAt * 2 + 1] = source.runType | ((this.runCounted + count) << TypeBits)
    source.runEnd = 0
    this.untilLook -= count
    source.counted += count
    if (this.words !== undefined) this.counts(source)
    this.paused = source
    this.pausedAt = this.pos
    this.pausedType = source.runType
  }

  /** Counts the events of a source while no run is open. Nothing is called between the first store and the last. */
  private counts({ books, counted }: RowSource): void {
    if (books !== undefined) books[BookAccepted] = counted
    this.words![WordRunAt] = 0
  }

  /**
   * Writes an event of any shape that is emitted now, like {@link RowWrite}. Also returns `false` if the event is not
   * plain data or cannot be read.
   */
  writeEvent(source: RowSource, event: MetricEvent, tag: string, spans: boolean, names?: Names): boolean {
    if (!this.mayWrite(source)) return false
    if (this.untilLook <= 0) this.stamp()
    // Rows that need a new time before them, or contain span ids, are left to the encoder.
    if (names !== undefined && !spans && !this.isNewTime && this.putUsual(source, event, tag, names)) {
      this.untilLook--
      source.counted++
      if (this.words !== undefined) this.countsRow(source)
      return true
    }
    const { data } = this
    const from = data.pos
    try {
      if (!this.encodes(event, tag, spans, names)) return false
      // Reading the event may have emitted others.
      if ((this.source !== undefined || source.counted >= source.limit) && !this.mayWrite(source)) return false
      if (this.untilLook <= 0) this.stamp()
      if (!this.room(this.wordsFrom(from) + 2)) return false
      if (this.isNewTime) this.writeTime()
      this.putData(source.lane, EventRow, from)
    } finally {
      data.pos = from
    }
    this.untilLook--
    source.counted++
    if (this.words !== undefined) this.countsRow(source)
    return true
  }

  /** The same for the row that was just written. It is counted before anything is called, because a call may fail. */
  private countsRow({ books, counted }: RowSource): void {
    if (books !== undefined) books[BookAccepted] = counted
    this.words![WordPos] = this.pos
  }

  /** Returns `false` if the event cannot be read or is not plain data. */
  private encodes(event: MetricEvent, tag: string, spans: boolean, names: Names | undefined): boolean {
    try {
      this.data.event(event, tag, spans ? emissionSpan(event) : null, names)
      return true
    } catch (cause) {
      const { defect } = this
      this.defect = undefined
      if (defect !== undefined && defect.cause === cause) throw cause
      return false
    }
  }

  /** Writes an event that no metric reads. */
  foreignEvent(source: RowSource): boolean {
    if (!this.mayWrite(source)) return false
    this.stamp()
    if (!this.room(1)) return false
    this.putWord(source.lane, ForeignEventRow)
    this.untilLook--
    source.counted++
    if (this.words !== undefined) this.countsRow(source)
    return true
  }
}
