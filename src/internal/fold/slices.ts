/**
 * Runs long work beside the fold, such as a read of very many series, in slices between two reads of pages. Short work
 * is done in its first slice, immediately, unless there is other work.
 */

import type { WaitingSteps } from "../util/steps.ts"

/** The length of a slice in milliseconds, for all work together. */
const SliceMillis = 2

/** Work that has begun. */
export interface Work {
  /** Drops work whose result is no longer wanted. */
  readonly drop: () => void
  /** Continues work, because what it waited for may have arrived. */
  readonly goOn: () => void
}

export type WorkSteps = WaitingSteps<void>

export interface Worktable {
  readonly begin: (steps: WorkSteps) => Work
  /** The number of entries that wait for something from a turn of the event loop, which a nap would delay. */
  beside: number
}

interface Entry extends Work {
  readonly steps: WorkSteps
  isWaiting: boolean
}

export class Slices implements Worktable {
  /** In turn. */
  readonly #entries = new Set<Entry>()
  #waiting = 0
  beside = 0
  /** Called when there is something to do again. */
  onPending: () => void = () => {}

  /** Whether there is something to do. */
  get isPending(): boolean {
    return this.#entries.size > this.#waiting
  }

  begin(steps: WorkSteps): Work {
    const entry: Entry = {
      steps,
      isWaiting: false,
      drop: () => {
        if (!this.#entries.delete(entry)) return
        if (entry.isWaiting) this.#waiting--
        entry.isWaiting = false
        entry.steps.return()
      },
      goOn: () => {
        if (!entry.isWaiting) return
        entry.isWaiting = false
        this.#waiting--
        this.onPending()
      }
    }
    // Many pieces of work that begin one after the other would delay the fold by a slice each. Each takes at least one
    // step, so that dropping it releases what it holds.
    const end = this.isPending ? Number.NEGATIVE_INFINITY : performance.now() + SliceMillis
    this.#entries.add(entry)
    this.#advance(entry, end)
    if (this.isPending) this.onPending()
    return entry
  }

  /** Does one slice of work. */
  goOn(): void {
    if (!this.isPending) return
    const end = performance.now() + SliceMillis
    for (const entry of this.#entries) {
      if (entry.isWaiting) continue
      this.#advance(entry, end)
      if (performance.now() >= end) return
    }
  }

  /** Continues one entry, and lets the others go first the next time. */
  #advance(entry: Entry, end: number): void {
    this.#entries.delete(entry)
    do {
      const { done, value } = entry.steps.next()
      if (done === true) return
      if (value === "wait") {
        entry.isWaiting = true
        this.#waiting++
        break
      }
    } while (performance.now() < end)
    this.#entries.add(entry)
  }
}

/** Does all of the work immediately, for callers without other work. */
export const atOnce: Worktable = {
  beside: 0,
  begin: (steps) => {
    while (steps.next().done !== true);
    return { drop: () => {}, goOn: () => {} }
  }
}
