/**
 * Supervises a fold that has work to do. It is started when the fold wakes up, and runs no timer while the fold sleeps.
 */

/** How often it checks within the time limit. */
const Looks = 20
const LongestStep = 500

interface Watched {
  /** Whether the fold has work to do. */
  readonly isBehind: () => boolean
  /** A number that changes while the fold makes progress. */
  readonly progress: () => number
  /** Called when the fold has made no progress for half the limit. */
  readonly onSlow: (millis: number) => void
  readonly onStuck: (millis: number) => void
}

export class Watchdog {
  readonly #limit: number
  readonly #step: number
  readonly #watched: Watched
  #timer: ReturnType<typeof setInterval> | undefined
  #seen = Number.NaN
  /**
   * Counted in steps of its own timer, so that a busy application thread does not mistake its own delay for a stuck
   * fold.
   */
  #still = 0

  /** `limit`: how long the fold may make no progress, in milliseconds. */
  constructor(limit: number, watched: Watched) {
    this.#limit = limit
    this.#step = Math.min(LongestStep, Math.max(1, limit / Looks))
    this.#watched = watched
  }

  start(): void {
    if (this.#timer !== undefined || this.#limit === Number.POSITIVE_INFINITY) return
    // The first check finds a change, and begins to count.
    this.#seen = Number.NaN
    this.#timer = setInterval(this.#look, this.#step)
    if (typeof this.#timer === "object") this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  readonly #look = (): void => {
    const progress = this.#watched.progress()
    const isStill = progress === this.#seen && this.#watched.isBehind()
    this.#seen = progress
    if (!isStill) {
      this.#still = 0
      return
    }
    const before = this.#still
    this.#still += this.#step
    if (before < this.#limit / 2 && this.#still >= this.#limit / 2) this.#watched.onSlow(this.#still)
    if (this.#still < this.#limit) return
    this.stop()
    this.#watched.onStuck(this.#still)
  }
}
