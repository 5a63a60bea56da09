/**
 * A window of time that slides in steps. Time is cut into slots; the window of a time is the slot it lies in, and those
 * before it. So it holds nothing as old as its length, and looks back at least its length less one slot.
 *
 * It follows the time of the values, not the greatest one: a value of an earlier slot says that the clock was set back.
 * What lies after it is forgotten, because the clock will come there again. So the window is right again after its
 * length, wherever the clock went. Out of order, a value may be one slot late: then nothing is forgotten.
 */
export interface WindowSettings {
  /** Default: a minute. */
  readonly windowMillis?: number
  /** In how many steps the window slides. */
  readonly slots: number
}

/** With fewer slots than these, one is too much of the window to be late by. */
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
   * The slot of a time: it begins so many times its length after the Unix epoch. Finite, and not -0: it is written as
   * JSON. Multiplied first: the length of a slot may be a fraction that no number is.
   */
  slotAt(time: number): number {
    const slot = Math.floor((time * this.slots) / this.millis)
    return 0 + Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, slot))
  }

  /** Whether a slot is in the window that ends with `newest`. By the difference, which is monotone for times far away. */
  has(slot: number, newest: number): boolean {
    return newest >= slot && newest - slot < this.slots
  }

  /** Of slots in order, those that the clock has come to if the last value is of the slot `last`. The same array if all are. */
  reached<S extends { readonly slot: number }>(slots: Array<S>, last: number): Array<S>
  reached<S extends { readonly slot: number }>(slots: ReadonlyArray<S>, last: number): ReadonlyArray<S>
  reached<S extends { readonly slot: number }>(slots: ReadonlyArray<S>, last: number): ReadonlyArray<S> {
    const newest = slots.at(-1)
    return newest === undefined || this.isReached(newest.slot, last)
      ? slots
      : slots.filter(({ slot }) => this.isReached(slot, last))
  }

  /** Whether the clock has come to a slot if the last value is of the slot `last`. */
  isReached(slot: number, last: number): boolean {
    return slot - last <= this.#mostLate
  }

  /** Those of them that are in the window. */
  staying<S extends { readonly slot: number }>(slots: ReadonlyArray<S>, last: number): Array<S> {
    const reached = this.reached(slots, last)
    const newest = Math.max(last, reached.at(-1)?.slot ?? last)
    return reached.filter(({ slot }) => this.has(slot, newest))
  }
}
