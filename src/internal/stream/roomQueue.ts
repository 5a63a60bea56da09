/** Who waits for room in the stream: each gets its turn, first come, first served. */

/** A recorder that has events for which there was no room. */
export interface TurnTaker {
  /** Writes `most` events at the most; whether it has written any. One that has more waits for a further turn. */
  readonly takeTurn: (most: number) => boolean
}

/** Events that those who wait may write, all together, before it is the turn of the first one again. */
const EventsOfAllTurns = 1024

export class RoomQueue {
  /** In the order of their turns. */
  readonly #takers = new Set<TurnTaker>()
  #isServing = false

  get isEmpty(): boolean {
    return this.#takers.size === 0
  }

  /** Whether room is only for those who wait, and nobody has a turn now. */
  get isClosed(): boolean {
    return this.#takers.size > 0 && !this.#isServing
  }

  /** Waits for a turn, once. */
  add(taker: TurnTaker): void {
    this.#takers.add(taker)
  }

  /** Lets those who wait write in turn while there is room, so that nobody waits longer for being one of many. */
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

  /** It needs more room than there was, and does not lose its turn for that. */
  #putFirst(first: TurnTaker): void {
    const others = [...this.#takers].filter((each) => each !== first)
    this.#takers.clear()
    for (const each of [first, ...others]) this.#takers.add(each)
  }
}
