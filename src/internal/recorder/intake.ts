/**
 * The producer side of one recorder's events: acceptance, credits, overflow policies.
 *
 * Everything is synchronous. An event that is accepted holds a credit until it is folded, wherever it is, so `capacity`
 * bounds the whole way. Most go straight into the stream; what cannot go there yet is in the backlog.
 */
import * as Effect from "effect/Effect"
import type { LaneLink } from "../link/link.ts"
import type { MetricEvent } from "../model/event.ts"
import { whyNotEvent } from "../model/event.ts"
import type { TagLayouts } from "../stream/eventWriter.ts"
import { hasStack, isStackOverflow } from "../util/stack.ts"
import { Accounts, type Refusal } from "./accounting.ts"
import { Backlog, type Entry } from "./backlog.ts"

/**
 * What to do with an event when all credits are taken.
 *
 * @category options
 * @since 0.1.0
 */
export type Overflow = "drop-newest" | "drop-oldest" | "backpressure" | "fail"

/** What became of an event that was offered. */
export type Offer = "accepted" | Refusal

/** An event on its way into a recorder, for who has to know, when its fiber is interrupted, what has become of it. */
export interface Emission {
  /** `undefined`: it waits for room, and is not counted. */
  decision: Offer | undefined
}

/** A fiber that waits for a credit. */
interface Waiter {
  readonly entry: Entry
  readonly emission: Emission | undefined
  readonly resume: (offer: Effect.Effect<Offer>) => void
  /** Lets the process end again: nobody waits. */
  readonly release: () => void
  /** Once it is counted. */
  decision: Offer | undefined
}

/** The first event of a recorder starts it. */
interface Startable {
  readonly startIfIdle: () => void
}

const nothing: Array<never> = []

/** More calls than an offer makes within each other, but for those of a fold in this thread. */
const CallsOfOffer = 200

export class Intake extends Accounts {
  readonly overflow: Overflow
  readonly #recorder: Startable
  readonly #backlog: Backlog
  /** Most events that may be with the fold. `drop-oldest` keeps the other half where it can take it back. */
  readonly #handedLimit: number
  /** Whether events are taken at all: from the start of the recorder to its stop. */
  #accepting = false
  #flushing = false
  /** Whether the fold was asked to say when it has folded something, and has not said so yet. */
  #asked = false
  /** The line of fibers that `backpressure` has suspended, first come first served. */
  #line: Set<Waiter> | undefined
  #drained: Array<() => void> = nothing

  constructor(options: {
    readonly capacity: number
    readonly overflow: Overflow
    readonly lane: LaneLink
    readonly layouts: TagLayouts
    readonly recorder: Startable
  }) {
    super(options.lane, options.layouts, options.capacity)
    this.overflow = options.overflow
    this.#recorder = options.recorder
    this.#handedLimit =
      options.overflow === "drop-oldest" ? Math.max(1, Math.floor(options.capacity / 2)) : options.capacity
    this.#backlog = new Backlog(this, this.#handedLimit)
  }

  /** Begins to take events. They go into the stream from {@link flow} on. */
  open(): void {
    this.#accepting = true
    this.#backlog.isFlowing = false
    this.#shut()
  }

  flow(): void {
    if (this.hasLeft) return
    this.#backlog.isFlowing = true
    this.flush()
  }

  /** Takes no more events. Fibers that wait for room are let go; what was accepted still gets folded. */
  close(): void {
    this.#accepting = false
    this.#shut()
    for (const waiter of this.#line ?? []) {
      waiter.decision ??= this.refuse("not-running")
      this.#letGo(waiter, waiter.decision)
    }
  }

  /** Takes no more events and hands over no more either: nobody is there to fold them. */
  fail(): void {
    this.close()
    this.#backlog.isFlowing = false
  }

  /** Keeps the accounting as it is: from now on the lane may be given to another recorder. */
  leave(): void {
    this.fail()
    this.lookAtFold()
    this.leaveStream()
  }

  // --- offers

  /** Offers an event that may be anything. Throws defects of the library alone, for which the event is refused. */
  offer(event: unknown): Offer {
    let isWritten: boolean
    try {
      isWritten = this.writeRow(this, event as MetricEvent)
    } catch (defect) {
      return this.#refuseFor(defect)
    }
    return isWritten ? "accepted" : this.#offerAny(event)
  }

