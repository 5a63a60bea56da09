/**
 * What happens to a recorder's events after acceptance: the backlog, the fibers that wait for a credit, and the
 * requests to the fold for news of its progress.
 */
import * as Effect from "effect/Effect"
import type { LaneLink } from "../link/link.ts"
import type { TagLayouts } from "../stream/eventWriter.ts"
import { BookAccepted } from "../stream/rows/laneBooks.ts"
import { Accounts, type Refusal } from "./accounting.ts"
import { Backlog, type WaitingEvent } from "./backlog.ts"

/** The outcome for an offered event. */
export type Offer = "accepted" | Refusal

/** An event on its way into a recorder. If its fiber is interrupted, this shows what has become of the event. */
export interface Emission {
  /** `undefined`: the event waits for room and is not counted. */
  decision: Offer | undefined
}

/** A fiber that waits for a credit. */
export interface Waiter {
  readonly entry: WaitingEvent
  readonly emission: Emission | undefined
  readonly resume: (offer: Effect.Effect<Offer>) => void
  /** Stops keeping the process alive for this waiter. */
  readonly release: () => void
  /** Set once the event is counted. */
  decision: Offer | undefined
}

const nothing: Array<never> = []

// One object with the intake, so that everything an event needs is in one place.
export abstract class Dispatch extends Accounts {
  protected readonly backlog: Backlog
  /**
   * The maximum number of events dispatched to the fold. `drop-oldest` keeps the other half where it can still evict
   * them.
   */
  protected readonly dispatchedLimit: number
  /** The fibers that `backpressure` has suspended, in FIFO order. */
  protected waiters: Set<Waiter> | undefined
  /** Whether the fold was asked to report its next progress and has not done so yet. */
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
    // Events in the backlog go first: no event passes them until `reopen` finds the backlog empty.
    this.shut()
    const { books } = this.laneLink
    this.backlog.add(entry)
    this.rows.counted++
    if (books !== undefined) books[BookAccepted] = this.rows.counted
  }

  /** Dispatches what was accepted. */
  protected dispatch(): void {
    this.backlog.move()
    this.askForNews()
  }

  // --- on the way to the fold

  /** The sequence number of the last event in the stream. */
  get written(): number {
    return this.accepted - this.backlog.size
  }

  /** Whether every accepted event is in the stream. */
  get isHandedOver(): boolean {
    return this.backlog.isEmpty
  }

  /** Runs `action`, which publishes, when all events accepted up to now are in the stream, before any later one is. */
  afterAccepted(action: () => void): void {
    // Usually nothing is in the way.
    if (this.backlog.isEmpty) return action()
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

  /** The fold has advanced the counters, so credits are free. */
  onFolded(): void {
    this.#asked = false
    this.#admit()
    this.flush()
  }

  /** Dispatches everything in order, with the barriers between, and publishes it. */
  flush(): void {
    this.backlog.move()
    this.laneLink.writer.publish(true)
    if (this.#drained.length > 0 && this.pending === 0) {
      const drained = this.#drained
      this.#drained = nothing
      for (const action of drained) action()
    }
    this.askForNews()
  }

  /** Its turn among the recorders for whose events the stream had no room. */
  takeTurn(most: number): boolean {
    const before = this.backlog.size
    this.backlog.move(most)
    const hasMoved = this.backlog.size < before
    // It has had its turn and may have more.
    if (this.backlog.canMove) this.laneLink.writer.whenRoom(this)
    this.askForNews()
    return hasMoved
  }

  /** Requests news of the fold's progress if something waits for it. */
  protected askForNews(): void {
    if (this.hasLeft) return
    const { isFlowing, isStuck, size } = this.backlog
    if (this.waiterCount === 0 && this.#drained.length === 0 && (!isFlowing || size === 0)) return
    // The stream may be full of events of other recorders, about which the fold reports nothing here.
    if (isStuck) this.laneLink.writer.whenRoom(this)
    if (this.#asked) return
    this.laneLink.counters.want()
    // The fold may have finished everything before it could see the request.
    const { pending } = this
    const isNews = pending === 0 || (this.waiterCount > 0 && pending < this.capacity) || this.backlog.canMove
    if (isNews) this.laneLink.nextTurn(() => this.onFolded())
    // A request that has failed is repeated.
    this.#asked = true
  }

  // --- the wait queue

  protected get waiterCount(): number {
    return this.waiters === undefined ? 0 : this.waiters.size
  }

  /** Admits suspended offers while there are credits. */
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

  /**
   * Resumes a suspended fiber at the next turn of the event loop, so that no user code runs in the middle of a
   * dispatch.
   */
  protected resume(waiter: Waiter, offer: Offer): void {
    if (waiter.emission !== undefined) waiter.emission.decision = offer
    this.laneLink.nextTurn(() => {
      try {
        waiter.release()
      } finally {
        waiter.resume(Effect.succeed(offer))
      }
    })
    // Done last: a waiter left in the queue by a failure is resumed again, which has no effect, but it is never lost.
    this.waiters?.delete(waiter)
  }
}
