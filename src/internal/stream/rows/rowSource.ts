import { BookClosed, type LaneBooks } from "./laneBooks.ts"

/**
 * The source of the events in a run. All sources have this one class: the code that writes rows is compiled for the
 * object shape it has met, and becomes half as fast when it meets another.
 */
export class RowSource {
  readonly lane: number
  /**
   * The number of rows written, without those of the open run, which are counted when the run ends, before they are
   * published.
   */
  counted = 0
  /** The count up to which it may write without asking. */
  limit = 0
  /**
   * The type of its open run, and the end of the part of the page that the run may fill. At that word the source, the
   * clock and the page are checked again. 0: no run is open. Stored here and not in the writer, so that an encoder
   * reads a single object.
   */
  runType = 0
  runEnd = 0
  readonly #owner: RowOwner
  /** Where its rows are also counted, in an attached thread. */
  readonly books: LaneBooks | undefined

  constructor(lane: number, owner: RowOwner, books?: LaneBooks) {
    this.lane = lane
    this.#owner = owner
    this.books = books
  }

  /** Whether the runtime's thread has closed it while this thread could not get to its messages. */
  get isClosed(): boolean {
    return this.books !== undefined && this.books[BookClosed] !== 0
  }

  /** Whether it may write more; sets the new limit. May publish, with all the consequences. */
  reopen(): boolean {
    return this.#owner.reopen(this)
  }

  /** Called when an event would fit a row but may not be written. */
  lacksRoom(): "refused" | undefined {
    return this.#owner.refuses() ? "refused" : undefined
  }
}

export interface RowOwner {
  /** Sets a new limit. Returns whether more may be written. */
  readonly reopen: (source: RowSource) => boolean
  /** Whether an event without room is refused, and counts it as refused. */
  readonly refuses: () => boolean
}
