/**
 * The intake of a recorder whose events an attached thread writes: it takes none itself, and has the books of the thread.
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
  /** Events that the thread had accepted, and not counted, when it ended. */
  readonly uncounted: number
  readonly hasEnded: boolean
  /** Has the thread write no more. */
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
    // The counters have 32 bits: the thread looks often enough to know the others.
    this.applied = whole(books[BookApplied]!, applied)
    this.ignored = whole(books[BookIgnored]!, ignored)
    if (this.hasLeft) this.#balance()
    else this.#look()
  }

  /** Of what was given up when the recorder left, a worker that takes the place of another one may fold some all the same. */
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

  /** What is emitted in the thread of the runtime is refused. */
  override open(): void {}

  override flow(): void {}

  override close(): void {
    super.close()
    this.#events.stop()
  }

  /** The thread may go on, and count what it had not. */
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
      // What the thread has in its heap is not folded any more.
      this.#lost += this.pending
      this.lookAtFold()
      action()
    })
  }
}

/** The number that has these lower 32 bits, and is next to one that was true before. */
const whole = (before: number, lower: number): number => before + ((lower - (before | 0)) | 0)
