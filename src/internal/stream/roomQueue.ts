/** The recorders that wait for room in the stream. Each gets its turn in FIFO order. */

/** A recorder that has events for which there was no room. */
export interface TurnTaker {
  /**
   * Writes up to `most` events and returns whether it has written any. A taker that has more waits for another turn.
   */
  readonly takeTurn: (most: number) => boolean
}

/** The number of events that all waiters together may write before the first one's next turn. */
const EventsOfAllTurns = 1024

export class RoomQueue {
  /** In the order of their turns. */
  readonly #takers = new Set<TurnTaker>()
  #isServing = false

  get isEmpty(): boolean {
    return this.#takers.size === 0
  }

  /** Whether room is reserved for the waiters, and none of them has its turn now. */
  get isClosed(): boolean {
    return this.#takers.size > 0 && !this.#isServing
  }

  /** Adds a taker that waits for one turn. */
  add(taker: TurnTaker): void {
    this.#takers.add(taker)
  }

  /** Lets the waiters write in turn while there is room, so that the waiting time does not depend on their number. */
  serve(hasRoom: () => boolean): void {
    const most = Math.max(1, Math.floor(EventsOfAllTurns / this.#takers.size))
    this.#isServing = true
    try {
      for (let hasWritten = true; hasWritten && this.#takers.size > 0 && hasRoom(); ) {
        const first = this.#takers.values().next().value!
        this.#takers.delete(first)
        hasWritten = first.takeTurn(most)
        if (!hasWritten && this.#takers.has(first)) this.#putFirst(first)
      }
    } finally {
      this.#isServing = false
    }
  }

  /** Puts back a taker that needs more room than there was. It keeps its turn. */
  #putFirst(first: TurnTaker): void {
    const others = [...this.#takers].filter((each) => each !== first)
    this.#takers.clear()
    for (const each of [first, ...others]) this.#takers.add(each)
  }
}
