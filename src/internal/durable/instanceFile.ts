/**
 * The identity under which metrics are exported that go on from a state: it lies beside the state, so that it goes where
 * that goes, and is as old.
 */
import { readFile, writeFile } from "node:fs/promises"
import { makeFolder, OwnerOnly } from "./folderStore.ts"
import { instanceOf } from "./places.ts"

const Uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What the file has, or `made`, which is written to it. To be used by the runtime that has the folder to itself. */
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
