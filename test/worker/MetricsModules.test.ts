/** The first way to load metrics on the worker: it imports the modules that a program names. */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { Notes, note, Ticks, tick } from "../support/probe.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"
import { OddTicks } from "./fixtures/a folder with spaces/odd.metrics.ts"
import { Lookups } from "./fixtures/compiled/cache.metrics.js"
import { OtherTicks } from "./fixtures/otherTicks.metrics.ts"

const file = (path: string): URL => new URL(path, import.meta.url)
const probe = file("../support/probe.metrics.ts")
const odd = file("./fixtures/a folder with spaces/odd.metrics.ts")

const workerWith = (metrics: URL | ReadonlyArray<URL>) =>
  MetricsLayer.layerWorker({ namespace: "test.modules", metrics, logging: "silent" })

/** A recorder of the provided runtime with these metrics. */
const recorderWith = (...metrics: ReadonlyArray<Metric.Any>) =>
  Effect.gen(function* () {
    const recorder = yield* (yield* MetricsRuntime).createRecorder("modules")
    for (const metric of metrics) yield* recorder.register(metric)
    return recorder
  })

describe("metrics: URL", () => {
  it.effect("loads the metrics that one module exports", () =>
    Effect.gen(function* () {
      const recorder = yield* recorderWith(Ticks, Notes)
      yield* recorder.emit(tick(2))
      yield* recorder.emit(note("a"))
      expect(yield* recorder.snapshots).toEqual({
        "probe.ticks": { name: "probe.ticks", dimensions: { count: 1, sum: 2 } },
        "probe.notes": { name: "probe.notes", dimensions: { notes: ["a"] } }
      })
    }).pipe(Effect.provide(workerWith(probe)))
  )

  it.effect("loads those of several modules, each metric once, also from paths that a URL escapes", () =>
    Effect.gen(function* () {
      const recorder = yield* recorderWith(Ticks, OddTicks)
      for (const n of [1, 2, 3]) yield* recorder.emit(tick(n))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 3, sum: 6 })
      expect((yield* recorder.snapshot(OddTicks)).dimensions).toEqual({ value: 2 })
    }).pipe(Effect.provide(workerWith([probe, odd])))
  )

  it.effect("rejects a module that starts a runtime of any kind while the worker imports it", () =>
    Effect.gen(function* () {
      const program = workerWith(file("./fixtures/programOfAnyKind.metrics.ts"))
      const error = yield* Effect.flip(Effect.provide(MetricsRuntime, program))
      expect(error._tag).toBe("mvx-metrics/MetricsModuleError")
      for (const what of ["facade", "make", "layer", "cluster"]) {
        const refused = `${what}: mvx-metrics/MetricsModuleError, was imported by a metrics worker and starts a metrics runtime`
        expect(error.message).toContain(refused)
      }
    })
  )

  it.effect.each([
    [".ts", ".js", "./fixtures/compiled/cache.metrics.ts"],
    [".mts", ".mjs", "./fixtures/compiled/lookups.metrics.mts"]
  ] as const)("loads a missing %s from the %s next to it", ([, , path]) =>
    Effect.gen(function* () {
      const recorder = yield* recorderWith(Lookups)
      yield* recorder.emit({ _tag: "cache.lookup", hit: true })
      yield* recorder.emit({ _tag: "cache.lookup", hit: false })
      expect((yield* recorder.snapshot(Lookups)).dimensions).toEqual({ total: 2, hits: 1 })
    }).pipe(Effect.provide(workerWith(file(path))))
  )

  it.effect("separates the modules of runtimes next to each other", () =>
    Effect.gen(function* () {
      const first = yield* MetricsRuntime.makeWorker({ namespace: "test.first", metrics: probe, logging: "silent" })
      const second = yield* MetricsRuntime.makeWorker({
        namespace: "test.second",
        metrics: file("./fixtures/otherTicks.metrics.ts"),
        logging: "silent"
      })
      yield* Effect.all([first.start, second.start], { concurrency: 2 })
      const one = yield* first.createRecorder("same")
      const other = yield* second.createRecorder("same")
      yield* one.register(Ticks)
      yield* other.register(OtherTicks)
      yield* one.emit(tick(5))
      yield* other.emit(note("counted there"))
      expect((yield* one.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 5 })
      expect((yield* other.snapshot(OtherTicks)).dimensions).toEqual({ value: 101 })
    })
  )

  it("works for a program that itself runs in a worker thread", async () => {
    const program = new Worker(file("./fixtures/programInWorker.ts"))
    const [[snapshots], [code]] = await Promise.all([once(program, "message"), once(program, "exit")])
    expect(snapshots).toEqual({ "probe.ticks": { name: "probe.ticks", dimensions: { count: 1, sum: 9 } } })
    expect(code).toBe(0)
  })
})

describe("a metric that is registered on the worker layer", () => {
  it.effect("must be among those of the worker, which the error lists", () =>
    Effect.gen(function* () {
      const error = yield* reasonOf(recorderWith(Lookups))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/UnknownMetric",
        metric: "cache.lookups",
        known: ["odd.ticks", "probe.ticks"]
      })
      expect(error.message).toContain("it has: odd.ticks, probe.ticks")
    }).pipe(Effect.provide(workerWith(odd)))
  )

  it.effect("must be the same there, and the error names the difference", () =>
    Effect.gen(function* () {
      const error = yield* reasonOf(recorderWith(Ticks))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/DefinitionMismatch",
        metric: "probe.ticks",
        differences: ["initial state", "tags it reduces", "description"]
      })
    }).pipe(Effect.provide(workerWith(file("./fixtures/otherTicks.metrics.ts"))))
  )
})

describe("invalid input for the worker layer is rejected before a thread starts", () => {
  const spawn = (): never => {
    throw new Error("a thread was started")
  }
  it.effect.each([
    ["a path instead of a URL", { metrics: "./save.metrics.ts" }, "metrics", "must be a URL or an array of URLs"],
    ["no module at all", { metrics: [] }, "metrics", "must name at least one module"],
    ["an array with something else", { metrics: [probe, null] }, "metrics", "must be a URL or an array of URLs"],
    ["metrics and spawn", { metrics: probe, spawn }, "metrics", "pass either metrics"],
    ["a spawn that is not a function", { spawn: "worker.ts" }, "spawn", "must be a function"],
    ["an invalid timeout", { spawn, startTimeout: "soon" }, "startTimeout", "must be a duration"],
    ["non-shared memory", { spawn, sharedMemory: false }, "sharedMemory", "must be true or left out"],
    ["an unknown option", { spawn, metric: probe }, "metric", "is not an option"],
    ["a blank namespace", { spawn, namespace: " " }, "namespace", "must be a string that is not blank"]
  ] as const)("%s", ([, options, argument, reason]) =>
    Effect.gen(function* () {
      const layer = MetricsLayer.layerWorker({ namespace: "test.bad", logging: "silent", ...options } as never)
      const error = yield* badInputOf(Effect.provide(MetricsRuntime, layer))
      expect(error).toMatchObject({ argument, reason: expect.stringContaining(reason) })
    })
  )

  it.effect.each(["file://elsewhere/save.metrics.ts", "file:///save%2Fmetrics.ts", "file:///100%/save.metrics.ts"])(
    "a URL that names no local file: %s",
    (href) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.provide(MetricsRuntime, workerWith(new URL(href))))
        expect(error).toMatchObject({ _tag: "mvx-metrics/MetricsModuleError", path: href })
      })
  )
})
