// Random programs of application threads that come, emit and end in every way, while the metrics worker is replaced. At
// any moment a scrape shows no less than the one before, and in the end the totals have every event.
import { Worker } from "node:worker_threads"
import { Schedule } from "effect"
import { MetricsRuntime } from "mvx-metrics/promise"
import { expect, it } from "vitest"
import { Random } from "../crash/random.ts"
import { asMany } from "../support/long.ts"
import { until } from "../support/until.ts"
import { startThread, type Thread } from "./fixtures/threads/startThread.ts"
import { WorkMetrics } from "./fixtures/threads/threads.metrics.ts"

const ids = ["orders", "parcels"]
const MostThreads = 3

interface Attached {
  readonly thread: Thread
  readonly recorderId: string
  /** Whether it emits without end. */
  flows: boolean
  /** Whether the main thread has removed its recorder. */
  removed: boolean
}

/** What all recorders of an id have counted together. */
interface Counts {
  readonly accepted: number
  readonly applied: number
  readonly work: number
  readonly millis: number
}

const names = {
  accepted: "mvx_metrics_events_accepted_total",
  applied: "mvx_metrics_events_applied_total",
  work: "threads_work_total",
  millis: "threads_millis_seconds_count"
}

class Program {
  readonly #random: Random
  readonly #runtime: MetricsRuntime
  readonly #workers: ReadonlyArray<Worker>
  #threads: Array<Attached> = []
  /** Events whose `emit` had returned, of threads that have ended, by id. */
  readonly #ended = new Map<string, number>()
  /** How many threads were terminated while they emitted. Each may have written an event that it had not counted. */
  readonly #uncounted = new Map<string, number>()
  /** The lines of the previous scrape that never go down: those of totals. */
  #totals = new Map<string, number>()
  #before = new Map<string, Counts>()
  #restarts = 0

  constructor(seed: number, runtime: MetricsRuntime, workers: ReadonlyArray<Worker>) {
    this.#random = new Random(seed)
    this.#runtime = runtime
    this.#workers = workers
  }

  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await this.#step()
      await this.#look()
    }
    while (this.#threads.length > 0) await this.#end(this.#threads[0]!)
    await until(() => this.#runtime.recorderIds.length === 0)
    await this.#look()
    for (const id of ids) {
      const emitted = this.#ended.get(id) ?? 0
      const { accepted, applied, millis, work } = this.#before.get(id)!
      expect(accepted).toBeGreaterThanOrEqual(emitted)
      expect(accepted).toBeLessThanOrEqual(emitted + (this.#uncounted.get(id) ?? 0))
      expect({ applied, millis, work }).toEqual({ applied: accepted, millis: accepted, work: accepted })
    }
  }

  async #step(): Promise<void> {
    const random = this.#random
    if (this.#threads.length === 0 || (this.#threads.length < MostThreads && random.isOneIn(3))) return this.#attach()
    if (random.isOneIn(6)) return this.#replaceWorker()
    const one = random.one(this.#threads)
    if (random.isOneIn(3)) return this.#end(one)
    if (one.removed || one.flows) return
    if (random.isOneIn(3)) {
      one.flows = true
      const { emitted } = one.thread
      void one.thread.run("emit", 1e9, 1 + random.upTo(400))
      return until(() => one.thread.emitted > emitted)
    }
    await one.thread.run("emit", 1 + random.upTo(4000), 1 + random.upTo(400))
  }

  async #attach(): Promise<void> {
    const id = this.#random.one(ids)
    const thread = startThread({ memoryLimit: 1, capacity: 1 + this.#random.upTo(20_000) })
    await thread.run("attach")
    await thread.run("create", id)
    this.#threads.push({ thread, recorderId: id, flows: false, removed: false })
  }

  /** In one of the ways in which a thread, or its recorder, ends. */
  async #end(one: Attached): Promise<void> {
    const { recorderId, thread } = one
    const own = `${recorderId}/thread-${thread.worker.threadId}`
    if (!one.removed && this.#random.isOneIn(3)) {
      one.removed = true
      await this.#runtime.stopAndRemoveRecorder(own)
      return
    }
    this.#threads = this.#threads.filter((each) => each !== one)
    if (one.flows || this.#random.isOneIn(2)) {
      await thread.terminate()
      if (one.flows) this.#uncounted.set(recorderId, (this.#uncounted.get(recorderId) ?? 0) + 1)
    } else {
      if (!one.removed && this.#random.isOneIn(2)) await thread.run("remove", recorderId)
      await thread.run("shutdown")
      await thread.terminate()
    }
    this.#ended.set(recorderId, (this.#ended.get(recorderId) ?? 0) + thread.emitted)
  }

  async #replaceWorker(): Promise<void> {
    await this.#workers.at(-1)!.terminate()
    this.#restarts++
    await until(() => this.#runtime.stats.restarts === this.#restarts)
  }

  /** A scrape, compared with the one before. */
  async #look(): Promise<void> {
    const response = await this.#runtime.prometheus().handler(new Request("http://localhost/metrics"))
    // The worker is replaced at the moment.
    if (response.status === 503) return this.#look()
    const values = new Map(
      (await response.text())
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))])
    )
    const totals = new Map([...values].filter(([line]) => line.includes('/threads"') && !line.includes("_created")))
    for (const [line, value] of this.#totals) expect(totals.get(line), line).toBeGreaterThanOrEqual(value)
    this.#totals = totals
    for (const id of ids) {
      const sum = (name: string): number =>
        [...values]
          .filter(([line]) => line.startsWith(`${name}{`) && line.includes(`recorder="${id}/`))
          .reduce((all, [, value]) => all + value, 0)
      const now = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, sum(name)])) as unknown as Counts
      for (const [key, before] of Object.entries(this.#before.get(id) ?? {})) {
        expect(now[key as keyof Counts], `${key} of ${id}`).toBeGreaterThanOrEqual(before)
      }
      expect(now.applied).toBeLessThanOrEqual(now.accepted)
      this.#before.set(id, now)
    }
  }
}

it.each(Array.from({ length: asMany(12, 1) }, (_, i) => i + 1))(
  "the totals of threads never go down and have every event, however threads end: seed %i",
  async (seed) => {
    const workers: Array<Worker> = []
    await using runtime = await MetricsRuntime.start({
      namespace: "test.threads.totals",
      logging: "silent",
      restart: Schedule.spaced("1 milli"),
      spawn: () => {
        const worker = new Worker(new URL("./fixtures/threads/threads.worker.ts", import.meta.url))
        workers.push(worker)
        return worker
      }
    })
    await runtime.acceptThreads({ metrics: [WorkMetrics] })
    await new Program(seed, runtime, workers).run(asMany(24, 12))
  }
)