  /** Nothing of the event was written when it failed. Where the stack is used up, that was its caller's doing. */
  #refuseFor(defect: unknown): "overflow" {
    this.overflowed++
    if (isStackOverflow(defect)) return "overflow"
    throw defect
  }

  /** The same, but under `backpressure` the fiber waits for room. `emission` is told of the decision before the fiber is. */
  offerOrWait(event: unknown, mayWait: boolean, emission: Emission | undefined): Effect.Effect<Offer> {
    const decision = mayWait ? this.#offerOrQueue(event) : this.offer(event)
    if (typeof decision === "string") {
      if (emission !== undefined) emission.decision = decision
      return Effect.succeed(decision)
    }
    // It counts as offered when it is decided: let in by `#admit`, or let go by `close`.
    return Effect.callback<Offer>((resume) => {
      const release = this.link.hold()
      const waiter: Waiter = {
        entry: decision,
        emission,
        resume,
        release,
        decision: undefined
      }
      this.#line ??= new Set()
      this.#line.add(waiter)
      this.#askForNews()
      return Effect.sync(() => {
        release()
        this.#line?.delete(waiter)
      })
    })
  }

  /** What becomes of an event at once, or what has to wait for room. */
  #offerOrQueue(event: unknown): Offer | Entry {
    if (this.overflow !== "backpressure" || this.accepted < this.limit || this.reopen()) return this.offer(event)
    const entry = this.#entryOf(event)
    if (entry === undefined) return "invalid"
    if (!this.#accepting) this.#recorder.startIfIdle()
    if (!this.#accepting) return this.refuse("not-running")
    if (!this.#tryAccept(entry)) return entry
    this.#dispatch()
    return "accepted"
  }

  /** No event goes straight into the stream until `reopen`. */
  #shut(): void {
    this.limit = 0
    this.link.writer.stop(this)
  }

  /** Whether events may go straight into the stream again; looks at how far the fold is. */
  reopen(): boolean {
    if (!this.#isOpen) return false
    this.lookAtFold()
    // From half the capacity on the fold has to keep up, and is woken; a burst never reaches the event loop.
    if ((this.accepted - this.folded) * 2 >= this.#handedLimit) {
      this.link.writer.publish(true)
      this.link.foldNow()
      // In process, that may have led to anything.
      if (!this.#isOpen) return false
      this.lookAtFold()
    }
    const step = Math.max(1, Math.floor(this.#handedLimit / 4))
    this.limit = Math.min(this.folded + this.#handedLimit, this.accepted + step)
    return this.accepted < this.limit
  }

  /** Whether nothing has to go into the stream before an event that comes now. */
  get #isOpen(): boolean {
    return this.#accepting && this.#backlog.isFlowing && this.#backlog.isEmpty && this.#waiting === 0
  }

  /** The slower way: what has no room, or comes while events wait. */
  #offerAny(event: unknown): Offer {
    if (!hasStack(CallsOfOffer)) return this.refuse("overflow")
    let offer: Offer
    try {
      offer = this.#decide(event)
    } catch (defect) {
      return this.#refuseFor(defect)
    }
    if (offer === "accepted") this.#dispatch()
    return offer
  }

  /** What becomes of the event. One that is accepted waits in the backlog. */
  #decide(event: unknown): Offer {
    if (this.#isFull() && whyNotEvent(event) === undefined) return this.refuse("overflow")
    const entry = this.#entryOf(event)
    if (entry === undefined) return "invalid"
    if (!this.#accepting) this.#recorder.startIfIdle()
    if (!this.#accepting) return this.refuse("not-running")
    return this.#tryAccept(entry) ? "accepted" : this.refuse("overflow")
  }

  /** Whether an event is bound to be refused for want of room, and need not be copied. */
  #isFull(): boolean {
    if (!this.#accepting || this.overflow === "drop-oldest") return false
    return this.#waiting > 0 || !this.#hasCredit()
  }

  #entryOf(event: unknown): Entry | undefined {
    const copy = this.copy(event)
    if (copy !== undefined) return { event: copy, at: this.link.writer.now() }
    this.refuse("invalid")
    return undefined
  }

  #tryAccept(entry: Entry): boolean {
    // Waiters have priority.
    if (this.#waiting > 0) return false
    if (!this.#hasCredit() && !this.#evict()) return false
    this.#accept(entry)
    return true
  }

  #hasCredit(): boolean {
    if (this.pending < this.capacity) return true
    this.flush()
    this.link.foldNow()
    return this.pending < this.capacity
  }

  /** Under `drop-oldest`: takes back the oldest event that the fold does not have. */
  #evict(): boolean {
    if (this.overflow !== "drop-oldest" || !this.#backlog.evict()) return false
    this.evicted++
    return true
  }

  #accept(entry: Entry): void {
    // Events in the backlog go first: no event passes it until `reopen` finds it empty.
    this.#shut()
    this.#backlog.add(entry)
    this.counted++
  }

  /** Has what was accepted go on its way. */
  #dispatch(): void {
    if (!this.#backlog.isFlowing) return
    this.#backlog.move()
    this.#askForNews()
  }

  // --- on the way to the fold

  /** Whether every event that was accepted is in the stream. */
  get isHandedOver(): boolean {
    return this.#backlog.isEmpty
  }

  /** Runs `action` when all events accepted up to now are in the stream, before any later one is. */
  afterAccepted(action: () => void): void {
    this.addBarrier(action)
    this.flush()
  }

  /** The same, from the next {@link flush} on. */
  addBarrier(action: () => void): void {
    this.#shut()
    this.#backlog.addBarrier(action)
  }

  /** Runs `action` once nothing is pending. */
  whenDrained(action: () => void): void {
    if (this.#drained === nothing) this.#drained = []
    this.#drained.push(action)
    this.flush()
  }

  /** The fold has moved the counters: credits are free. */
  onFolded(): void {
    this.#asked = false
    this.lookAtFold()
    this.#admit()
    this.flush()
  }

  /** Hands over what there is, in order, barriers between, and makes the fold see it. */
  flush(): void {
    if (this.#flushing) return
    this.#flushing = true
    try {
      do {
        this.#backlog.move()
        // What is folded now frees credits, and with them there may be more to hand over.
        this.link.writer.publish(true)
      } while (this.#backlog.canMove)
    } finally {
      this.#flushing = false
    }
    if (this.#drained.length > 0 && this.pending === 0) {
      const drained = this.#drained
      this.#drained = nothing
      for (const action of drained) action()
    }
    this.#askForNews()
  }

  /** Its turn among those for whose events the stream had no room. */
  takeTurn(most: number): boolean {
    const before = this.#backlog.size
    this.#backlog.move(most)
    const hasMoved = this.#backlog.size < before
    // It has had its turn, and may have more.
    if (hasMoved && this.#backlog.canMove) this.link.writer.whenRoom(this)
    this.#askForNews()
    return hasMoved
  }

  /** Whether the fold has to say when it has folded something, because somebody waits for it. */
  #askForNews(): void {
    if (this.hasLeft) return
    const { isFlowing, isStuck, size } = this.#backlog
    if (this.#waiting === 0 && this.#drained.length === 0 && (!isFlowing || size === 0)) return
    // The stream may be full of the events of others, of which the fold says nothing here.
    if (isStuck) this.link.writer.whenRoom(this)
    if (this.#asked) return
    this.link.counters.want()
    // It may have folded all of it before it could see that it is asked.
    const { pending } = this
    const isNews =
      (this.#waiting > 0 && pending < this.capacity) ||
      (this.#drained.length > 0 && pending === 0) ||
      this.#backlog.canMove
    if (isNews) this.link.later(() => this.onFolded())
    // A question that has failed is asked again.
    this.#asked = true
  }

  // --- the line

  get #waiting(): number {
    return this.#line === undefined ? 0 : this.#line.size
  }

  /** Lets suspended offers in while there are credits. */
  #admit(): void {
    for (const waiter of this.#line ?? []) {
      if (waiter.decision === undefined) {
        if (this.pending >= this.capacity) return
        this.#accept(waiter.entry)
        waiter.decision = "accepted"
      }
      this.#letGo(waiter, waiter.decision)
    }
  }

  /** Resumes a suspended fiber, at the next turn of the event loop: never user code in the middle of a hand-over. */
  #letGo(waiter: Waiter, offer: Offer): void {
    if (waiter.emission !== undefined) waiter.emission.decision = offer
    this.link.later(() => {
      try {
        waiter.release()
      } finally {
        waiter.resume(Effect.succeed(offer))
      }
    })
    // Last: one that stays in the line for a failure is resumed again, which does nothing, but never left there.
    this.#line?.delete(waiter)
  }
}
