import { BookClosed, type LaneBooks } from "./laneBooks.ts"

/**
 * Whose events the rows of a run are. One class for all of them: the code that writes rows is compiled for the shape that
 * it has met, and is half as fast once it has met another.
 */
export class RowSource {
  readonly lane: number
  /** Rows written, but for those of the run that is open: they are counted when it ends, before anybody sees them. */
  counted = 0
  /** Up to which count it may write without being asked. */
  limit = 0
  /**
   * The type of its run that is open, and the word that rows of it end before: then the source, the clock and the page
   * are looked at again. 0: none is open. Here, and not in the writer, so that an encoder has one place to look at.
   */
  runType = 0
  runEnd = 0
  readonly #owner: RowOwner
  /** Where its rows are counted as well, in an attached thread. */
  readonly books: LaneBooks | undefined

  constructor(lane: number, owner: RowOwner, books?: LaneBooks) {
    this.lane = lane
    this.#owner = owner
    this.books = books
  }

  /** Whether the thread of the runtime has closed it, while this thread did not come to its messages. */
  get isClosed(): boolean {
    return this.books !== undefined && this.books[BookClosed] !== 0
  }

  /** Whether it may write more, and up to which limit. May publish, and all that follows from that. */
  reopen(): boolean {
    return this.#owner.reopen(this)
  }

  /** Nothing is written of an event that would fit a row. */
  lacksRoom(): "refused" | undefined {
    return this.#owner.refuses() ? "refused" : undefined
  }
}

export interface RowOwner {
  /** Sets the limit of what is written anew; whether there may be more. */
  readonly reopen: (source: RowSource) => boolean
  /** Whether an event is refused, and counted as that, for which there is no room. */
  readonly refuses: () => boolean
}
