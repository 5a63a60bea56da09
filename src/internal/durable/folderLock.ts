/**
 * Prevents two runtimes from writing the same state: a file beside it contains the process that owns it, and for how
 * long. The owner renews it at intervals. A lock is taken over if its process has ended, or, for a process on another
 * machine or in another container, if it was not renewed for a while.
 *
 * The previous owner, which may have been suspended, finds out before it replaces the state. See {@link
 * ./folderStore.ts}.
 */
import { randomUUID } from "node:crypto"
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { isThere, type ProcessName, thisProcess } from "./machine.ts"

/** How long after its last renewal a lock is taken over from a process that cannot be checked. */
export const LeaseMillis = 30_000
const RenewMillis = 5000

interface Owner extends ProcessName {
  readonly token: string
}

export interface Lock {
  /** The contents of its file. */
  readonly text: string
  readonly release: () => void
}

/** The owner. */
export interface Taken {
  readonly owner: ProcessName
  /** In milliseconds; `undefined` for a process that is running. */
  readonly endsIn: number | undefined
}

/** The locks of this process, in all copies of this package. */
const held = globalThis as { [key: symbol]: Set<string> | undefined }
const Key = Symbol.for("mvx-metrics/locks")
const heldTokens = held[Key] ?? new Set()
held[Key] = heldTokens

/** Takes the lock at this path, or returns its owner. */
export const takeLock = (path: string): Lock | Taken => {
  const own: Owner = { ...thisProcess(), token: randomUUID() }
  const text = JSON.stringify(own)
  const fresh = `${path}.${own.token}`
  // The file exists with its text or not at all.
  writeFileSync(fresh, text, { flag: "wx" })
  try {
    // By the clock of the file system, because those of two machines differ.
    const now = statSync(fresh).mtimeMs
    for (;;) {
      if (links(fresh, path)) break
      const found = read(path)
      if (found === undefined) continue
      const taken = takenBy(found, now)
      if (taken !== undefined) return taken
      takeAway(path, found, `${fresh}.old`)
    }
  } finally {
    rmSync(fresh, { force: true })
  }
  heldTokens.add(own.token)
  return {
    text,
    release: () => {
      heldTokens.delete(own.token)
      if (read(path)?.text === text) rmSync(path, { force: true })
    }
  }
}

/** Renews a lock until it is told to stop, by the real clock. It does not keep the process alive. */
export const renewing = (path: string, text: string): (() => void) => {
  const timer = setInterval(() => void renewLock(path, text).catch(() => {}), RenewMillis)
  timer.unref()
  return () => clearInterval(timer)
}

/** Renews a lock. Fails if it was taken over. */
export const renewLock = async (path: string, text: string): Promise<void> => {
  const file = await open(path, "r+").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? new Error("its lock is gone") : error
  })
  try {
    const found = await file.readFile("utf8")
    if (found !== text) throw new Error(`it was taken over by ${describeOwner(ownerIn(found))}`)
    // Writes the same text again, so that concurrent readers read it whole.
    await file.write(text, 0)
  } finally {
    await file.close()
  }
}

export const describeOwner = (owner: ProcessName | undefined): string => {
  if (owner === undefined) return "another process"
  const { host, pid } = owner
  return isThere(owner) === undefined ? `the process ${pid} of the host "${host}"` : `the process ${pid}`
}

interface Found {
  readonly text: string
  readonly renewedAt: number
}

/** Removes the lock that was found, and not another one that was created meanwhile. */
const takeAway = (path: string, found: Found, aside: string): void => {
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const taken = read(aside)
  if (taken?.text !== found.text || taken.renewedAt !== found.renewedAt) links(aside, path)
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

const read = (path: string): Found | undefined => {
  try {
    return { renewedAt: statSync(path).mtimeMs, text: readFileSync(path, "utf8") }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

/** `undefined`: there is no owner, for example after a power failure. */
const ownerIn = (text: string): Owner | undefined => {
  try {
    const owner = JSON.parse(text) as Owner
    const isOne = Number.isSafeInteger(owner.pid) && owner.pid > 0 && typeof owner.machine === "string"
    return isOne ? owner : undefined
  } catch {
    return undefined
  }
}

const takenBy = ({ renewedAt, text }: Found, now: number): Taken | undefined => {
  const owner = ownerIn(text)
  if (owner === undefined) return undefined
  // If the system does not report when a process was started, one with the id of this process must have ended before
  // it.
  const isEarlier = owner.pid === process.pid && owner.started === ""
  const isSeen = heldTokens.has(owner.token) || (!isEarlier && isThere(owner))
  if (isSeen !== undefined) return isSeen ? { owner, endsIn: undefined } : undefined
  const endsIn = renewedAt + LeaseMillis - now
  return endsIn > 0 ? { owner, endsIn } : undefined
}
