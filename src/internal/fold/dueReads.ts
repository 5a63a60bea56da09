/**
 * Handles consecutive reads of very many recorders. If they take more than a slice together, the rest wait in their
 * lanes and are made in slices, or earlier if something is about to change their lane.
 */
import type { Work, WorkSteps, Worktable } from "./slices.ts"

/** The milliseconds of reads that are made in the calls themselves, per period of this many milliseconds. */
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

  /** `latest`: the time of the latest event. */
  constructor(work: Worktable, latest: () => number) {
    this.#work = work
    this.#latest = latest
  }

  /** Makes a read in this call. */
  make(read: () => void): void {
    const from = performance.now()
    if (from - this.#since >= Period) {
      this.#since = from
      this.#spent = 0
    }
    read()
    this.#spent += performance.now() - from
  }

  /** Returns whether a read must wait in its lane, which is called when it is time. `now`: the time of the read. */
  putOff(lane: LaneWithReads, now: number): boolean {
    // A read whose clock was set back may change something.
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
