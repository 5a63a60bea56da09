/**
 * The workers of one runtime: injects faults into them, counts their deaths, and measures the time until reads work
 * again.
 */
import { Worker } from "node:worker_threads"
import type { Strike } from "./faults.ts"

export class Victims {
  kills = 0
  /** The longest recoveries, by what was struck last. */
  readonly longest = new Map<Strike | "event", number>()
  /** Reads something that only a worker can answer. */
  pulse: () => Promise<unknown> = () => Promise.resolve()
  #current: Worker | undefined
  #onSpawned: Array<() => void> = []
  #since = 0
  #struck: { readonly kind: Strike; readonly at: number } | undefined
  #by: Strike | "event" = "event"
  #recovery: Promise<void> | undefined
  #isOver = false

  readonly spawn = (): Worker => {
    const worker = new Worker(new URL("./load.worker.ts", import.meta.url), {
      // Node grants a worker at its limit another 16 MiB to end in. Where as much may come out of the young generation at
      // once, the whole process is aborted.
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 }
    })
    this.#current = worker
    worker.on("exit", () => this.#died(worker))
    for (const onSpawned of this.#onSpawned.splice(0)) onSpawned()
    return worker
  }

  /** Strikes the worker, and waits for its death and for the recovery from it. */
  async strike(kind: Strike): Promise<void> {
    // One that loops while it starts is replaced after `startTimeout` only.
    if (kind === "loop") await this.pulse().catch(() => {})
    while (this.#current === undefined) await new Promise<void>((resolve) => this.#onSpawned.push(resolve))
    const worker = this.#current
    const death = new Promise<void>((resolve) => worker.once("exit", () => resolve()))
    this.#struck ??= { kind, at: performance.now() }
    if (kind === "terminate") void worker.terminate()
    else worker.postMessage({ strike: kind })
    // One that loops is found out only where something is to be done.
    if (kind === "loop") void this.pulse().catch(() => {})
    await death
    await this.recovered()
  }

  async recovered(): Promise<void> {
    while (this.#recovery !== undefined) await this.#recovery
  }

  /** Those that end from now on end as they should. */
  end(): void {
    this.#isOver = true
  }

  #died(worker: Worker): void {
    if (this.#isOver) return
    if (this.#current === worker) this.#current = undefined
    this.kills++
    this.#since = this.#struck?.at ?? performance.now()
    this.#by = this.#struck?.kind ?? "event"
    this.#struck = undefined
    this.#recovery ??= this.#recover()
  }

  async #recover(): Promise<void> {
    let since: number
    do {
      since = this.#since
      await this.pulse().catch(() => {})
    } while (since !== this.#since)
    this.longest.set(this.#by, Math.max(this.longest.get(this.#by) ?? 0, performance.now() - since))
    this.#recovery = undefined
  }
}
