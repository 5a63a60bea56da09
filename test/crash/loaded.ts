/** One recorder under load: runs its script, and checks what only its own process can see. */
import { setImmediate as nextTurn } from "node:timers/promises"
import type { Metric } from "mvx-metrics"
import type { MetricChange, Snapshots } from "mvx-metrics/Snapshot"
import { basic, all as everyMetric, loadEvent, metricOf } from "./load.metrics.ts"
import type { LoadOptions, LoadRecorder, LoadRuntime } from "./loadRuntimes.ts"
import type { Answer, Op, Problem, Role } from "./steps.ts"

const optionsOf: { readonly [R in Role]: LoadOptions } = {
  exact: { capacity: 10_000, overflow: "drop-newest" },
  watched: { capacity: 1000, overflow: "drop-newest" },
  latest: { capacity: 1000, overflow: "drop-newest" },
  newest: { capacity: 100, overflow: "drop-newest" },
  // How many of its events are evicted is not known when it is removed.
  oldest: { capacity: 100, overflow: "drop-oldest", totalOfRemoved: false },
  waiting: { capacity: 100, overflow: "backpressure" },
  failing: { capacity: 100, overflow: "fail" },
  deltas: { capacity: 10_000, overflow: "drop-newest" }
}

export const metricsOf = (role: Role): ReadonlyArray<Metric.Any> => (role === "exact" ? everyMetric : basic)

const EventsInTurn = 256

export const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/** How long what is under way may take to come. */
const LongestWait = 20_000

export const totalOf = (snapshots: Snapshots, name: string): number => {
  const { series = [], value = 0 } = (snapshots[name]?.dimensions ?? {}) as {
    readonly value?: number
    readonly series?: ReadonlyArray<{ readonly value: number }>
  }
  return series.length === 0 ? value : series.reduce((sum, { value }) => sum + value, 0)
}

export class Loaded {
  readonly #recorder: LoadRecorder
  readonly #role: Role
  readonly #id: string
  readonly #problem: (problem: Problem) => void
  #accepted = 0
  #refused = 0
  #readDelta: (() => Promise<Snapshots>) | undefined
  #deltas = 0
  #stalls = { changes: 0, millis: 0 }
  /** The sequence number of the last change of each metric. */
  readonly #seen = new Map<string, number>()

  constructor(recorder: LoadRecorder, role: Role, id: string, problem: (problem: Problem) => void) {
    this.#recorder = recorder
    this.#role = role
    this.#id = id
    this.#problem = problem
  }

  static async create(
    runtime: LoadRuntime,
    id: string,
    role: Role,
    problem: (problem: Problem) => void
  ): Promise<Loaded> {
    const recorder = await runtime.create(id, optionsOf[role])
    const loaded = new Loaded(recorder, role, id, problem)
    for (const metric of metricsOf(role)) await recorder.register(metric)
    if (role === "deltas") loaded.#readDelta = recorder.deltas()
    if (role === "watched" || role === "latest") await loaded.#listen(role === "watched" ? "changes" : "latestChanges")
    return loaded
  }

  async do(op: Exclude<Op, { readonly _tag: "Create" | "Remove" }>): Promise<Answer> {
    const recorder = this.#recorder
    switch (op._tag) {
      case "Burst":
        return { refused: await this.#burst(op.count, op.waits) }
      case "Poison": {
        while (!recorder.emit(loadEvent(this.#accepted + 1, op.how))) {
          this.#refused++
          await pause(1)
        }
        this.#accepted++
        return {}
      }
      case "Register":
        await recorder.register(metricOf(op.name))
        return {}
      case "Reset":
        await recorder.reset(op.name === undefined ? undefined : metricOf(op.name))
        return {}
      case "Stall":
        this.#stalls = op
        return {}
      case "Abandon":
        await recorder.abandon(op.millis)
        return {}
      case "Delta": {
        this.#deltas += totalOf(await this.#readDelta!(), "load.count")
        this.#expect("the sum of deltas", this.#deltas, this.#accepted)
        return {}
      }
      case "Report": {
        const { snapshots, stats } = await recorder.report()
        this.#expect("accepted", stats.accepted, this.#accepted)
        this.#expect("refused", stats.refused, this.#refused)
        if (this.#role === "watched" || this.#role === "latest") await this.#allSeen()
        return { report: { snapshots, stats } }
      }
    }
  }

  async #burst(count: number, waits: boolean): Promise<number> {
    const { emit, offer } = this.#recorder
    const last = this.#accepted + count
    let refused = 0
    for (let inTurn = 1; this.#accepted < last; inTurn++) {
      const event = loadEvent(this.#accepted + 1)
      const accepted = waits ? await offer(event) : emit(event)
      if (accepted) this.#accepted++
      else {
        refused++
        await pause(1)
      }
      if (inTurn % EventsInTurn === 0) await nextTurn()
    }
    this.#refused += refused
    return refused
  }

  async #listen(to: "changes" | "latestChanges"): Promise<void> {
    const ended = this.#recorder.listen(to, async (change) => {
      this.#check(change)
      const { changes, millis } = this.#stalls
      if (changes === 0) return
      this.#stalls = { changes: changes - 1, millis }
      await pause(millis)
    })
    ended.catch((error) => this.#wrong(`the listener failed: ${error}`))
    // It listens when it has had a turn.
    await pause(1)
    await this.#recorder.report()
  }

  #check({ sequence, snapshot }: MetricChange): void {
    const before = this.#seen.get(snapshot.name) ?? 0
    if (sequence <= before) this.#count("doubleCounted", 1, `change ${sequence} of ${snapshot.name} after ${before}`)
    else if (this.#role === "watched" && sequence > before + 1) {
      this.#count("lost", sequence - before - 1, `change ${sequence} of ${snapshot.name} after ${before}`)
    }
    this.#seen.set(snapshot.name, Math.max(sequence, before))
  }

  /** Waits until the listener has had the last change of each metric. */
  async #allSeen(): Promise<void> {
    const deadline = performance.now() + LongestWait
    for (const { name } of metricsOf(this.#role)) {
      while ((this.#seen.get(name) ?? 0) !== this.#accepted && performance.now() < deadline) await pause(1)
      this.#expect(`changes of ${name}`, this.#seen.get(name) ?? 0, this.#accepted)
    }
  }

  #expect(what: string, actual: number, expected: number): void {
    if (actual === expected) return
    const kind = actual < expected ? "lost" : "doubleCounted"
    this.#count(kind, Math.abs(actual - expected), `${what}: ${actual} instead of ${expected}`)
  }

  #count(kind: Problem["kind"], count: number, text: string): void {
    this.#problem({ kind, count, text: `${this.#id} (${this.#role}): ${text}` })
  }

  #wrong(text: string): void {
    this.#count("wrong", 1, text)
  }
}
