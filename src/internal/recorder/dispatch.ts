/**
 * The way of a recorder's events behind their acceptance: the backlog, the fibers that wait for a credit, and the questions
 * to the fold of whoever waits for it.
 */
import * as Effect from "effect/Effect"
import type { LaneLink } from "../link/link.ts"
import type { TagLayouts } from "../stream/eventWriter.ts"
import { BookAccepted } from "../stream/rows/laneBooks.ts"
import { Accounts, type Refusal } from "./accounting.ts"
import { Backlog, type WaitingEvent } from "./backlog.ts"

/** What became of an event that was offered. */
export type Offer = "accepted" | Refusal

/** An event on its way into a recorder, for who has to know, when its fiber is interrupted, what has become of it. */
export interface Emission {
  /** `undefined`: it waits for room, and is not counted. */
  decision: Offer | undefined
}

/** A fiber that waits for a credit. */
export interface Waiter {
  readonly entry: WaitingEvent
  readonly emission: Emission | undefined
  readonly resume: (offer: Effect.Effect<Offer>) => void
  /** Lets the process end again: nobody waits. */
  readonly release: () => void
  /** Once it is counted. */
  decision: Offer | undefined
}

const nothing: Array<never> = []

// One object with the intake: what an event needs lies in one place.
export abstract class Dispatch extends Accounts {
  protected readonly backlog: Backlog
  /** Most events that may be with the fold. `drop-oldest` keeps the other half where it can take it back. */
  protected readonly dispatchedLimit: number
  /** The fibers that `backpressure` has suspended, first come first served. */
  protected waiters: Set<Waiter> | undefined
  #flushing = false
  /** Whether the fold was asked to say when it has folded something, and has not said so yet. */
  #asked = false
  #drained: Array<() => void> = nothing

  constructor(laneLink: LaneLink, layouts: TagLayouts, capacity: number, dispatchedLimit: number) {
    super(laneLink, layouts, capacity)
    this.dispatchedLimit = dispatchedLimit
    this.backlog = new Backlog(this, dispatchedLimit)
  }

  /** No event goes straight into the stream until `reopen`. */
  protected shut(): void {
    this.rows.limit = 0
    this.laneLink.writer.stop(this.rows)
  }

  protected hasCredit(): boolean {
    if (this.pending < this.capacity) return true
    this.flush()
    this.laneLink.foldNow()
    return this.pending < this.capacity
  }

  protected accept(entry: WaitingEvent): void {
    // Events in the backlog go first: no event passes it until `reopen` finds it empty.
    this.shut()
    const { books } = this.laneLink
    this.backlog.add(entry)
    this.rows.counted++
    if (books !== undefined) books[BookAccepted] = this.rows.counted
  }

  /** Has what was accepted go on its way. */
  protected dispatch(): void {
    if (!this.backlog.isFlowing) return
    this.backlog.move()
    this.askForNews()
  }

  // --- on the way to the fold

  /** Sequence number of the last event that is in the stream. */
  get written(): number {
    return this.accepted - this.backlog.size
  }

  /** Whether every event that was accepted is in the stream. */
  get isHandedOver(): boolean {
    return this.backlog.isEmpty
  }

  /** Runs `action`, which publishes, when all events accepted up to now are in the stream, before any later one is. */
  afterAccepted(action: () => void): void {
    // Most who ask find nothing in their way, and nobody else who waits.
    const isAlone = this.backlog.isEmpty && !this.#flushing && this.waiterCount === 0 && this.#drained.length === 0
    if (isAlone) return action()
    this.addBarrier(action)
    this.flush()
  }

  /** The same, from the next {@link flush} on. */
  addBarrier(action: () => void): void {
    this.shut()
    this.backlog.addBarrier(action)
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
        this.backlog.move()
        // What is folded now frees credits, and with them there may be more to hand over.
        this.laneLink.writer.publish(true)
      } while (this.backlog.canMove)
    } finally {
      this.#flushing = false
    }
    if (this.#drained.length > 0 && this.pending === 0) {
      const drained = this.#drained
      this.#drained = nothing
      for (const action of drained) action()
    }
    this.askForNews()
  }

  /** Its turn among those for whose events the stream had no room. */
  takeTurn(most: number): boolean {
    const before = this.backlog.size
    this.backlog.move(most)
    const hasMoved = this.backlog.size < before
    // It has had its turn, and may have more.
    if (hasMoved && this.backlog.canMove) this.laneLink.writer.whenRoom(this)
    this.askForNews()
    return hasMoved
  }

  /** Whether the fold has to say when it has folded something, because somebody waits for it. */
  protected askForNews(): void {
    if (this.hasLeft) return
    const { isFlowing, isStuck, size } = this.backlog
    if (this.waiterCount === 0 && this.#drained.length === 0 && (!isFlowing || size === 0)) return
    // The stream may be full of the events of others, of which the fold says nothing here.
    if (isStuck) this.laneLink.writer.whenRoom(this)
    if (this.#asked) return
    this.laneLink.counters.want()
    // It may have folded all of it before it could see that it is asked.
    const { pending } = this
    const isNews =
      (this.waiterCount > 0 && pending < this.capacity) ||
      (this.#drained.length > 0 && pending === 0) ||
      this.backlog.canMove
    if (isNews) this.laneLink.nextTurn(() => this.onFolded())
    // A question that has failed is asked again.
    this.#asked = true
  }

  // --- the wait queue

  protected get waiterCount(): number {
    return this.waiters === undefined ? 0 : this.waiters.size
  }

  /** Lets suspended offers in while there are credits. */
  #admit(): void {
    for (const waiter of this.waiters ?? []) {
      if (waiter.decision === undefined) {
        if (this.pending >= this.capacity) return
        this.accept(waiter.entry)
        waiter.decision = "accepted"
      }
      this.resume(waiter, waiter.decision)
    }
  }

  /** Resumes a suspended fiber, at the next turn of the event loop: never user code in the middle of a hand-over. */
  protected resume(waiter: Waiter, offer: Offer): void {
    if (waiter.emission !== undefined) waiter.emission.decision = offer
    this.laneLink.nextTurn(() => {
      try {
        waiter.release()
      } finally {
        waiter.resume(Effect.succeed(offer))
      }
    })
    // Last: one that stays in the line for a failure is resumed again, which does nothing, but never left there.
    this.waiters?.delete(waiter)
  }
}
