/**
 * Keeps the state of a fold in this thread. The parts of its state are kept in turns of the event loop, between which
 * events are folded.
 */
import * as Effect from "effect/Effect"
import type { KeepingThread, StateRounds } from "../durable/stateRounds.ts"
import type { Fold } from "../fold/fold.ts"

export class RoundsInProcess {
  readonly #fold: Fold
  readonly #fail: (cause: unknown) => void
  readonly #rounds: Array<StateRounds> = []
  #isScheduled = false

  constructor(fold: Fold, fail: (cause: unknown) => void) {
    this.#fold = fold
    this.#fail = fail
  }

  keep<Rounds extends StateRounds>(make: (thread: KeepingThread) => Rounds): Rounds {
    const rounds = make({
      fold: this.#fold,
      covered: () => Number.POSITIVE_INFINITY,
      wake: () => this.#wake(),
      beside: (effect) => void Effect.runFork(effect)
    })
    this.#rounds.push(rounds)
    return rounds
  }

  #wake(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      try {
        // Each part gets its turn.
        const more = this.#rounds.map((rounds) => rounds.goOn())
        if (more.includes(true)) this.#wake()
      } catch (defect) {
        this.#fail(defect)
      }
    })
  }
}
