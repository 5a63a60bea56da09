/**
 * Looks after a fold that has something to do. It is told when the fold is awake, and runs no timer while it sleeps.
 */

/** How often it looks within the time that the fold may stand still. */
const Looks = 20
const LongestStep = 500

interface Watched {
  /** Whether it has something to do. */
  readonly isBehind: () => boolean
  /** Another number while it gets on. */
  readonly progress: () => number
  /** It has stood still for half the time it may. */
  readonly onSlow: (millis: number) => void
  readonly onStuck: (millis: number) => void
}

export class Watchdog {
  readonly #limit: number
  readonly #step: number
  readonly #watched: Watched
  #timer: ReturnType<typeof setInterval> | undefined
  #seen = Number.NaN
  /** In steps of its own timer, so that a thread that was busy itself does not take the fold for stuck. */
  #still = 0

  /** `limit`: milliseconds that the fold may stand still. */
  constructor(limit: number, watched: Watched) {
    this.#limit = limit
    this.#step = Math.min(LongestStep, Math.max(1, limit / Looks))
    this.#watched = watched
  }

  start(): void {
    if (this.#timer !== undefined || this.#limit === Number.POSITIVE_INFINITY) return
    this.#seen = Number.NaN
    this.#still = 0
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
