/**
 * How many events a lane has folded, by its own count, which it shows in the counters that it shares with its recorder.
 *
 * Those outlive a worker. A lane that is folded again counts less than they do: they stay as they are until it has caught
 * up, because what is counted is free to be forgotten by the recorder.
 */
import type { LaneCounters } from "../stream/foldedCounters.ts"

export class LaneCounts {
  readonly #counters: LaneCounters
  /** They wrap around as the counters do. */
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

  /** Whether the events that come now were counted by the fold before this one. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** Returns whether the recorder waits to be told. */
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

  /** Goes on from what a lane has saved. */
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
