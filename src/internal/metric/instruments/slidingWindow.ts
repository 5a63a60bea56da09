/**
 * A window of time that slides in steps. Time is divided into slots; the window at a time consists of the slot that
 * contains the time, and those before it. So it contains nothing as old as its length, and covers at least its length
 * less one slot.
 *
 * It follows the time of the values, not their maximum: a value of an earlier slot means that the clock was set back.
 * Later slots are then forgotten, because the clock will reach them again. So the window is right again after its
 * length, whatever the clock does. Out of order, a value may be one slot late without anything being forgotten.
 */
export interface WindowSettings {
  /** Default: a minute. */
  readonly windowMillis?: number
  /** The number of steps in which the window slides. */
  readonly slots: number
}

/** With fewer slots than this, one slot of delay would be too much of the window. */
const SlotsToBeLate = 10

export class SlidingWindow {
  readonly millis: number
  readonly slots: number
  readonly #mostLate: number

  constructor({ slots, windowMillis = 60_000 }: WindowSettings) {
    this.millis = windowMillis
    this.slots = slots
    this.#mostLate = slots < SlotsToBeLate ? 0 : 1
  }

  /**
   * The slot of a time: the number of slot lengths since the Unix epoch. Finite, and not -0, because it is written as
   * JSON. Multiplied first, because the length of a slot may not be representable.
   */
  slotAt(time: number): number {
    const slot = Math.floor((time * this.slots) / this.millis)
    return 0 + Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, slot))
  }

  /**
   * Whether a slot is in the window that ends with `newest`. Uses the difference, which is monotone even for distant
   * times.
   */
  has(slot: number, newest: number): boolean {
    return newest >= slot && newest - slot < this.slots
  }

  /**
   * The slots, given in order, that the clock has reached if the last value is in the slot `last`. The same array if it
   * has reached all.
   */
  reached<S extends { readonly slot: number }>(slots: Array<S>, last: number): Array<S>
  reached<S extends { readonly slot: number }>(slots: ReadonlyArray<S>, last: number): ReadonlyArray<S>
  reached<S extends { readonly slot: number }>(slots: ReadonlyArray<S>, last: number): ReadonlyArray<S> {
    const newest = slots.at(-1)
    return newest === undefined || this.isReached(newest.slot, last)
      ? slots
      : slots.filter(({ slot }) => this.isReached(slot, last))
  }

  /** Whether the clock has reached a slot if the last value is in the slot `last`. */
  isReached(slot: number, last: number): boolean {
    return slot - last <= this.#mostLate
  }

  /** The slots that are in the window. */
  staying<S extends { readonly slot: number }>(slots: ReadonlyArray<S>, last: number): Array<S> {
    const reached = this.reached(slots, last)
    const newest = Math.max(last, reached.at(-1)?.slot ?? last)
    return reached.filter(({ slot }) => this.has(slot, newest))
  }
}
