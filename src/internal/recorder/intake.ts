/**
 * The producer side of one recorder's events: acceptance, credits, overflow policies.
 *
 * Everything is synchronous. An event that is accepted holds a credit until it is folded, wherever it is, so `capacity`
 * bounds the whole way. Most go straight into the stream; what cannot go there yet is in the backlog.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { LaneLink } from "../link/link.ts"
import type { MetricEvent } from "../model/event.ts"
import { whyNotEvent } from "../model/event.ts"
import type { TagLayouts } from "../stream/eventWriter.ts"
import type { Written } from "../stream/rows/format.ts"
import { BookEvicted, BookOverflowed } from "../stream/rows/laneBooks.ts"
import { afterwards } from "../util/deadlines.ts"
import { hasStack, isStackOverflow } from "../util/stack.ts"
import { millisOf } from "../util/timing.ts"
import type { Refusal } from "./accounting.ts"
import type { WaitingEvent } from "./backlog.ts"
import { Dispatch, type Emission, type Offer, type Waiter } from "./dispatch.ts"

/**
 * What to do with an event when all credits are taken.
 *
 * @category options
 * @since 0.2.0
 */
export type Overflow = "drop-newest" | "drop-oldest" | "backpressure" | "fail"

/** The first event of a recorder starts it. */
interface Startable {
  readonly startIfIdle: () => void
}

/** More calls than an offer makes within each other, but for those of a fold in this thread. */
const CallsOfOffer = 200

export class Intake extends Dispatch {
  readonly overflow: Overflow
  readonly #recorder: Startable
  /** Whether events are taken at all: from the start of the recorder to its stop. */
  #accepting = false

  constructor(options: {
    readonly capacity: number
    readonly overflow: Overflow
    readonly laneLink: LaneLink
    readonly layouts: TagLayouts
    readonly recorder: Startable
  }) {
    const { capacity, laneLink, layouts, overflow, recorder } = options
    super(laneLink, layouts, capacity, overflow === "drop-oldest" ? Math.max(1, Math.floor(capacity / 2)) : capacity)
    this.overflow = overflow
    this.#recorder = recorder
  }

  /** Begins to take events. They go into the stream from {@link flow} on. */
  open(): void {
    this.#accepting = true
    this.backlog.isFlowing = false
    this.shut()
  }

  flow(): void {
    if (this.hasLeft) return
    this.backlog.isFlowing = true
    this.flush()
  }

  /** Takes no more events. Fibers that wait for room are let go; what was accepted still gets folded. */
  close(): void {
    this.#accepting = false
    this.shut()
    for (const waiter of this.waiters ?? []) this.#letGo(waiter, "not-running")
  }

