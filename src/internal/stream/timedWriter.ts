/** The time of the events in a stream: the stream carries a time row before the events that it applies to. */
import { DataWriter } from "./dataWriter.ts"
import { TimeRow } from "./rows/format.ts"
import { PageWords } from "./rows/page.ts"

/**
 * The maximum number of events between two readings of the clock within a turn of the event loop. Up to one less may
 * get a time that is too old, if they are slow and follow a burst of fast ones; see `look`.
 */
export const MostPerLook = 16

/** The number of words of a burst that may stay invisible to the fold. */
export const WordsUnseen = PageWords >> 2

const settled = Promise.resolve()

export abstract class TimedWriter extends DataWriter {
  /** The number of events until the live clock is read again in this turn of the event loop. 0 at its beginning. */
  protected untilLook = 0
  protected perLook = 1
  /** Events written since the clock last moved. */
  private sinceMoved = 0
  /** The time of the events to come. NaN if it must be written to the stream first. */
  protected time = Number.NaN
  protected isNewTime = false
  /**
   * The time that a clock other than the live one gives to the events emitted now. The caller that sets it also resets
   * it, which no failure can prevent. {@link untilLook} is not above 0 meanwhile, so later events read their own clock.
   */
  given: number | undefined
  /**
   * Whether a microtask waits for the end of this turn, and whether that microtask has woken the fold to follow a
   * burst.
   */
  protected inTurn = false
  private followed = false
  /**
   * The context of the fiber that emitted last in this turn, if its clock is the live one and no time is given. Looking
   * the clock up is slow.
   */
  private live: unknown
  /** Whether the end of a turn has published since the time last changed. */
  private turnPublished = false

  /** Abandons the open run, which could not be ended: nothing more is written to it. */
  protected abstract abandonRun(): void

  /** Gives the events to come the time of another clock, or of the live clock again if `time` is `undefined`. */
  give(time: number | undefined): void {
    this.endRun()
    this.given = time
    this.untilLook = 0
    this.live = undefined
  }

  /** The time of an event that is emitted now and not written yet. */
  now(): number {
    this.endRun()
    if (this.given === undefined) this.look()
    else this.stamp()
    // It is counted here, so that a later event does not get the time of this one.
    this.untilLook--
    return this.time
  }

  /** Sets the time of the events to come, if it is due. No run is open, because the events of a run have its time. */
  protected stamp(): void {
    if (this.untilLook > 0) return
    if (this.given === undefined) return this.look()
    this.willPublish()
    this.changeTime(this.given)
  }

  /**
   * Reads the live clock for the first event of a turn of the event loop, and then after as many events as take up to a
   * millisecond, estimated from the number of events since the clock last moved. If events are slow, it is read after
   * each.
   */
  protected look(now = Date.now()): void {
    if (this.inTurn) {
      const passed = now - this.time
      if (passed < 0 || passed >= 1) {
        this.sinceMoved = 0
        this.perLook = passed >= 1 && passed < 2 ? (this.perLook + 1) >> 1 : 1
      } else this.stoodStill(this.perLook - Math.max(0, this.untilLook))
      // In a burst the fold follows what is written. It waits neither for the page to fill nor for the end of its nap.
      if (this.pos - this.publishedEnd > WordsUnseen) {
        this.publish(!this.followed)
        this.followed = true
      }
    } else {
      // `queueMicrotask` would cost three times as much, because it creates an asynchronous resource for each call.
      void settled.then(this.endTurn)
      this.inTurn = true
      this.followed = false
      this.perLook = 1
      this.sinceMoved = 0
    }
    this.changeTime(now)
    this.untilLook = this.perLook
  }

  /** The clock has not moved for this many more events. */
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

  /** Whether a fiber with this context is known to use the live clock. */
  isLive(context: unknown): boolean {
    return context === this.live
  }

  /** Remembers until the end of the turn that a fiber with this context uses the live clock. */
  wasLive(context: unknown): void {
    if (this.inTurn && this.given === undefined) this.live = context
  }

  /** Runs in a microtask. The next event reads the clock. */
  private readonly endTurn = (): void => {
    this.inTurn = false
    this.live = undefined
    this.burst = false
    try {
      this.endRun()
    } finally {
      // Whatever fails in here, the next event must not get the time of this turn.
      this.abandonRun()
      this.untilLook = 0
    }
    // A timer would cost a turn of its own. This happens at most once per millisecond, because there may be thousands
    // of microtasks. The timer of an attached thread may never fire, because a pool thread blocks while it is idle.
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
