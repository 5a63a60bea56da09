/** Opens the store to which a fold sends its counts, in the thread of the fold. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { MetricsStoreError } from "../model/exportErrors.ts"
import type { DurableStateError } from "../model/runtimeErrors.ts"
import { openStates, type StoreLayer } from "../store/openStore.ts"
import { storeModule } from "../store/storeModule.ts"
import type { StoreSettings } from "../stream/workerMessages.ts"
import type { DurableState } from "./durableState.ts"
import type { KeepingThread } from "./stateRounds.ts"
import { StoredStates } from "./storedStates.ts"

/** `own`: the application's own store, which is used if no module is configured. */
export const openStoredStates = Effect.fnUntraced(function* (
  { epoch, intervalMillis, namespace, source, store }: StoreSettings,
  own: StoreLayer | undefined,
  durable: DurableState | undefined,
  attach: (make: (thread: KeepingThread) => StoredStates) => StoredStates
): Effect.fn.Return<StoredStates, MetricsStoreError | DurableStateError, Scope.Scope> {
  const opened = store === undefined ? own : storeModule(store.url, store.settings)
  if (opened === undefined) {
    return yield* new MetricsStoreError({ store: "of the worker", operation: "open", reason: noStore })
  }
  const service = yield* openStates(opened)
  const identity = durable === undefined ? { source, epoch } : yield* durable.identify
  const states = attach(
    (thread) =>
      new StoredStates({
        ...thread,
        store: service,
        namespace,
        identity,
        intervalMillis,
        durable
      })
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => states.close()))
  return states
})

const noStore =
  "the worker has no store. Name one, such as RedisStore.make({ url }), or pass a store to MetricsWorker.run"
