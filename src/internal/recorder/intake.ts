/**
 * The producer side of one recorder's events: acceptance, credits, overflow policies.
 *
 * Everything is synchronous. An accepted event holds a credit until it is folded, wherever it is, so `capacity` limits
 * the whole path. Most events go straight into the stream; those that cannot go there yet are in the backlog.
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

/** More nested calls than an offer makes, apart from those of a fold in this thread. */
const CallsOfOffer = 200

export class Intake extends Dispatch {
  readonly overflow: Overflow
  readonly #recorder: Startable
  /** Whether events are accepted: from the start of the recorder to its stop. */
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

  /** Starts to accept events. They go into the stream from {@link flow} on. */
  open(): void {
    this.#accepting = true
    this.backlog.isFlowing = false
  }

  flow(): void {
    if (this.hasLeft) return
    this.backlog.isFlowing = true
    this.flush()
  }

  /** Stops accepting events. Fibers that wait for room are released. Accepted events are still folded. */
  close(): void {
    this.#accepting = false
    this.shut()
    for (const waiter of this.waiters ?? []) this.#letGo(waiter, "not-running")
  }

  #letGo(waiter: Waiter, refusal: Refusal): void {
    waiter.decision ??= this.refuse(refusal)
    this.resume(waiter, waiter.decision)
  }

  /** Stops accepting and dispatching events, because nothing is left to fold them. */
  fail(): void {
    this.close()
    this.backlog.isFlowing = false
  }

  /** Stops writing. Events accepted before may still be folded. */
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

  /** Offers an event. It can be any value. Throws only defects of the library, for which the event is refused. */
  offer(event: unknown): Offer {
    let written: Written
    try {
      written = this.encoderOf(event as MetricEvent).write(this.rows, event as MetricEvent)
    } catch (defect) {
      return this.refuseFor(defect)
    }
    // Kept to this minimum: the compiler inlines either the whole encoder into a loop that emits, with everything in
    // between, or none of it, and decides by the amount of bytecode. Rare cases are therefore in separate functions,
    // and the code that all events pass uses no `#` names, each use of which takes twice the bytecode.
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
   * Whether an event without room is refused. The event is not passed to it, because an event that is passed to no call
   * is never allocated by the compiler; a loop that emits becomes a quarter slower per event with the first such call.
   * It is called by the encoder, so that the compiler inlines the encoder into the loop before this.
   */
  refuses(): boolean {
    // Decided by the check of the fold that the writer has just made. A later check would sometimes find room, and the
    // event would have to continue from here.
    if (!this.#isOpen || this.overflow === "drop-oldest" || this.accepted < this.rows.limit) return false
    this.refuse("overflow")
    return true
  }

  /** Nothing of the event was written when it failed. If the stack was used up, the caller is responsible. */
  private refuseFor(defect: unknown): "overflow" {
    const { books } = this.laneLink
    this.overflowed++
    if (books !== undefined) books[BookOverflowed] = this.overflowed
    if (isStackOverflow(defect)) return "overflow"
    throw defect
  }

  /**
   * The same, but under `backpressure` the fiber waits for room, unless `mostWait` is `undefined`. `emission` gets the
   * decision before the fiber is resumed.
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
    // It counts as offered when it is decided: admitted by `#admit`, or released by `close` or by its time limit.
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

  /** Decides about an event at once, or returns it to wait for room. */
  #offerOrQueue(event: unknown): Offer | WaitingEvent {
    if (this.overflow !== "backpressure" || this.accepted < this.rows.limit || this.reopen()) return this.offer(event)
    const entry = this.#entryOf(event)
    if (typeof entry === "string" || !this.#tryAccept(entry)) return entry
    this.dispatch()
    return "accepted"
  }

  /** Whether events may go straight into the stream again. Checks how far the fold is. */
  reopen(): boolean {
    if (this.rows.isClosed) this.laneLink.left()
    if (!this.#isOpen) return false
    this.lookAtFold()
    // From half the capacity on the fold must keep up and is woken, because a burst never reaches the event loop.
    if ((this.accepted - this.folded) * 2 >= this.dispatchedLimit) {
      this.laneLink.writer.publish(true)
      this.laneLink.foldNow()
      // In process, the fold may have run any code.
      if (!this.#isOpen) return false
      this.lookAtFold()
    }
    const step = Math.max(1, Math.floor(this.dispatchedLimit / 4))
    this.rows.limit = Math.min(this.folded + this.dispatchedLimit, this.accepted + step)
    return this.accepted < this.rows.limit
  }

  /** Whether nothing must go into the stream before an event that arrives now. */
  get #isOpen(): boolean {
    return this.#accepting && this.backlog.isFlowing && this.backlog.isEmpty && this.waiterCount === 0
  }

  /** The slower path, for an event without room or behind waiting events. */
  #offerAny(event: unknown): Offer {
    if (!hasStack(CallsOfOffer)) return this.refuse("overflow")
    let offer: Offer | undefined
    try {
      offer = this.#runsBarriers() ? undefined : this.#decide(event)
    } catch (defect) {
      return this.refuseFor(defect)
    }
    if (offer === undefined) return this.offer(event)
    if (offer === "accepted") this.dispatch()
    return offer
  }

  /** Runs the barriers behind which an event that must be in the stream cannot wait. Returns whether that cleared it. */
  #runsBarriers(): boolean {
    if (this.backlog.isEmpty || !this.#mustBeShared) return false
    this.backlog.move()
    return this.backlog.isEmpty
  }

  /** Decides about the event. An accepted one goes to the backlog. */
  #decide(event: unknown): Offer {
    if (this.#isFull() && whyNotEvent(event) === undefined) return this.refuse("overflow")
    const entry = this.#entryOf(event)
    if (typeof entry === "string") return entry
    return this.#tryAccept(entry) ? "accepted" : this.refuse("overflow")
  }

  /** Whether an event would be refused for lack of room anyway, so that it need not be copied. */
  #isFull(): boolean {
    if (!this.#accepting || this.overflow === "drop-oldest") return false
    return !this.hasCredit()
  }

  /** Returns the event as it is queued, or why it is refused. The first event starts the recorder. */
  #entryOf(event: unknown): WaitingEvent | Refusal {
    const copy = this.copy(event)
    if (copy === undefined) return this.refuse("invalid")
    const at = this.laneLink.writer.now()
    this.#recorder.startIfIdle()
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
   * Whether an event is accepted only if it fits in shared memory, which outlives an attached thread. Events that wait
   * for the start, for room or for eviction do not outlive it.
   */
  get #mustBeShared(): boolean {
    const { books } = this.laneLink
    return (
      books !== undefined && this.backlog.isFlowing && (this.overflow === "drop-newest" || this.overflow === "fail")
    )
  }

  /** Under `drop-oldest`: evicts the oldest event that was not dispatched. */
  #evict(): boolean {
    if (this.overflow !== "drop-oldest" || !this.backlog.evict()) return false
    const { books } = this.laneLink
    this.evicted++
    if (books !== undefined) books[BookEvicted] = this.evicted
    this.laneLink.overflowed()
    return true
  }
}
