/**
 * When the events happen that are written: the stream says the time behind which they stand.
 */
import { DataWriter } from "./dataWriter.ts"
import { TimeRow } from "./rows/format.ts"
import { PageWords } from "./rows/page.ts"

/**
 * Most events between two looks at the clock within a turn of the event loop. So many less one may have a time that is
 * too old, where they are slow and come right after a burst of fast ones; see `look`.
 */
export const MostPerLook = 16

/** Words of a burst that the fold does not see yet. */
export const WordsUnseen = PageWords >> 2

const settled = Promise.resolve()

export abstract class TimedWriter extends DataWriter {
  /** Events of this turn of the event loop after which the live clock is read again: none at its begin. */
  untilLook = 0
  protected perLook = 1
  /** Events written since the clock last moved. */
  private sinceMoved = 0
  /** The time of the events to come, and whether the stream has to be told of it. */
  protected time = Number.NaN
  protected isNewTime = false
  /**
   * The time that a clock other than the live one gives to the events emitted now. Whoever gave one sets both this and
   * {@link untilLook} back, which no failure can prevent: a run of such events has one row, and is at its end by then.
   */
  given: number | undefined
  /** Whether a microtask waits for the end of this turn, and whether the fold was roused in it to follow a burst. */
  protected inTurn = false
  private followed = false
  /** The context of the fiber that emitted last in this turn, if its clock is the live one: to look it up takes long. */
  private live: unknown
  /** Whether the end of a turn has published since the time last changed. */
  private turnPublished = false

  /** The open run could not be ended: nothing is written to it any more. */
  protected abstract abandonRun(): void

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
  protected stamp(): void {
    if (this.untilLook > 0) return
    if (this.given === undefined) return this.look()
    this.willPublish()
    this.changeTime(this.given)
  }

  /**
   * The live clock is read for the first event of a turn of the event loop, and then after as many events as take a
   * millisecond at the most, going by how many came since the clock last moved: after each where they are slow.
   */
  protected look(now = Date.now()): void {
    if (this.inTurn) {
      const passed = now - this.time
      if (passed < 0 || passed >= 1) {
        this.sinceMoved = 0
        this.perLook = passed >= 1 && passed < 2 ? (this.perLook + 1) >> 1 : 1
      } else this.stoodStill(this.perLook - Math.max(0, this.untilLook))
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

  /** The clock has not moved for so many more events. */
  protected stoodStill(events: number): void {
    this.sinceMoved += events
    if (this.sinceMoved >= 2 * this.perLook && this.perLook < MostPerLook) this.perLook *= 2
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
      this.abandonRun()
      this.untilLook = 0
    }
    // A timer would cost a turn of its own. Not more than once in a millisecond: microtasks may come in thousands. The timer
    // of an attached thread may never come: a thread of a pool blocks while it has nothing to do.
    if (this.turnPublished && this.words === undefined) return this.willPublish()
    this.publish(false)
    this.turnPublished = true
  }

  protected onPublished(): void {
    this.untilLook = 0
  }

  protected writeTime(): void {
    this.i32[this.pos * 2 + 1] = TimeRow
    this.f64[this.pos + 1] = this.time
    this.pos += 2
    this.isNewTime = false
  }
}
