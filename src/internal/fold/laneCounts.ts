/**
 * How many events a lane has folded by its own count, which it writes to the counters that it shares with its recorder.
 *
 * The shared counters outlive a worker. When a lane is folded again, its own count is lower at first. The shared
 * counters then stay as they are until it has caught up, because the recorder may already have released the events that
 * they count.
 */
import type { LaneCounters } from "../stream/foldedCounters.ts"

export class LaneCounts {
  readonly #counters: LaneCounters
  /** They wrap around like the counters. */
  #applied = 0
  #ignored = 0
  #isBehind: boolean

  constructor(counters: LaneCounters) {
    this.#counters = counters
    this.#isBehind = this.#isLess
  }

  get applied(): number {
    return this.#applied
  }

  get ignored(): number {
    return this.#ignored
  }

  /** Whether the current events were already counted by the previous fold. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** Returns whether the recorder waits for a notification. */
  add(applied: number, ignored: number): boolean {
    this.#applied = (this.#applied + applied) | 0
    this.#ignored = (this.#ignored + ignored) | 0
    const counters = this.#counters
    if (this.#isBehind) {
      this.#isBehind = this.#isLess
      if (this.#isBehind) return false
      counters.applied = this.#applied
      counters.ignored = this.#ignored
    } else {
      if (applied > 0) counters.applied = this.#applied
      if (ignored > 0) counters.ignored = this.#ignored
    }
    return counters.takeWanted()
  }

  /** Continues from what a lane has saved. */
  restore({ applied, ignored }: { readonly applied: number; readonly ignored: number }): void {
    this.#applied = applied
    this.#ignored = ignored
    this.#isBehind = this.#isLess
  }

  get #isLess(): boolean {
    const { applied, ignored } = this.#counters
    return ((applied + ignored - this.#applied - this.#ignored) | 0) > 0
  }
}
