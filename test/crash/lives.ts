/**
 * Kills processes with durable state on a failing disk, one after the other in one folder, and compares the state that
 * each restores with the counts of the previous ones: all flushed counts are present, nothing is counted twice, and
 * each recorder's state is of one moment. If the disk has dropped a sync, a state may also be an older one, or be
 * rejected.
 */
import { type ChildProcess, fork } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { fileOf, keyOf } from "../../src/internal/durable/places.ts"
import { type DiskFault, diskFaults } from "./disk.ts"
import { countIn, type FromLife, type Id, ids, type LifeOptions, lasting } from "./life.ts"
import type { Problems } from "./problems.ts"
import { Random } from "./random.ts"
import { Reference } from "./reference.ts"
import type { Problem } from "./steps.ts"

export const lifeFaults = ["process killed", "state refused", ...diskFaults] as const
export type LifeFault = (typeof lifeFaults)[number]
export type LifeFaults = { [F in LifeFault]: number }

export const noLifeFaults = (): LifeFaults => Object.fromEntries(lifeFaults.map((fault) => [fault, 0])) as never

const HangsAfter = 20_000
const Now = 1_767_225_600_000
const namespace = "faults.lives"

/** Lives after which the folder is emptied: what is compared is folded from the first event on. */
const LivesOfFolder = 12

/** What the next process may find of a recorder. */
interface Range {
  least: number
  most: number
}

type Ranges = { readonly [I in Id]: Range }

const nothing = (): Ranges => ({ a: { least: 0, most: 0 }, b: { least: 0, most: 0 } })

export const runLives = async (options: {
  readonly seed: number
  readonly lives: number
  readonly problems: Problems
  readonly onProgress: (text: string) => void
}): Promise<LifeFaults> => {
  const root = mkdtempSync(join(tmpdir(), "mvx-lives-"))
  const lives = new Lives(root, options.seed, options.problems, await Reference.make(Now, lasting))
  try {
    for (let i = 0; i < options.lives; i++) {
      if (i % LivesOfFolder === 0) lives.beginAnew()
      await lives.next()
      options.onProgress(`killed ${i + 1} processes with durable state`)
    }
    return lives.faults()
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

class Lives {
  readonly #random: Random
  readonly #directory: string
  readonly #log: string
  readonly #state: string
  readonly #problems: Problems
  readonly #reference: Reference
  #ranges = nothing()
  /** Whether a sync may have been dropped since the state was last found. */
  #isDoubtful = false
  readonly #faults = noLifeFaults()

  constructor(root: string, seed: number, problems: Problems, reference: Reference) {
    this.#random = new Random(seed)
    this.#directory = join(root, "state")
    this.#log = join(root, "faults.log")
    this.#state = fileOf(this.#directory, keyOf(namespace))
    this.#problems = problems
    this.#reference = reference
  }

  faults(): LifeFaults {
    const noted = existsSync(this.#log) ? readFileSync(this.#log, "utf8").split("\n").filter(Boolean) : []
    for (const fault of noted) this.#faults[fault as DiskFault]++
    return this.#faults
  }

  beginAnew(): void {
    rmSync(this.#directory, { recursive: true, force: true })
    mkdirSync(this.#directory)
    this.#ranges = nothing()
    this.#isDoubtful = false
  }

  async next(): Promise<void> {
    const random = this.#random
    const disk = {
      directory: this.#directory,
      log: this.#log,
      seed: random.upTo(2 ** 30),
      dropsSyncs: random.isOneIn(4),
      runsFull: random.isOneIn(3)
    }
    const life: LifeOptions = { namespace, now: Now, inProcess: random.isOneIn(3), disk }
    // Some are killed while they start.
    const after = random.isOneIn(6) ? { start: random.upTo(600) } : { found: random.upTo(500) }
    const before = existsSync(this.#state) ? readFileSync(this.#state) : undefined
    const child = start(life)
    const kill = (): void => void child.kill("SIGKILL")
    const late = setTimeout(() => {
      this.#count("hang", 1, `a process did not start: ${JSON.stringify(life)}`)
      kill()
    }, HangsAfter)
    if ("start" in after) setTimeout(kill, after.start)
    let found: Extract<FromLife, { _tag: "Found" }> | undefined
    let refused: Extract<FromLife, { _tag: "Refused" }> | undefined
    let ranges = this.#ranges
    child.on("message", (message: FromLife) => {
      switch (message._tag) {
        case "Refused":
          refused = message
          return
        case "Found":
          found = message
          clearTimeout(late)
          // From here on it is at least this, whatever was dropped before.
          ranges = nothing()
          for (const id of ids) ranges[id].least = ranges[id].most = countIn(message.snapshots[id])
          if ("found" in after) setTimeout(kill, after.found)
          return
        case "Emits":
          ranges[message.id].most = message.to
          return
        case "Flushed":
          if (!disk.dropsSyncs) for (const id of ids) ranges[id].least = message.counts[id]
          return
        case "Terminates":
          // Most of what can go wrong does while another worker takes its place.
          if (random.isOneIn(2)) setTimeout(kill, random.upTo(200))
          return
        case "Wrong":
          return this.#wrong(message.text)
      }
    })
    const signal = await new Promise((resolve) => child.once("close", (_, signal) => resolve(signal)))
    clearTimeout(late)
    if (signal === "SIGKILL") this.#faults["process killed"]++
    if (refused !== undefined) return this.#refused(refused, before)
    if (found !== undefined) {
      for (const id of ids) await this.#check(id, found.snapshots[id], this.#ranges[id])
      this.#ranges = ranges
      this.#isDoubtful = false
    }
    // One that was killed while it started may have written what it found.
    this.#isDoubtful ||= disk.dropsSyncs
  }

  async #check(id: Id, found: LifeSnapshots, { least, most }: Range): Promise<void> {
    const count = countIn(found)
    if (count < least)
      this.#count("lost", least - count, `${id} went on from ${count} events after ${least} were flushed`)
    if (count > most) this.#count("doubleCounted", count - most, `${id} went on from ${count} events of ${most}`)
    if (count > most) return
    const expected = await this.#reference.after(id, count)
    for (const [name, snapshot] of Object.entries(expected)) {
      if (isDeepStrictEqual(plain(found[name]), plain(snapshot))) continue
      const text = `${JSON.stringify(found[name])} instead of ${JSON.stringify(snapshot)}`
      this.#wrong(`${id}: ${name} after ${count} events is ${text}`)
    }
  }

  #refused({ message, problem }: Extract<FromLife, { _tag: "Refused" }>, before: Buffer | undefined): void {
    if (!this.#isDoubtful || problem !== "damaged") this.#wrong(`refused for no reason: ${message}`)
    if (before === undefined || !readFileSync(this.#state).equals(before)) this.#wrong(`was changed: ${message}`)
    this.#faults["state refused"]++
    this.beginAnew()
  }

  #count(kind: Problem["kind"], count: number, text: string): void {
    this.#problems.add({ kind, count, text: `durable state: ${text}` })
  }

  #wrong(text: string): void {
    this.#count("wrong", 1, text)
  }
}

type LifeSnapshots = Extract<FromLife, { _tag: "Found" }>["snapshots"][Id]

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

const start = (life: LifeOptions): ChildProcess => {
  const url = new URL("./life.ts", import.meta.url)
  const root = new URL("../../", import.meta.url)
  return fork(fileURLToPath(url), [JSON.stringify(life)], {
    serialization: "advanced",
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node-compile", root)), ...process.env },
    execArgv: ["--conditions=mvx-metrics-source", "--import", new URL("test/support/threads/load.ts", root).href],
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })
}
