/** Keeps the state of a fold in this thread beyond the process. */
import * as Effect from "effect/Effect"
import { openState, type StoreLayer } from "../durable/openState.ts"
import { placeOf } from "../durable/places.ts"
import type { DurableStateError } from "../model/runtimeErrors.ts"
import type { DurableSettings } from "../stream/workerMessages.ts"
import type { DurableFold } from "./inProcess.ts"

export const keepInProcess = (
  settings: DurableSettings,
  store: StoreLayer | undefined
): DurableFold<DurableStateError> => ({
  place: placeOf(settings),
  open: (rounds) =>
    openState(settings, store, (make) => rounds.keep(make)).pipe(
      Effect.catchTag("mvx-metrics/InvalidArgument", Effect.die)
    )
})