  #letGo(waiter: Waiter, refusal: Refusal): void {
    waiter.decision ??= this.refuse(refusal)
    this.resume(waiter, waiter.decision)
  }

  /** Takes no more events and hands over no more either: nobody is there to fold them. */
  fail(): void {
    this.close()
    this.backlog.isFlowing = false
  }

  /** Writes nothing any more. What was accepted before may still be folded. */
  leave(): void {
    this.fail()
    this.leaveStream()
  }

  /** The fold has closed the lane. Keeps the accounting as it is. */
  settle(): void {
    this.lookAtFold()
    this.isSettled = true
  }

  // --- offers

  /** Offers an event that may be anything. Throws defects of the library alone, for which the event is refused. */
  offer(event: unknown): Offer {
    let written: Written
    try {
      written = this.encoderOf(event as MetricEvent).write(this.rows, event as MetricEvent)
    } catch (defect) {
      return this.refuseFor(defect)
    }
    // No more than this: the compiler takes the encoder into a loop that emits, with all between them, or leaves out all of it,
    // and counts the bytecode. So what is rare is in functions of its own, and what all events pass has no `#` names, each use
    // of which takes twice the bytecode.
    if (written === true) return "accepted"
    return written === "refused" ? "overflow" : this.unwritten(event, written)
  }

  private unwritten(event: unknown, written: Written): Offer {
    try {
      if (written === false && this.writeAny(this.rows, event as MetricEvent)) return "accepted"
    } catch (defect) {
      return this.refuseFor(defect)
    }
    return this.#offerAny(event)
  }

  /**
   * Whether there is no room for an event, which then is refused. It is not asked with the event: to the compiler, one that
   * goes into no call is no object. A loop that emits pays a quarter more for each from the first that does. And it is asked
   * by the encoder, which the compiler therefore takes into the loop before this.
   */
  refuses(): boolean {
    // By the look at the fold that the writer has just had made: a later one would find room now and then, and the event
    // would go on from here.
    if (!this.#isOpen || this.overflow === "drop-oldest" || this.accepted < this.rows.limit) return false
    this.refuse("overflow")
    return true
  }

  /** Nothing of the event was written when it failed. Where the stack is used up, that was its caller's doing. */
  private refuseFor(defect: unknown): "overflow" {
    const { books } = this.laneLink
    this.overflowed++
    if (books !== undefined) books[BookOverflowed] = this.overflowed
    if (isStackOverflow(defect)) return "overflow"
    throw defect
  }

  /**
   * The same, but under `backpressure` the fiber waits for room, unless `mostWait` is `undefined`. `emission` is told of the
   * decision before the fiber is.
   */
  offerOrWait(
    event: unknown,
    mostWait: Duration.Input | undefined,
    emission: Emission | undefined
  ): Effect.Effect<Offer> {
    const decision = mostWait === undefined ? this.offer(event) : this.#offerOrQueue(event)
    if (typeof decision === "string") {
      if (emission !== undefined) emission.decision = decision
      return Effect.succeed(decision)
    }
    // It counts as offered when it is decided: let in by `#admit`, or let go by `close` or when its time is up.
    return Effect.callback<Offer>((resume) => {
      const released = this.laneLink.hold()
      const inTime = afterwards(millisOf(mostWait!), () => this.#letGo(waiter, "overflow"))
      const release = (): void => {
        released()
        inTime()
      }
      const waiter: Waiter = {
        entry: decision,
        emission,
        resume,
        release,
        decision: undefined
      }
      this.waiters ??= new Set()
      this.waiters.add(waiter)
      this.askForNews()
      return Effect.sync(() => {
        release()
        this.waiters?.delete(waiter)
      })
    })
  }

  /** What becomes of an event at once, or what has to wait for room. */
  #offerOrQueue(event: unknown): Offer | WaitingEvent {
    if (this.overflow !== "backpressure" || this.accepted < this.rows.limit || this.reopen()) return this.offer(event)
    const entry = this.#entryOf(event)
    if (typeof entry === "string" || !this.#tryAccept(entry)) return entry
    this.dispatch()
    return "accepted"
  }

  /** Whether events may go straight into the stream again; looks at how far the fold is. */
  reopen(): boolean {
    if (this.rows.isClosed) this.laneLink.left()
    if (!this.#isOpen) return false
    this.lookAtFold()
    // From half the capacity on the fold has to keep up, and is woken; a burst never reaches the event loop.
    if ((this.accepted - this.folded) * 2 >= this.dispatchedLimit) {
      this.laneLink.writer.publish(true)
      this.laneLink.foldNow()
      // In process, that may have led to anything.
      if (!this.#isOpen) return false
      this.lookAtFold()
    }
    const step = Math.max(1, Math.floor(this.dispatchedLimit / 4))
    this.rows.limit = Math.min(this.folded + this.dispatchedLimit, this.accepted + step)
    return this.accepted < this.rows.limit
  }

  /** Whether nothing has to go into the stream before an event that comes now. */
  get #isOpen(): boolean {
    return this.#accepting && this.backlog.isFlowing && this.backlog.isEmpty && this.waiterCount === 0
  }

  /** The slower way: what has no room, or comes while events wait. */
  #offerAny(event: unknown): Offer {
    if (!hasStack(CallsOfOffer)) return this.refuse("overflow")
    let offer: Offer
    try {
      offer = this.#decide(event)
    } catch (defect) {
      return this.refuseFor(defect)
    }
    if (offer === "accepted") this.dispatch()
    return offer
  }

  /** What becomes of the event. One that is accepted waits in the backlog. */
  #decide(event: unknown): Offer {
    const wasShut = this.accepted >= this.rows.limit
    if (this.#isFull() && whyNotEvent(event) === undefined) return this.refuse("overflow")
    // The fold may have made room meanwhile: in the backlog an event is copied, and of a shape that encoders do not know.
    if (wasShut && this.reopen() && this.writeRow(this.rows, event as MetricEvent) === true) return "accepted"
    const entry = this.#entryOf(event)
    if (typeof entry === "string") return entry
    return this.#tryAccept(entry) ? "accepted" : this.refuse("overflow")
  }

  /** Whether an event is bound to be refused for want of room, and need not be copied. */
  #isFull(): boolean {
    if (!this.#accepting || this.overflow === "drop-oldest") return false
    return this.waiterCount > 0 || !this.hasCredit()
  }

  /** The event as it waits, or why it is refused. The first one starts the recorder. */
  #entryOf(event: unknown): WaitingEvent | Refusal {
    const copy = this.copy(event)
    if (copy === undefined) return this.refuse("invalid")
    const at = this.laneLink.writer.now()
    if (!this.#accepting) this.#recorder.startIfIdle()
    return this.#accepting ? { event: copy, at } : this.refuse("not-running")
  }

  #tryAccept(entry: WaitingEvent): boolean {
    // Waiters have priority.
    if (this.waiterCount > 0 || this.#mustBeShared) return false
    if (!this.hasCredit() && !this.#evict()) return false
    this.accept(entry)
    return true
  }

  /**
   * Whether an event is accepted in shared memory alone: it outlives an attached thread. What waits for its start, for room
   * or to be evicted does not.
   */
  get #mustBeShared(): boolean {
    const { books } = this.laneLink
    return (
      books !== undefined && this.backlog.isFlowing && (this.overflow === "drop-newest" || this.overflow === "fail")
    )
  }

  /** Under `drop-oldest`: takes back the oldest event that the fold does not have. */
  #evict(): boolean {
    if (this.overflow !== "drop-oldest" || !this.backlog.evict()) return false
    const { books } = this.laneLink
    this.evicted++
    if (books !== undefined) books[BookEvicted] = this.evicted
    this.laneLink.overflowed()
    return true
  }
}
