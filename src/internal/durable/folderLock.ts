/**
 * Keeps two runtimes from writing the same state: a file beside it says which process has it. That of a process which is
 * not there any more is taken over. A process with the same id is told by when it was started, where the system says so:
 * in a container each has the id 1.
 */
import { randomUUID } from "node:crypto"
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"

interface Owner {
  readonly pid: number
  readonly started: string
  readonly token: string
}

/** Of the locks of this process, in all copies of this package. */
const held = globalThis as { [key: symbol]: Set<string> | undefined }
const Key = Symbol.for("mvx-metrics/locks")
const heldTokens = held[Key] ?? new Set()
held[Key] = heldTokens

/** Takes the lock at this path, or returns whose it is. */
export const takeLock = (path: string): { readonly release: () => void } | { readonly owner: number } => {
  const own: Owner = { pid: process.pid, started: startOf(process.pid), token: randomUUID() }
  const text = JSON.stringify(own)
  const fresh = `${path}.${own.token}`
  // It is there with its text or not at all.
  writeFileSync(fresh, text, { flag: "wx" })
  try {
    for (;;) {
      if (links(fresh, path)) break
      const found = read(path)
      if (found === undefined) continue
      const owner = ownerIn(found)
      if (owner !== undefined && isThere(owner)) return { owner: owner.pid }
      takeAway(path, found, `${fresh}.old`)
    }
  } finally {
    rmSync(fresh, { force: true })
  }
  heldTokens.add(own.token)
  return {
    release: () => {
      heldTokens.delete(own.token)
      if (read(path) === text) rmSync(path, { force: true })
    }
  }
}

/** Removes the lock that was found, and no other one that has come meanwhile. */
const takeAway = (path: string, found: string, aside: string): void => {
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (read(aside) !== found) links(aside, path)
  rmSync(aside, { force: true })
}

const links = (from: string, to: string): boolean => {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  }
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

/** `undefined`: nobody's, as after a power cut. */
const ownerIn = (text: string): Owner | undefined => {
  try {
    const { pid, started, token } = JSON.parse(text) as Owner
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, started, token } : undefined
  } catch {
    return undefined
  }
}

const isThere = ({ pid, started, token }: Owner): boolean => {
  // Another thread of this process has its own memory, but the same start.
  if (pid === process.pid) return heldTokens.has(token) || (started !== "" && started === startOf(pid))
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  const now = startOf(pid)
  return now === "" || started === "" || now === started
}

/** When a process was started, in the words of the system; empty where it does not say. */
const startOf = (pid: number): string => {
  try {
    // The name of the program, in parentheses, may have anything in it. The 22nd field is the start.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]!
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()} ${start}`
  } catch {
    return ""
  }
}
