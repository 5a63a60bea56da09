/** The successive states of a runtime, for listeners. */
import type * as Cause from "effect/Cause"
import * as Queue from "effect/Queue"
import type * as Stream from "effect/Stream"
import { effectStream } from "../util/effectStream.ts"
import { Listeners, listening } from "../util/listeners.ts"
import type { RuntimeState } from "./options.ts"

/** The number of states that are queued for a listener. Beyond it, the listener misses the oldest. */
const MostWaiting = 16

const isLast = (state: RuntimeState): boolean => state === "Closed" || state === "Failed"

export class StateChanges {
  #state: RuntimeState = "Idle"
  readonly #listeners = new Listeners<(state: RuntimeState) => void>()

  get state(): RuntimeState {
    return this.#state
  }

  /** Returns `true` if the state has changed. */
  announce(state: RuntimeState): boolean {
    if (state === this.#state) return false
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
    return true
  }

  /** Starts with the current state, and ends after a final one. */
  get stream(): Stream.Stream<RuntimeState> {
    return effectStream().callback<RuntimeState>(
      (queue: Queue.Queue<RuntimeState, Cause.Done>) =>
        listening(() => {
          const listener = (state: RuntimeState): void => {
            Queue.offerUnsafe(queue, state)
            if (isLast(state)) Queue.endUnsafe(queue)
          }
          listener(this.#state)
          return this.#listeners.add(listener)
        }),
      { bufferSize: MostWaiting, strategy: "sliding" }
    )
  }
}
