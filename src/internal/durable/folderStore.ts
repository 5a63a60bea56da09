/**
 * Values in files of a folder. Each is replaced as a whole or not at all, whatever happens to the
 * process or the machine meanwhile: it is written beside the old one and synced, takes its name, and then the folder is
 * synced. Effect's own store of files writes over the old value, so that a process that is killed leaves a part.
 *
 * A writer that has lost its place never replaces what the one after it has written. That one removes what was begun
 * (`removeUnfinished`) when it has the place, before it reads: what is begun later is not named, because `mayReplace`
 * fails by then, and what was begun before is not there to be named.
 */
import { randomUUID } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { type KeyValueStore, KeyValueStoreError } from "effect/persistence/KeyValueStore"
import { messageOf } from "../util/describeError.ts"
import { fileOf } from "./places.ts"

const Unfinished = ".unfinished"

/** Labels may contain names of users, so other accounts of the machine must not read the state. */
export const OwnerOnly = 0o600
const OwnersFolder = 0o700

/** What a state needs of a store. */
export type ValueStore = Pick<KeyValueStore, "getUint8Array" | "set">

export const folderStore = (directory: string, mayReplace: () => Promise<void> = async () => {}): ValueStore => {
  const attempt = <A>(method: string, key: string, run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new KeyValueStoreError({ method, key, message: messageOf(cause), cause })
    })
  const read = (key: string): Promise<Buffer | undefined> =>
    readFile(fileOf(directory, key)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined
      throw error
    })
  return {
    getUint8Array: (key) => attempt("getUint8Array", key, () => read(key)),
    set: (key, value) => attempt("set", key, () => replace(directory, key, value, mayReplace))
  }
}

const replace = async (
  directory: string,
  key: string,
  value: string | Uint8Array,
  mayReplace: () => Promise<void>
): Promise<void> => {
  const path = fileOf(directory, key)
  const unfinished = `${path}.${randomUUID()}${Unfinished}`
  try {
    const file = await open(unfinished, "wx", OwnerOnly)
    try {
      await file.writeFile(value)
      await file.sync()
    } finally {
      await file.close()
    }
    await mayReplace()
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    // The name is random, and of no use to readers.
    throw new Error(messageOf(error).replaceAll(unfinished, path), { cause: error })
  }
  await syncFolder(directory)
}

/**
 * Without this sync the new name may be lost when the machine goes down. Windows cannot open folders, and does not need
 * to sync them.
 */
const syncFolder = async (directory: string): Promise<void> => {
  if (process.platform === "win32") return
  const folder = await open(directory, "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export const makeFolder = async (directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: OwnersFolder })
}

/** Removes what a writer that has ended, or has lost its place, has started to write of a key. */
export const removeUnfinished = async (directory: string, key: string): Promise<void> => {
  const own = `${encodeURIComponent(key)}.state.`
  const left = (await readdir(directory)).filter((name) => name.startsWith(own) && name.endsWith(Unfinished))
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true })))
}
