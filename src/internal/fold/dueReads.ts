/**
 * Reads of very many recorders that come one after the other: those that take more than a slice together wait in their
 * lanes, and are made in slices, or before anything changes their lane.
 */
import type { Work, WorkSteps, Worktable } from "./slices.ts"

/** Milliseconds of reads made in the call, in so many milliseconds. */
const MostMillis = 2
const Period = 20

/** A lane with reads that wait. */
export interface LaneWithReads {
  readonly readDue: () => void
}

export class DueReads {
  readonly #work: Worktable
  readonly #latest: () => number
  #lanes: Array<LaneWithReads> = []
  #since = Number.NEGATIVE_INFINITY
  #spent = 0

  /** `latest`: no event came later. */
  constructor(work: Worktable, latest: () => number) {
    this.#work = work
    this.#latest = latest
  }

  /** Makes a read in the call. */
  make(read: () => void): void {
    const from = performance.now()
    if (from - this.#since >= Period) {
      this.#since = from
      this.#spent = 0
    }
    read()
    this.#spent += performance.now() - from
  }

  /** Whether a read is to wait in its lane, which is told when to make it. `now`: that of the read. */
  putOff(lane: LaneWithReads, now: number): boolean {
    // One whose clock was set back may change something.
    if (!this.#isFull || now < this.#latest()) return false
    if (this.#lanes.push(lane) > 1) return true
    const work: Work = this.#work.begin(this.#making())
    // Not in this call.
    work.goOn()
    return true
  }

  get #isFull(): boolean {
    if (this.#lanes.length > 0) return true
    return this.#spent >= MostMillis && performance.now() - this.#since < Period
  }

  *#making(): WorkSteps {
    yield "wait"
    for (const lane of this.#lanes) {
      lane.readDue()
      yield
    }
    this.#lanes = []
  }
}
