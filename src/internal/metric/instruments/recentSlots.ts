/** So many of the last slots are told apart. */
const MostLevels = 2

/** So few are looked at one and all. */
const FewSeries = 8

interface Level {
  readonly slot: number
  /** Those that have begun slots since the level below was made. One may be there several times. */
  readonly series: Array<number>
}

const none: ReadonlyArray<Level> = []

/**
 * Which series have had slots of time lately, so that few of very many are looked at where the clock goes back: those with
 * a slot that it has not come to. With several writers of events that may be at each begin of a slot.
 */
export class RecentSlots {
  /** By their slots, in ascending order. */
  #levels: ReadonlyArray<Level> = none
  /** No series that is in no level has a slot after this one. */
  #others = Number.NEGATIVE_INFINITY

  /** A series, of so many, has begun a slot. */
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
   * Those that may have a slot which is not reached: all, or these. What they have left is to be noted again. `isReached`
   * of an earlier slot holds where that of a later one does.
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
