/** The number of recent slots that are tracked separately. */
const MostLevels = 2

/** Up to this many series are all checked. */
const FewSeries = 8

interface Level {
  readonly slot: number
  /** The series that have started slots since the level below was made. A series may be listed several times. */
  readonly series: Array<number>
}

const none: ReadonlyArray<Level> = []

/**
 * Tracks which series have started slots recently, so that few of very many are checked when the clock goes back: those
 * with a slot that the clock has not reached. With several writers of events this may happen at each beginning of a
 * slot.
 */
export class RecentSlots {
  /** By their slots, in ascending order. */
  #levels: ReadonlyArray<Level> = none
  /** No series outside the levels has a slot after this one. */
  #others = Number.NEGATIVE_INFINITY

  /** Records that a series, one of `size`, has started a slot. */
  note(index: number, slot: number, size: number): void {
    if (slot <= this.#others) return
    const last = this.#levels.at(-1)
    // Series that come and go would make it grow for as long as the slot lasts.
    if (size <= FewSeries || (last !== undefined && last.series.length > 2 * size)) {
      this.#others = Math.max(slot, last?.slot ?? slot)
      this.#levels = none
    } else if (last !== undefined && slot <= last.slot) last.series.push(index)
    else {
      if (this.#levels.length === MostLevels) this.#others = this.#levels[0]!.slot
      this.#levels = [...this.#levels.slice(1 - MostLevels), { slot, series: [index] }]
    }
  }

  /**
   * The series that may have an unreached slot: all, or these. What remains in them must be recorded again. If
   * `isReached` holds for a slot, it holds for all earlier ones.
   */
  takeBeyond(isReached: (slot: number) => boolean): ReadonlyArray<number> | "all" {
    if (!isReached(this.#others)) {
      this.#others = Number.NEGATIVE_INFINITY
      this.#levels = none
      return "all"
    }
    const beyond = this.#levels.filter(({ slot }) => !isReached(slot))
    this.#levels = this.#levels.slice(0, this.#levels.length - beyond.length)
    return beyond.flatMap(({ series }) => series)
  }
}
