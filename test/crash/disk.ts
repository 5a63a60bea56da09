/**
 * A disk that fails, in the place of `node:fs/promises` for one folder and one thread. What is written is torn until it is
 * synced, and a new name may be lost until the folder is synced; what was not synced is gone with the process. It may
 * also drop syncs, as disks do that acknowledge what they only have in a cache, and run full.
 *
 * So a process that is killed leaves on the real disk what a power cut would leave.
 */
import { appendFileSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { createRequire, syncBuiltinESMExports } from "node:module"
import { Random } from "./random.ts"

export interface DiskOptions {
  readonly directory: string
  readonly seed: number
  readonly dropsSyncs: boolean
  readonly runsFull: boolean
  /** A file that each fault is noted in, by a line: it outlives the process. */
  readonly log: string
}

export const diskFaults = ["torn write", "late rename", "dropped sync", "disk full", "failed sync"] as const
export type DiskFault = (typeof diskFaults)[number]

type Promises = typeof import("node:fs/promises")
type Writes = Pick<FileHandle, "writeFile" | "sync" | "close">

/** Puts it in the place of the real one. Gives what undoes that, by which it loses what was not synced. */
export const failingDisk = (options: DiskOptions): (() => void) => {
  const fs: { -readonly [K in keyof Promises]: Promises[K] } = createRequire(import.meta.url)("node:fs/promises")
  const real = { open: fs.open, rename: fs.rename }
  const disk = new Disk(options, real)
  const isOurs = (path: unknown): path is string => typeof path === "string" && path.startsWith(options.directory)
  fs.open = ((path, flags, mode) =>
    isOurs(path) && (flags === "wx" || flags === "r")
      ? disk.open(path, flags)
      : real.open(path, flags, mode)) as Promises["open"]
  fs.rename = ((from, to) =>
    isOurs(from) ? disk.rename(from, String(to)) : real.rename(from, to)) as Promises["rename"]
  syncBuiltinESMExports()
  return () => {
    Object.assign(fs, real)
    syncBuiltinESMExports()
  }
}

class Disk {
  readonly #options: DiskOptions
  readonly #real: Pick<Promises, "open" | "rename">
  readonly #random: Random
  /** Done, and not yet on the disk. */
  #renames: Array<readonly [from: string, to: string]> = []

  constructor(options: DiskOptions, real: Pick<Promises, "open" | "rename">) {
    this.#options = options
    this.#real = real
    this.#random = new Random(options.seed)
  }

  #note(fault: DiskFault): void {
    appendFileSync(this.#options.log, `${fault}\n`)
  }

  #refuse(fault: DiskFault, code: string): Error {
    this.#note(fault)
    return Object.assign(new Error(`${code}: ${fault}`), { code })
  }

  /** Whether a sync does nothing. */
  #drops(): boolean {
    const drops = this.#options.dropsSyncs && this.#random.isOneIn(3)
    if (drops) this.#note("dropped sync")
    return drops
  }

  #isFull(): boolean {
    return this.#options.runsFull && this.#random.isOneIn(4)
  }

  async open(path: string, flags: "wx" | "r"): Promise<Writes> {
    const handle = await this.#real.open(path, flags)
    return path === this.#options.directory ? this.#folder(handle) : flags === "r" ? handle : this.#file(handle)
  }

  #folder(handle: FileHandle): Writes {
    return {
      writeFile: (...all) => handle.writeFile(...all),
      close: () => handle.close(),
      sync: async () => {
        if (this.#drops()) return
        for (const [from, to] of this.#renames.splice(0)) await this.#real.rename(from, to)
        await handle.sync()
      }
    }
  }

  #file(handle: FileHandle): Writes {
    let whole = Buffer.alloc(0)
    return {
      close: () => handle.close(),
      writeFile: async (value) => {
        whole = Buffer.from(value as Uint8Array)
        const torn = this.#torn(whole)
        await handle.write(torn, 0, torn.length, 0)
        this.#note("torn write")
        if (this.#isFull()) throw this.#refuse("disk full", "ENOSPC")
      },
      sync: async () => {
        if (this.#drops()) return
        if (this.#isFull()) throw this.#refuse("failed sync", "EIO")
        await handle.write(whole, 0, whole.length, 0)
        await handle.sync()
      }
    }
  }

  /** What of it is on the disk before it is synced: a part, or all of its length with a hole of zeros. */
  #torn(whole: Buffer): Buffer {
    const at = this.#random.upTo(whole.length - 1)
    if (this.#random.isOneIn(2)) return whole.subarray(0, at)
    return Buffer.from(whole).fill(0, this.#random.isOneIn(4) ? 0 : at)
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.#isFull()) throw this.#refuse("disk full", "ENOSPC")
    if (this.#random.isOneIn(2)) return this.#real.rename(from, to)
    this.#renames.push([from, to])
    this.#note("late rename")
  }
}
