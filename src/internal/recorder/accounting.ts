/**
 * The books of one recorder: what it was offered, and what became of that. Two identities hold at any time:
 * `offered = accepted + refused`, and `accepted = applied + ignored + evicted + pending`.
 */

import type { LaneLink } from "../link/link.ts"
import type { Stats } from "../model/stats.ts"
import { EventWriter, type TagLayouts } from "../stream/eventWriter.ts"
import { BookApplied, BookIgnored, BookInvalid, BookNotRunning, BookOverflowed } from "../stream/rows/laneBooks.ts"
import { type RowOwner, RowSource } from "../stream/rows/rowSource.ts"

/** Why an event was not accepted. */
export type Refusal = "overflow" | "invalid" | "not-running"

// It extends the writer, rather than having one, so that what an event needs lies in one object.
export abstract class Accounts extends EventWriter implements RowOwner {
  readonly capacity: number
  /**
   * What goes straight into the stream. It counts all events that were accepted, also those that went another way, and its
   * limit is the number up to which they may be accepted without another look.
   */
  readonly rows: RowSource
  readonly laneLink: LaneLink
  protected evicted = 0
  protected overflowed = 0
  protected invalid = 0
  protected notRunning = 0
  protected applied = 0
  protected ignored = 0
  /** The fold has closed the lane, whose number may be another recorder's: nothing moves any more. */
  isSettled = false
  /** Last seen values of the shared counters, which wrap around. */
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

  /** Sequence number of the last event accepted. */
  get accepted(): number {
    return this.rows.counted + this.laneLink.writer.rowsOf(this.rows)
  }

  /** Events folded or evicted, when last looked at: they hold no credit. */
  get folded(): number {
    return this.applied + this.ignored + this.evicted
  }

  get pending(): number {
    this.lookAtFold()
    return this.accepted - this.folded
  }

  /** Looks at how far the fold is. */
  lookAtFold(): void {
    if (this.isSettled) return
    const { applied, ignored } = this.laneLink.counters
    // Differences modulo 2^32 are exact: no more than `capacity` events lie between two looks.
    this.applied += (applied - this.seenApplied) | 0
    this.ignored += (ignored - this.seenIgnored) | 0
    this.seenApplied = applied
    this.seenIgnored = ignored
    const { books } = this.laneLink
    if (books === undefined) return
    books[BookApplied] = this.applied
    books[BookIgnored] = this.ignored
  }

  /** Nothing is called behind what is counted: if that failed, the event would be counted again for it. */
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
    // First, since it brings the others up to date.
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
