// A metric that ends one worker after another is quarantined at that point, and the others continue exactly.

import type { Worker } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { type Duration, Effect, Logger, Schedule } from "effect"
import { Metric, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { expectBalanced } from "../support/accounting.ts"
import { all, InKernel, Innocent, Labelled, Merging, Poisoned, poisonousWorker } from "./fixtures/poisonous.metrics.ts"

const runtimeOf = Effect.fnUntraced(function* (stallTimeout: Duration.Input, spawn = poisonousWorker) {
  const runtime = yield* MetricsRuntime.makeWorker({
    namespace: "test.culprit",
    logging: "silent",
    spawn,
    stallTimeout,
    restart: Schedule.spaced("1 milli"),
    waitTimeout: "30 seconds"
  })
  yield* runtime.start
  return runtime
})

const cases = [
  ["exit", Poisoned.name, /ended its worker twice in a row \(.*exited with code: 3\).*at event 4.*poison\.work/],
  ["loop", Poisoned.name, /ended its worker twice in a row \(.*no progress for .*\).*at event 4.*poison\.work/],
  ["out of memory", Poisoned.name, /ended its worker twice in a row \(.*memory.*\).*at event 4.*poison\.work/],
  [
    "loop in a label",
    Labelled.name,
    /ended its worker twice in a row \(.*no progress for .*\).*at event 4.*poison\.work/
  ],
  [
    "exit in a kernel",
    InKernel.name,
    /ended its worker twice in a row \(.*exited with code: 3\).*at event 4.*poison\.work/
  ]
] as const

describe("a metric that ends its worker each time it folds an event", () => {
  it.live.each(cases)("is quarantined: by %s", ([how, guilty, error]) =>
    Effect.gen(function* () {
      let workers = 0
      const spawn = () => {
        workers++
        return poisonousWorker()
      }
      const runtime = yield* runtimeOf(how.startsWith("loop") ? "300 millis" : "1 minute", spawn)
      const recorder = yield* runtime.createRecorder("struck")
      const bystander = yield* runtime.createRecorder("bystander")
      for (const each of [recorder, bystander]) for (const metric of all) yield* each.register(metric)
      for (let n = 1; n <= 10; n++) {
        expect(recorder.emitUnsafe({ _tag: "poison.work", how: n === 4 ? how : "fine", n })).toBe(true)
      }
      for (let n = 1; n <= 10; n++) {
        expect(bystander.emitUnsafe({ _tag: "poison.work", how: "fine", n })).toBe(true)
      }
      const { snapshots, stats } = yield* recorder.report
      expect(workers).toBe(3)
      for (const metric of all) {
        const { quarantine } = snapshots[metric.name]!
        if (metric.name !== guilty) expect(quarantine, metric.name).toBe(undefined)
        else expect(quarantine).toEqual({ error: expect.stringMatching(error), missed: 7 })
      }
      expect(snapshots[Innocent.name]!.dimensions).toMatchObject({ value: 10 })
      expect(stats).toMatchObject({ offered: 10, accepted: 10, applied: 10, pending: 0 })
      expectBalanced(stats)
      const other = yield* bystander.report
      expect(other.snapshots[Poisoned.name]!.dimensions).toEqual({ count: 10 })
      expect(other.stats).toMatchObject({ accepted: 10, applied: 10 })
      expect(yield* runtime.state).toBe("Running")
    })
  )
})

it.live("a metric that ends its worker whenever a total absorbs it is quarantined there", () =>
  Effect.gen(function* () {
    let workers = 0
    const spawn = () => {
      workers++
      return poisonousWorker()
    }
    const runtime = yield* runtimeOf("1 minute", spawn)
    for (const how of ["fine", "exit in a merge", "fine"] as const) {
      const recorder = yield* runtime.createRecorder("passing")
      yield* recorder.register(Metric.combine(Innocent, Merging))
      for (let n = 1; n <= 5; n++) expect(recorder.emitUnsafe({ _tag: "poison.work", how, n })).toBe(true)
      yield* runtime.stopAndRemoveRecorder("passing")
    }
    // One that is under way when the worker ends is given up.
    const text = yield* Effect.retry(
      Effect.provideService(Prometheus.render("text", { recorderLabel: "none" }), MetricsRuntime, runtime),
      Schedule.spaced("10 millis")
    )
    expect(workers).toBe(3)
    expect(text).toMatch(/^poison_innocent_total\{.*how="fine"\} 10$/m)
    expect(text).toMatch(/^poison_innocent_total\{.*how="exit in a merge"\} 5$/m)
    expect(text).toMatch(/^poison_merging\{.*dimension="count"\} 5$/m)
    expect(text).toMatch(/^mvx_metrics_metrics_quarantined\{.*\} 1$/m)
  })
)

it.live("a worker that makes no progress has ended before another one replaces it", () =>
  Effect.gen(function* () {
    const workers: Array<Worker> = []
    const spawn = () => {
      const worker = poisonousWorker()
      workers.push(worker)
      return worker
    }
    /** The id of each worker when it was said to be replaced: one that has ended has none. */
    const ids: Array<number> = []
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => {
      if (String(message).startsWith("the worker has made no progress")) warnings.push(String(message))
      if (String(message).startsWith("the worker has ended")) ids.push(workers.at(-1)!.threadId)
    })
    const options = {
      namespace: "test.culprit",
      stallTimeout: "50 millis",
      restart: Schedule.spaced("1 milli")
    } as const
    const runtime = yield* MetricsRuntime.makeWorker({ ...options, spawn, waitTimeout: "30 seconds" }).pipe(
      Effect.tap((runtime) => runtime.start),
      Effect.provide(Logger.layer([logger]))
    )
    const recorder = yield* runtime.createRecorder("struck")
    yield* recorder.register(Poisoned)
    recorder.emitUnsafe({ _tag: "poison.work", how: "loop", n: 1 })
    yield* recorder.flush()
    expect(new Set(ids)).toEqual(new Set([-1]))
    const where = 'in the metric "poison.poisoned" of the recorder "struck", at event 1, poison.work'
    expect(warnings).toContainEqual(expect.stringContaining(where))
  })
)

