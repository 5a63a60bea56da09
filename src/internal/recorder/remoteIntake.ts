/**
 * The intake of a recorder whose events an attached thread writes. It accepts no events itself, and uses the accounting
 * of the thread.
 */
import type { LaneLink, LaneListener } from "../link/link.ts"
import {
  BookAccepted,
  BookApplied,
  BookEvicted,
  BookIgnored,
  BookInvalid,
  BookNotRunning,
  BookOverflowed,
  type LaneBooks
} from "../stream/rows/laneBooks.ts"
import { Intake } from "./intake.ts"

/** The events of a recorder that a thread writes. */
export interface RemoteEvents {
  readonly openLane: (listener: LaneListener) => LaneLink
  readonly books: LaneBooks
  /** Events that the thread had accepted but not counted when it ended. */
  readonly uncounted: number
  readonly hasEnded: boolean
  /** Stops the thread from writing. */
  readonly stop: () => void
  /** Runs `action` when everything that the thread has written by now is folded. */
  readonly whenFolded: (action: () => void) => void
}

export class RemoteIntake extends Intake {
  readonly #events: RemoteEvents
  #accepted = 0
  /** Events that had no room in the stream when the thread ended. */
  #lost = 0

  constructor(options: ConstructorParameters<typeof Intake>[0], events: RemoteEvents) {
    super(options)
    this.#events = events
  }

  override get accepted(): number {
    if (!this.hasLeft) this.#look()
    return this.#accepted
  }

  override lookAtFold(): void {
    if (this.isSettled) return
    const { applied, ignored } = this.laneLink.counters
    const { books } = this.#events
    // The counters have 32 bits. The thread reads them often enough to know the upper bits.
    this.applied = whole(books[BookApplied]!, applied)
    this.ignored = whole(books[BookIgnored]!, ignored)
    if (this.hasLeft) this.#balance()
    else this.#look()
  }

  /** A replacement worker may still fold some of the events that were written off when the recorder left. */
  #balance(): void {
    const taken = this.applied + this.ignored
    this.#accepted = Math.max(this.#accepted, taken)
    this.evicted = Math.min(this.evicted, this.#accepted - taken)
  }

  #look(): void {
    const { books, uncounted } = this.#events
    this.#accepted = books[BookAccepted]! + uncounted
    this.overflowed = books[BookOverflowed]!
    this.invalid = books[BookInvalid]!
    this.notRunning = books[BookNotRunning]!
    this.evicted = books[BookEvicted]! + this.#lost
  }

  /** Events emitted in the runtime's thread are refused. */
  override open(): void {}

  override flow(): void {}

  override close(): void {
    super.close()
    this.#events.stop()
  }

  /** The thread may continue, and count events that it had not counted. */
  override leave(): void {
    this.lookAtFold()
    super.leave()
  }

  override settle(): void {
    this.evicted += this.pending
    super.settle()
  }

  override whenDrained(action: () => void): void {
    this.#events.whenFolded(() => {
      // Events in the thread's heap will not be folded any more.
      this.#lost += this.pending
      action()
    })
  }
}

/** The number with these lower 32 bits that is nearest to an earlier value. */
const whole = (before: number, lower: number): number => before + ((lower - (before | 0)) | 0)
