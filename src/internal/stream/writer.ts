/**
 * The writing end of a runtime's stream: rows in pages of memory that the fold reads where they lie. One stream carries
 * the events of all recorders of a runtime, and, in order between them, the commands.
 */

import type { MetricEvent } from "../model/event.ts"
import { emissionSpan } from "../model/eventSpan.ts"
import type { Carrier } from "./carrier.ts"
import { DataWriter } from "./dataWriter.ts"
import { type Encoder, type EncoderMemory, RowEncoders } from "./encoders.ts"
import type { LogTail } from "./logTail.ts"
import { canGenerate } from "./rows/codegen.ts"
import {
  EventRow,
  ForeignEventRow,
  LastingStrings,
  MostTypes,
  type RowMemory,
  TimeRow,
  TypeBits
} from "./rows/format.ts"
import type { Layout } from "./rows/layout.ts"
import type { ReaderState } from "./rows/log.ts"
import { PageWords } from "./rows/page.ts"
import type { RowSource } from "./rows/rowSource.ts"
import type { StreamUsage } from "./usage.ts"

/**
 * Most events between two looks at the clock within a turn of the event loop. So many less one may have a time that is
 * too old, where they are slow and come right after a burst of fast ones; see `look`.
 */
const MostPerLook = 16

/** Words of a burst that the fold does not see yet. */
const WordsUnseen = PageWords >> 2

const settled = Promise.resolve()

export class RowWriter extends DataWriter implements EncoderMemory {
  /** Whose run is open, where it has its word, the width of its rows, and how many of them the source has counted. */
  private source: RowSource | undefined
  private runAt = 0
  private runWords = 1
  private runCounted = 0
  /** Whose run was the last one, if nothing stands behind it and nobody has seen it: it may go on. */
  private paused: RowSource | undefined
  private pausedAt = 0
  private pausedType = 0
  /** Events of this turn of the event loop after which the live clock is read again: none at its begin. */
  untilLook = 0
  private perLook = 1
  /** Events written since the clock last moved. */
  private sinceMoved = 0
  /** The time of the events to come, and whether the stream has to be told of it. */
  private time = Number.NaN
  private isNewTime = false
  /**
   * The time that a clock other than the live one gives to the events emitted now. Whoever gave one sets both this and
   * {@link untilLook} back, which no failure can prevent: a run of such events has one row, and is at its end by then.
   */
  given: number | undefined
  /** Whether a microtask waits for the end of this turn, and whether the fold was roused in it to follow a burst. */
  private inTurn = false
  private followed = false
  /** The context of the fiber that emitted last in this turn, if its clock is the live one: to look it up takes long. */
  private live: unknown
  /** Whether the end of a turn has published since the time last changed. */
  private turnPublished = false
  private readonly generate: boolean
  private readonly encoders: RowEncoders

  /** `generate`: whether there are encoders for layouts, which are generated code. */
  constructor(carrier: Carrier, mostBytes: number, generate = canGenerate, tail?: LogTail) {
    super(carrier, mostBytes, tail)
    this.generate = generate
    this.encoders = new RowEncoders(this)
  }

  /** How full it is. */
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

  // --- time

  /** Gives the events to come the time of another clock than the live one; of that one again, where there is none. */
  give(time: number | undefined): void {
    this.endRun()
    this.given = time
    this.untilLook = 0
  }

  /** The time of an event that is emitted now, and not written yet. */
  now(): number {
    this.endRun()
    if (this.given === undefined) this.look()
    else this.stamp()
    return this.time
  }

  /** Sets the time of the events to come, where it is due. No run is open: its events had theirs. */
  private stamp(): void {
    if (this.untilLook > 0) return
    if (this.given === undefined) return this.look()
    this.willPublish()
    this.changeTime(this.given)
  }

  /**
   * The live clock is read for the first event of a turn of the event loop, and then after as many events as take a
   * millisecond at the most, going by how many came since the clock last moved: after each where they are slow.
   */
  private look(): void {
    const now = Date.now()
    if (this.inTurn) {
      const passed = now - this.time
      this.sinceMoved += this.perLook - Math.max(0, this.untilLook)
      if (passed < 0 || passed >= 1) {
        this.sinceMoved = 0
        this.perLook = passed >= 1 && passed < 2 ? (this.perLook + 1) >> 1 : 1
      } else if (this.sinceMoved >= 2 * this.perLook && this.perLook < MostPerLook) this.perLook *= 2
      // In a burst the fold goes along with what is written, and does not wait for the page, nor for the end of its nap.
      if (this.pos - this.publishedEnd > WordsUnseen) {
        this.publish(!this.followed)
        this.followed = true
      }
    } else {
      // `queueMicrotask` would cost three times as much: it makes an asynchronous resource of each.
      void settled.then(this.endTurn)
      this.inTurn = true
      this.followed = false
      this.perLook = 1
      this.sinceMoved = 0
    }
    this.changeTime(now)
    this.untilLook = this.perLook
  }

  private changeTime(time: number): void {
    if (time === this.time) return
    this.time = time
    this.isNewTime = true
    this.turnPublished = false
  }

