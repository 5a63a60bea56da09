/**
 * The expected numbers, in the process of the harness: the same events folded in process, where no worker dies and a
 * poisoned event throws, and in addition the results of simple arithmetic.
 */
import { isDeepStrictEqual } from "node:util"
import * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import type { RecorderService } from "mvx-metrics"
import type { RuntimeService } from "mvx-metrics/MetricsRuntime"
import { MetricsRuntime } from "mvx-metrics/MetricsRuntime"
import type { Report, Snapshot } from "mvx-metrics/Snapshot"
import { Count, type LoadEvent, loadEvent, metricOf, Sequence } from "./load.metrics.ts"
import { metricsOf, totalOf } from "./loaded.ts"
import { Now } from "./loadRuntimes.ts"
import { type Answer, type Op, type Problem, type Script, type Side, type Step, type StepDone, sides } from "./steps.ts"

interface Expected {
  readonly recorder: RecorderService
  accepted: number
  /** Accepted when the metrics that count everything were last reset. */
  before: number
  /** What counts everything had counted at the last report. */
  total: number
}

type SequenceState = { readonly [K in "count" | "first" | "last" | "missed" | "repeated"]: number }

export class Model {
  events = 0
  readonly #now = new Now()
  readonly #run: typeof Effect.runPromise
  readonly #runtime: RuntimeService
  readonly #recorders = new Map<string, Expected>()
  /** What recorders had counted that were removed. */
  readonly #removed: { [S in Side]: number } = { effect: 0, promise: 0 }
  #problems: Array<Problem> = []

  private constructor(runtime: RuntimeService, now: Now, run: typeof Effect.runPromise) {
    this.#runtime = runtime
    this.#now = now
    this.#run = run
  }

  static async make(): Promise<Model> {
    const now = new Now()
    const { runPromise: run } = ManagedRuntime.make(Layer.succeed(Clock.Clock, now.clock))
    const made = MetricsRuntime.makeInProcess({ namespace: "faults.model", logging: "silent" })
    const runtime = await run(Scope.provide(made, Scope.makeUnsafe()))
    await run(runtime.start)
    return new Model(runtime, now, run)
  }

  /** What is wrong with the answers of a step. */
  async check(step: Step, { answers, totals }: Pick<StepDone, "answers" | "totals">): Promise<ReadonlyArray<Problem>> {
    this.#problems = []
    this.#now.millis = step.now
    for (const [i, script] of step.scripts.entries()) {
      for (const [j, op] of script.ops.entries()) await this.#do(script, op, answers[i]![j]!)
    }
    if (totals !== undefined) this.#checkTotals(totals)
    return this.#problems
  }

  #checkTotals(totals: NonNullable<StepDone["totals"]>): void {
    for (const side of sides) {
      this.#expect(`${side}: ${Count.name} of removed recorders`, totals[side].removed ?? 0, this.#removed[side])
    }
    for (const [key, { total }] of this.#recorders) {
      const [side, ...id] = key.split(" ")
      this.#expect(`${key}: ${Count.name} in a scrape`, totals[side as Side][id.join(" ")] ?? 0, total)
    }
  }

  async #do({ id, role, side }: Script, op: Op, answer: Answer): Promise<void> {
    const key = `${side} ${id}`
    const run = this.#run
    if (op._tag === "Create") {
      const recorder = await run(this.#runtime.createRecorder(key))
      for (const metric of metricsOf(role)) await run(recorder.register(metric))
      this.#recorders.set(key, { recorder, accepted: 0, before: 0, total: 0 })
      return
    }
    const expected = this.#recorders.get(key)!
    const { recorder } = expected
    switch (op._tag) {
      case "Remove":
        this.#recorders.delete(key)
        if (role !== "oldest") this.#removed[side] += expected.accepted - expected.before
        return run(this.#runtime.stopAndRemoveRecorder(key))
      case "Burst":
        for (let i = 0; i < op.count; i++) await this.#emit(expected, loadEvent(expected.accepted + 1))
        return
      case "Poison":
        return this.#emit(expected, loadEvent(expected.accepted + 1, op.how))
      case "Register":
        return void (await run(recorder.register(metricOf(op.name))))
      case "Reset":
        if (op.name === undefined) expected.before = expected.accepted
        return run(recorder.reset(op.name === undefined ? undefined : metricOf(op.name)))
      case "Report": {
        if (!("report" in answer)) return
        const what = `${key} (${role})`
        this.#checkSums(what, expected, answer.report)
        expected.total = expected.accepted - expected.before - answer.report.stats.evicted
        if (role !== "oldest") this.#checkSame(what, await run(recorder.report), answer.report)
      }
    }
  }

  async #emit(expected: Expected, event: LoadEvent): Promise<void> {
    while (!expected.recorder.emitUnsafe(event)) await this.#run(expected.recorder.flush())
    expected.accepted++
    this.events++
  }

  /** By arithmetic alone. */
  #checkSums(
    what: string,
    { accepted, before }: Expected,
    { snapshots, stats }: Pick<Report, "snapshots" | "stats">
  ): void {
    const { evicted } = stats
    const { count, first, last, missed, repeated } = snapshots[Sequence.name]!.dimensions as unknown as SequenceState
    this.#expect(`${what}: ${Count.name}`, totalOf(snapshots, Count.name), accepted - before - evicted)
    this.#expect(`${what}: ${Sequence.name}`, count, accepted - before - evicted)
    this.#expect(`${what}: applied`, stats.applied, accepted - evicted)
    this.#expect(`${what}: repeated`, repeated, 0)
    if (count > 0) this.#expect(`${what}: last event`, last, accepted)
    if (count > 0) this.#expect(`${what}: first event and gaps`, before + evicted, missed + first - 1)
    if (stats.pending !== 0 || stats.ignored !== 0) this.#wrong(`${what}: ${JSON.stringify(stats)}`)
  }

  #checkSame(what: string, expected: Report, actual: Pick<Report, "snapshots" | "stats">): void {
    const names = new Set([...Object.keys(expected.snapshots), ...Object.keys(actual.snapshots)])
    for (const name of names) {
      const one = withoutError(expected.snapshots[name])
      const other = withoutError(actual.snapshots[name])
      if (!isDeepStrictEqual(one, other)) {
        this.#wrong(
          `${what}: ${name} is ${JSON.stringify(actual.snapshots[name])} instead of ${JSON.stringify(expected.snapshots[name])}`
        )
      }
    }
    for (const count of ["accepted", "applied", "ignored", "evicted", "pending"] as const) {
      this.#expect(`${what}: ${count}`, actual.stats[count], expected.stats[count])
    }
  }

  #expect(what: string, actual: number, expected: number): void {
    if (actual === expected) return
    const kind = actual < expected ? "lost" : "doubleCounted"
    this.#problems.push({ kind, count: Math.abs(actual - expected), text: `${what}: ${actual} instead of ${expected}` })
  }

  #wrong(text: string): void {
    this.#problems.push({ kind: "wrong", count: 1, text })
  }
}

/** A metric is quarantined for an error that it throws in process, and for a death on a worker. */
const withoutError = (snapshot: Snapshot | undefined): unknown =>
  snapshot?.quarantine === undefined ? snapshot : { ...snapshot, quarantine: snapshot.quarantine.missed }