it.live("a state that grows without bound is quarantined, and all others continue", () =>
  Effect.gen(function* () {
    const runtime = yield* runtimeOf("1 minute")
    const recorder = yield* runtime.createRecorder("growing")
    for (const metric of all) yield* recorder.register(metric)
    for (let n = 1; n <= 200; n++) recorder.emitUnsafe({ _tag: "poison.work", how: "grow", n })
    const { snapshots, stats } = yield* recorder.report
    expect(snapshots["poison.growing"]!.quarantine?.error).toMatch(/ended its worker twice in a row \(.*memory/)
    expect(snapshots[Innocent.name]!.dimensions).toMatchObject({ value: 200 })
    expect(stats).toMatchObject({ accepted: 200, applied: 200, pending: 0 })
  })
)

it.live("a quarantined metric ends no worker after its recorder was removed", () =>
  Effect.gen(function* () {
    const workers: Array<ReturnType<typeof poisonousWorker>> = []
    const spawn = () => {
      const worker = poisonousWorker()
      workers.push(worker)
      return worker
    }
    const runtime = yield* runtimeOf("1 minute", spawn)
    const recorder = yield* runtime.createRecorder("struck")
    const bystander = yield* runtime.createRecorder("bystander")
    for (const each of [recorder, bystander]) yield* each.register(Poisoned)
    recorder.emitUnsafe({ _tag: "poison.work", how: "exit", n: 1 })
    const { snapshots } = yield* recorder.report
    expect(snapshots[Poisoned.name]!.quarantine).toMatchObject({ missed: 1 })
    yield* runtime.stopAndRemoveRecorder("struck")
    bystander.emitUnsafe({ _tag: "poison.work", how: "fine", n: 1 })
    yield* bystander.report
    yield* Effect.promise(() => workers.at(-1)!.terminate())
    bystander.emitUnsafe({ _tag: "poison.work", how: "fine", n: 2 })
    const report = yield* bystander.report
    expect(report.snapshots[Poisoned.name]!.dimensions).toEqual({ count: 2 })
    expect(workers).toHaveLength(4)
    // Its number is free for another one.
    for (const id of ["one", "two"]) {
      const next = yield* runtime.createRecorder(id)
      yield* next.register(Poisoned)
      next.emitUnsafe({ _tag: "poison.work", how: "fine", n: 1 })
      expect((yield* next.report).snapshots[Poisoned.name]!.dimensions).toEqual({ count: 1 })
    }
  })
)
