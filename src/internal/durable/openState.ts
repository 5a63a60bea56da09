/** Opens the durable state of a runtime, in the thread of its fold. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KeyValueStore } from "effect/persistence/KeyValueStore"
import type * as Scope from "effect/Scope"
import { DurableStateError } from "../model/runtimeErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import type { DurableSettings } from "../stream/workerMessages.ts"
import { messageOf } from "../util/describeError.ts"
import { listening } from "../util/listeners.ts"
import { DurableState } from "./durableState.ts"
import { renewing, renewLock } from "./folderLock.ts"
import { folderStore, removeUnfinished, type ValueStore } from "./folderStore.ts"
import { keyOf, lockOf, placeOf } from "./places.ts"
import type { KeepingThread } from "./stateRounds.ts"

export type StoreLayer = Layer.Layer<KeyValueStore, unknown>

/** `own`: the application's own store, which is used if no folder is configured. */
export const openState = Effect.fnUntraced(function* (
  settings: DurableSettings,
  own: StoreLayer | undefined,
  attach: (make: (thread: KeepingThread) => DurableState) => DurableState
): Effect.fn.Return<DurableState, DurableStateError | InvalidArgument, Scope.Scope> {
  const { directory } = settings
  if (directory === undefined && own === undefined)
    return yield* new InvalidArgument({ argument: "durable", reason: noStore })
  const store = directory === undefined ? yield* build(own!, settings) : yield* openFolder(directory, settings)
  const state = attach((thread) => new DurableState({ ...thread, store, settings }))
  yield* Effect.addFinalizer(() => Effect.sync(() => state.close()))
  yield* state.load
  return state
})

const noStore =
  "has no directory, and the worker has no store. Give it a directory, or pass a store to MetricsWorker.run"

/** From here on nothing else writes to it: see {@link folderStore}. */
const openFolder = Effect.fnUntraced(function* (
  directory: string,
  { lock, namespace }: DurableSettings
): Effect.fn.Return<ValueStore, never, Scope.Scope> {
  const path = lockOf(directory, namespace)
  const renew = (): Promise<void> => renewLock(path, lock!)
  // Unfinished files of another process that has taken the folder over are left alone.
  const begin = () => renew().then(() => removeUnfinished(directory, keyOf(namespace)))
  yield* Effect.ignore(Effect.tryPromise(begin))
  yield* listening(() => renewing(path, lock!))
  return folderStore(directory, renew)
})

const build = (own: StoreLayer, settings: DurableSettings) =>
  Layer.build(own).pipe(
    Effect.map((context) => Context.get(context, KeyValueStore)),
    Effect.mapError((error) => {
      const reason = `its store could not be opened: ${messageOf(error)}`
      return new DurableStateError({ path: placeOf(settings), problem: "unreadable", reason })
    })
  )