  /** Whether a fiber with this context is known to have the live clock. */
  isLive(context: unknown): boolean {
    return context === this.live
  }

  /** A fiber with this context has emitted at the time of the live clock. It is remembered to the end of the turn. */
  wasLive(context: unknown): void {
    if (this.inTurn) this.live = context
  }

  /** In a microtask: the next event looks at the clock. */
  private readonly endTurn = (): void => {
    this.inTurn = false
    this.live = undefined
    this.burst = false
    try {
      this.endRun()
    } finally {
      // Whatever fails in here, the next event does not get the time of this turn.
      if (this.source !== undefined) this.source.runEnd = 0
      this.untilLook = 0
    }
    // A timer would cost a turn of its own. Not more than once in a millisecond: microtasks may come in thousands.
    if (this.turnPublished) return this.willPublish()
    this.publish(false)
    this.turnPublished = true
  }

  protected onPublished(): void {
    this.untilLook = 0
  }

  // --- rows

  /** The encoder of a layout, where this process can have one. */
  encoder(layout: Layout): Encoder | undefined {
    return this.generate ? this.encoders.of(layout) : undefined
  }

  /** It is used no more by one who got it. */
  release(encoder: Encoder): void {
    this.encoders.release(encoder)
  }

  widen(...args: Parameters<RowMemory["widen"]>): boolean {
    return this.encoders.widen(...args)
  }

  mayWrite(source: RowSource): boolean {
    if (this.source !== undefined) this.pauseRun()
    return source.counted < source.limit || source.reopen()
  }

  /**
   * An encoder calls it when the source or the type has changed, or the run is at its end. What most calls do not need is
   * not called: the first one of a turn finds the code of every function cold.
   */
  beginRun(source: RowSource, type: number, words: number): boolean {
    if (!this.mayWrite(source)) return false
    if (this.untilLook <= 0) this.stamp()
    if (this.pos + words + 3 > this.rowsEnd && !this.turnPage()) return false
    if (this.isNewTime) this.writeTime()
    const goesOn = source === this.paused && this.pos === this.pausedAt && type === this.pausedType
    const first = goesOn ? this.pos : this.pos + 1
    const room = ((this.rowsEnd - first) / words) | 0
    const most = Math.min(source.limit - source.counted, room)
    const rows = this.given === undefined ? Math.min(most, this.untilLook) : 1
    // From here on nothing is called, and nothing can be left half done.
    if (goesOn) this.runCounted = (first - this.runAt - 1) / words
    else {
      // The type is written with the count, by `pauseRun`.
      this.i32[this.pos * 2] = source.lane
      this.runAt = this.pos
      this.runWords = words
      this.runCounted = 0
    }
    this.paused = undefined
    this.pos = first
    this.source = source
    source.runType = type
    source.runEnd = first + rows * words
    return true
  }

  /** Rows of this source that it has not counted: those of the open run. */
  rowsOf(source: RowSource): number {
    return source === this.source ? (this.pos - this.runAt - 1) / this.runWords - this.runCounted : 0
  }

  /** Ends the run that is open, if it is this source's: it is asked before it writes again. */
  stop(source: RowSource): void {
    if (source === this.source) this.endRun()
  }

  /** What comes next is another run: this one may be seen. */
  protected endRun(): void {
    if (this.source !== undefined) this.pauseRun()
    this.paused = undefined
  }

  /** Says how many rows the open run has. It goes on if the next row is of the same source, type and time. */
  private pauseRun(): void {
    const source = this.source!
    const count = this.rowsOf(source)
    this.source = undefined
    this.i32[this.runAt * 2 + 1] = source.runType | ((this.runCounted + count) << TypeBits)
    source.runEnd = 0
    this.untilLook -= count
    source.counted += count
    this.paused = source
    this.pausedAt = this.pos
    this.pausedType = source.runType
  }

  private writeTime(): void {
    this.i32[this.pos * 2 + 1] = TimeRow
    this.f64[this.pos + 1] = this.time
    this.pos += 2
    this.isNewTime = false
  }

  /**
   * Writes an event of any shape that is emitted now, as {@link RowWrite} does; `false` as well for what is not plain data,
   * or cannot be read.
   */
  writeEvent(source: RowSource, event: MetricEvent, tag: string, spans: boolean): boolean {
    if (!this.mayWrite(source)) return false
    const { data } = this
    const from = data.pos
    try {
      if (!this.encodes(event, tag, spans)) return false
      // While it was read, it may have emitted others.
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
    return true
  }

  /** `false`: it cannot be read, or is not plain data. */
  private encodes(event: MetricEvent, tag: string, spans: boolean): boolean {
    try {
      this.data.event(event, tag, spans ? emissionSpan(event) : null)
      return true
    } catch (cause) {
      const { defect } = this
      this.defect = undefined
      if (defect !== undefined && defect.cause === cause) throw cause
      return false
    }
  }

  /** Writes an event that no metric can be concerned with. */
  foreignEvent(source: RowSource): boolean {
    if (!this.mayWrite(source)) return false
    this.stamp()
    if (!this.room(1)) return false
    this.putWord(source.lane, ForeignEventRow)
    source.counted++
    return true
  }
}
