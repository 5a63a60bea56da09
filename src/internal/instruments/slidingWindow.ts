/**
 * A window of time that slides in steps. Time is cut into slots; the window of a time is the slot it lies in, and those
 * before it. So it holds nothing as old as its length, and looks back at least its length less one slot.
 */
export interface WindowSettings {
  /** Default: a minute. */
  readonly windowMillis?: number
  /** In how many steps the window slides. */
  readonly slots: number
}

export class SlidingWindow {
  readonly millis: number
  readonly slots: number

  constructor({ slots, windowMillis = 60_000 }: WindowSettings) {
    this.millis = windowMillis
    this.slots = slots
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
}
