/**
 * The accounting of one recorder: what it was offered, and the outcome. Two identities always hold: `offered = accepted
 * + refused`, and `accepted = applied + ignored + evicted + pending`.
 */

import type { LaneLink } from "../link/link.ts"
import type { Stats } from "../model/stats.ts"
import { EventWriter, type TagLayouts } from "../stream/eventWriter.ts"
import { BookApplied, BookIgnored, BookInvalid, BookNotRunning, BookOverflowed } from "../stream/rows/laneBooks.ts"
import { type RowOwner, RowSource } from "../stream/rows/rowSource.ts"

/** Why an event was not accepted. */
export type Refusal = "overflow" | "invalid" | "not-running"

// It extends the writer instead of holding one, so that everything an event needs is in one object.
export abstract class Accounts extends EventWriter implements RowOwner {
  readonly capacity: number
  /**
   * The source of events that go straight into the stream. It counts all accepted events, including those that went
   * another way. Its limit is the count up to which events may be accepted without another check.
   */
  readonly rows: RowSource
  readonly laneLink: LaneLink
  protected evicted = 0
  protected overflowed = 0
  protected invalid = 0
  protected notRunning = 0
  protected applied = 0
  protected ignored = 0
  /** Whether the fold has closed the lane, whose number may belong to another recorder. Nothing changes any more. */
  isSettled = false
  /** The last seen values of the shared counters, which wrap around. */
  private seenApplied = 0
  private seenIgnored = 0

  constructor(laneLink: LaneLink, layouts: TagLayouts, capacity: number) {
    super(laneLink.writer, layouts)
    this.laneLink = laneLink
    this.rows = new RowSource(laneLink.lane, this, laneLink.books)
    this.capacity = capacity
  }

  abstract reopen(): boolean
  abstract refuses(): boolean

  /** The sequence number of the last event accepted. */
  get accepted(): number {
    return this.rows.counted + this.laneLink.writer.rowsOf(this.rows)
  }

  /** The number of events folded or evicted as of the last check. They hold no credit. */
  get folded(): number {
    return this.applied + this.ignored + this.evicted
  }

  get pending(): number {
    this.lookAtFold()
    return this.accepted - this.folded
  }

  /** Checks how far the fold is. */
  lookAtFold(): void {
    if (this.isSettled) return
    const { applied, ignored } = this.laneLink.counters
    // Differences modulo 2^32 are exact, because at most `capacity` events lie between two checks.
    this.applied += (applied - this.seenApplied) | 0
    this.ignored += (ignored - this.seenIgnored) | 0
    this.seenApplied = applied
    this.seenIgnored = ignored
    const { books } = this.laneLink
    if (books === undefined) return
    books[BookApplied] = this.applied
    books[BookIgnored] = this.ignored
  }

  /** Nothing is called after the count: if a call failed, the event would be counted again. */
  protected refuse<R extends Refusal>(refusal: R): R {
    const { books } = this.laneLink
    if (refusal === "overflow") {
      this.laneLink.overflowed()
      this.overflowed++
      if (books !== undefined) books[BookOverflowed] = this.overflowed
    } else if (refusal === "invalid") {
      this.invalid++
      if (books !== undefined) books[BookInvalid] = this.invalid
    } else {
      this.notRunning++
      if (books !== undefined) books[BookNotRunning] = this.notRunning
    }
    return refusal
  }

  stats(): Omit<Stats, "state"> {
    // Read first, because it brings the others up to date.
    const { pending } = this
    const { accepted, applied, capacity, evicted, ignored, invalid, notRunning, overflowed } = this
    const refused = overflowed + invalid + notRunning
    return {
      capacity,
      offered: accepted + refused,
      accepted,
      refused,
      refusedBy: { overflow: overflowed, invalid, notRunning },
      applied,
      ignored,
      evicted,
      pending
    }
  }
}
