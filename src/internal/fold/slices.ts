/**
 * What takes long beside the fold, such as a read of very many series: it is done in slices between two reads of pages.
 * What is short is done in its first slice, at once, unless there is other work.
 */

import type { WaitingSteps } from "../util/steps.ts"

/** Milliseconds of a slice, all work together. */
const SliceMillis = 2

/** Work that has begun. */
export interface Work {
  /** Nobody waits for it any more. */
  readonly drop: () => void
  /** What it waited for may have come. */
  readonly goOn: () => void
}

export type WorkSteps = WaitingSteps<void>

export interface Worktable {
  readonly begin: (steps: WorkSteps) => Work
  /** How much of it waits for what comes in turns of the event loop, which a nap would hold up. */
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
  /** Is told when there is something to do again. */
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
    // Many that begin one after the other would hold up the fold for a slice each. A step of each is taken, so that
    // whoever drops it has it let go of what it holds.
    const end = this.isPending ? Number.NEGATIVE_INFINITY : performance.now() + SliceMillis
    this.#entries.add(entry)
    this.#advance(entry, end)
    if (this.isPending) this.onPending()
    return entry
  }

  /** Does a slice of what there is. */
  goOn(): void {
    if (!this.isPending) return
    const end = performance.now() + SliceMillis
    for (const entry of this.#entries) {
      if (entry.isWaiting) continue
      this.#advance(entry, end)
      if (performance.now() >= end) return
    }
  }

  /** Goes on with one, and has the others come first the next time. */
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

/** Does all of it at once: there is no other work. */
export const atOnce: Worktable = {
  beside: 0,
  begin: (steps) => {
    while (steps.next().done !== true);
    return { drop: () => {}, goOn: () => {} }
  }
}
