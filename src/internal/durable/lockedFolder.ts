/** The folder of a runtime with durable state, which it has to itself, and the identity stored in it. */
import { readFile, writeFile } from "node:fs/promises"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { DurableStateError } from "../model/runtimeErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { describeOwner, renewing, type Taken, takeLock } from "./folderLock.ts"
import { makeFolder, OwnerOnly } from "./folderStore.ts"
import { fileOf, instanceOf, keyOf, lockOf } from "./places.ts"

/** Locks the state of a namespace in a folder until the scope closes. Returns the contents of the lock. */
export const lockedFolder = (
  directory: string,
  namespace: string
): Effect.Effect<string, DurableStateError, Scope.Scope> => {
  const path = fileOf(directory, keyOf(namespace))
  const lockPath = lockOf(directory, namespace)
  const taken = Effect.tryPromise({
    try: async () => {
      await makeFolder(directory)
      const lock = takeLock(lockPath)
      return "owner" in lock ? lock : { ...lock, stop: renewing(lockPath, lock.text) }
    },
    catch: (cause) =>
      new DurableStateError({ path, problem: "unreadable", reason: `the folder cannot be used: ${messageOf(cause)}` })
  })
  const release = (lock: Effect.Success<typeof taken>) =>
    Effect.sync(() => {
      if ("owner" in lock) return
      lock.stop()
      lock.release()
    })
  return Effect.flatMap(Effect.acquireRelease(taken, release), (lock) =>
    "owner" in lock ? Effect.fail(inUse(path, lock)) : Effect.succeed(lock.text)
  )
}

const inUse = (path: string, { endsIn, owner }: Taken): DurableStateError => {
  const isOwn = endsIn === undefined && owner.pid === process.pid
  const by = isOwn ? "another runtime of this process" : describeOwner(owner)
  const advice =
    endsIn === undefined
      ? "Give each runtime a folder or a namespace of its own"
      : `If that has ended, start again in ${Duration.format(Duration.millis(Math.ceil(endsIn / 1000) * 1000))}`
  return new DurableStateError({ path, problem: "in use", reason: `is in use by ${by}. ${advice}` })
}

const Uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The identity under which metrics that continue from a state are exported: read from a file beside the state, or
 * `made`, which is then written to it. So it moves with the state, and is as old as the state.
 */
export const instanceIn = async (directory: string, namespace: string, made: string): Promise<string> => {
  const path = instanceOf(directory, namespace)
  const known = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return ""
    throw error
  })
  if (Uuid.test(known.trim())) return known.trim()
  await makeFolder(directory)
  await writeFile(path, `${made}\n`, { mode: OwnerOnly })
  return made
}
