/** Keeps the state of a fold in this thread: its parts run in turns of the event loop, between which events are folded. */
import * as Effect from "effect/Effect"
import { openState, type StoreLayer } from "../durable/openState.ts"
import { placeOf } from "../durable/places.ts"
import type { DurableStateError } from "../model/runtimeErrors.ts"
import type { DurableSettings } from "../stream/protocol.ts"
import type { DurableFold } from "./inProcess.ts"

export const keepInProcess = (
  settings: DurableSettings,
  store: StoreLayer | undefined
): DurableFold<DurableStateError> => ({
  place: placeOf(settings),
  open: (fold, fail) => {
    let isScheduled = false
    let goOn = (): boolean => false
    const wake = (): void => {
      if (isScheduled) return
      isScheduled = true
      setImmediate(() => {
        isScheduled = false
        try {
          if (goOn()) wake()
        } catch (defect) {
          fail(defect)
        }
      })
    }
    return openState(settings, store, (make) => {
      const beside = (effect: Effect.Effect<void>): void => void Effect.runFork(effect)
      const state = make({ fold, covered: () => Number.POSITIVE_INFINITY, wake, beside })
      goOn = () => state.goOn()
      return state
    }).pipe(Effect.catchTag("mvx-metrics/InvalidArgument", Effect.die))
  }
})
