/**
 * Accepted events of one recorder that are not in the stream yet, and the actions to run between them. Events are in
 * the backlog while the recorder starts, while `drop-oldest` can still evict them, and while the stream has no room.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { MetricEvent } from "../model/event.ts"
import { RowSource } from "../stream/rows/rowSource.ts"
import type { Accounts } from "./accounting.ts"

/** An event, taken by value, and the time of its emission. */
export interface WaitingEvent {
  readonly event: MetricEvent
  readonly at: number
}

/** An action that runs when exactly the events up to `position` have left for the stream. */
interface Barrier {
  readonly position: number
  readonly run: () => void
}

/** Most recorders never have a waiting barrier. */
const nothing: Array<never> = []

/** A source for events that were counted at acceptance and may be written at any time. */
const uncounted = {
  reopen: (source: RowSource): true => {
    source.counted = 0
    source.limit = 1
    return true
  },
  refuses: (): false => false
}

export class Backlog {
  /** Whether events go into the stream. While a recorder starts they stay in the backlog. */
  isFlowing = false
  readonly #accounts: Accounts
  /** The maximum number of events dispatched to the fold. */
  readonly #handedLimit: number
  /** Created on demand. Most recorders never need it. */
  #queue: Queue.Queue<WaitingEvent> | undefined
  /** An event taken from the queue for which the stream turned out to have no room. It still counts as queued. */
  #stuck: WaitingEvent | undefined
  /** Writes the events from the queue. */
  #source: RowSource | undefined
  #barriers: Array<Barrier> = nothing
  /** Whether there are evicted events that the fold has not been informed about. */
  #skipped = false
  #moving = false

  constructor(accounts: Accounts, handedLimit: number) {
    this.#accounts = accounts
    this.#handedLimit = handedLimit
  }

  get size(): number {
    const waiting = this.#queue === undefined ? 0 : Queue.sizeUnsafe(this.#queue)
    return this.#stuck === undefined ? waiting : waiting + 1
  }

  /** Whether there are no events and no barriers. */
  get isEmpty(): boolean {
    return this.size === 0 && this.#barriers.length === 0
  }

  /** Whether an event waits because the stream has no room. */
  get isStuck(): boolean {
    return this.isFlowing && this.#stuck !== undefined
  }

  /** Adds an event that was just counted as accepted. */
  add(entry: WaitingEvent): void {
    this.#queue ??= Effect.runSync(Queue.bounded<WaitingEvent>(this.#accounts.capacity))
    Queue.offerUnsafe(this.#queue, entry)
  }

  /** Evicts the oldest event. Returns `false` if there is none. */
  evict(): boolean {
    if (this.size === 0) return false
    if (this.#stuck !== undefined) this.#stuck = undefined
    else Queue.takeUnsafe(this.#queue!)
    this.#skipped = true
    return true
  }

  /** Runs `action` when all events accepted up to now have left, before any later one does. */
  addBarrier(action: () => void): void {
    if (this.#barriers === nothing) this.#barriers = []
    this.#barriers.push({ position: this.#accounts.accepted, run: action })
  }

  /** The sequence number of the last event that has left. */
  get #position(): number {
    return this.#accounts.accepted - this.size
  }

  get #barrierIsDue(): boolean {
    return this.#barriers.length > 0 && this.#barriers[0]!.position <= this.#position
  }

  /** Whether the fold has room for another event, as of the last check. */
  get #mayHand(): boolean {
    return this.#position - this.#accounts.folded < this.#handedLimit
  }

  /** Whether {@link move} would move an event, as of the last check. */
  get canMove(): boolean {
    return this.isFlowing && this.size > 0 && this.#stuck === undefined && this.#mayHand
  }

  /** Moves up to `most` events into the stream while they may go, and runs the barriers that are due. */
  move(most = Number.POSITIVE_INFINITY): void {
    if (this.#moving) return
    this.#moving = true
    try {
      for (let moved = 0; this.#runBarriers() && moved < most && this.#moveNext(); ) moved++
    } finally {
      this.#moving = false
    }
  }

  /** An action that fails is run again. */
  #runBarriers(): true {
    while (this.#barrierIsDue) {
      this.#barriers[0]!.run()
      this.#barriers.shift()
    }
    return true
  }

  #moveNext(): boolean {
    if (!this.isFlowing || this.size === 0) return false
    if (!this.#mayHand) {
      this.#accounts.lookAtFold()
      if (!this.#mayHand) return false
    }
    const { lane, writer } = this.#accounts.laneLink
    const before = this.#position
    this.#stuck ??= this.#take()
    if (this.#skipped) {
      if (!writer.skip(lane, before)) return false
      this.#skipped = false
    }
    this.#source ??= new RowSource(lane, uncounted)
    const { given } = writer
    writer.give(this.#stuck.at)
    try {
      if (!this.#accounts.writeRow(this.#source, this.#stuck.event)) return false
      this.#stuck = undefined
      return true
    } finally {
      writer.given = given
    }
  }

  #take(): WaitingEvent {
    const taken = Queue.takeUnsafe(this.#queue!)
    if (taken === undefined || taken._tag === "Failure") throw new Error("the queue of a recorder is never closed")
    return taken.value
  }
}
