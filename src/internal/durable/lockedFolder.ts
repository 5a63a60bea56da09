import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { DurableStateError } from "../model/errors.ts"
import { messageOf } from "../util/describeError.ts"
import { takeLock } from "./folderLock.ts"
import { makeFolder, removeUnfinished } from "./folderStore.ts"
import { fileOf, keyOf } from "./places.ts"

/** Has the state of a namespace in a folder to itself until the scope closes. */
export const lockedFolder = (
  directory: string,
  namespace: string
): Effect.Effect<void, DurableStateError, Scope.Scope> => {
  const path = fileOf(directory, keyOf(namespace))
  const unreadable = (cause: unknown) =>
    new DurableStateError({ path, problem: "unreadable", reason: `the folder cannot be used: ${messageOf(cause)}` })
  const taken = Effect.tryPromise({
    try: async () => {
      await makeFolder(directory)
      const lock = takeLock(`${path}.lock`)
      if ("release" in lock) await removeUnfinished(directory, keyOf(namespace))
      return lock
    },
    catch: unreadable
  })
  return Effect.acquireRelease(taken, (lock) => Effect.sync(() => "release" in lock && lock.release())).pipe(
    Effect.flatMap((lock) => ("owner" in lock ? Effect.fail(inUse(path, lock.owner)) : Effect.void))
  )
}

const inUse = (path: string, owner: number): DurableStateError => {
  const by = owner === process.pid ? "another runtime of this process" : `the process ${owner}`
  const reason = `is in use by ${by}. Give each runtime a folder or a namespace of its own`
  return new DurableStateError({ path, problem: "in use", reason })
}
