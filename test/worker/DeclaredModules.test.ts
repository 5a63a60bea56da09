/** Sets that know their modules: the packaged worker imports a module when a set of it is registered. */
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { describe, expect, it, layer, vi } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import {
  Metric,
  type MetricsError,
  MetricsLayer,
  MetricsRuntime,
  type RecorderOptions,
  type WorkerOptions
} from "mvx-metrics"
import { forkNow } from "../support/forkNow.ts"
import { importGate } from "../support/importGate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { runProgram, startProgram } from "../support/runProgram.ts"
import { Lookups as CompiledLookups } from "./fixtures/compiled/cache.metrics.js"
import { CacheEvent, CacheMetrics, Hits, Lookups, lookup } from "./fixtures/declared/cache.metrics.ts"
import { DifferentMetrics } from "./fixtures/declared/different.metrics.ts"
import { ExitingMetrics } from "./fixtures/declared/exiting.metrics.ts"
import { GatedLookups, GatedMetrics } from "./fixtures/declared/gated.metrics.ts"
import { HangingMetrics } from "./fixtures/declared/hanging.metrics.ts"
import { hiddenMetrics, Shown } from "./fixtures/declared/hidden.metrics.ts"
import { NestedMetrics, nestedTick } from "./fixtures/declared/nested.metrics.ts"
import { SameNameMetrics } from "./fixtures/declared/sameName.metrics.ts"
import { StartingMetrics } from "./fixtures/declared/starting.metrics.ts"
import { StorageMetrics, save } from "./fixtures/declared/storage.metrics.ts"
import { ThrowingMetrics } from "./fixtures/declared/throwing.metrics.ts"
import { TwiceMetrics } from "./fixtures/declared/twice.metrics.ts"

const fixture = (name: string): URL => new URL(`./fixtures/declared/${name}`, import.meta.url)
const pathOf = (name: string): string => fileURLToPath(fixture(name))

const worker = (options?: Partial<WorkerOptions>) =>
  MetricsLayer.layerWorker({ namespace: "test.declared", logging: "silent", ...options } as WorkerOptions)

const newRecorder = (options?: RecorderOptions) =>
  Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder(crypto.randomUUID(), options))

/** The dimensions of all metrics of a recorder, by name. */
const dimensionsOf = (recorder: Effect.Success<ReturnType<typeof newRecorder>>) =>
  Effect.map(recorder.snapshots, (snapshots) =>
    Object.fromEntries(Object.values(snapshots).map(({ dimensions, name }) => [name, dimensions]))
  )

/** Why something cannot be registered. */
const refusalOf = <A>(registration: Effect.Effect<A, MetricsError.RegisterError>) =>
  Effect.map(Effect.flip(registration), ({ reason }) => reason)

/** The modules that workers are asked to import from now on. */
const watchImports = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => vi.spyOn(Worker.prototype, "postMessage")),
    (spy) => Effect.sync(() => spy.mockRestore())
  ),
  (spy) => () =>
    spy.mock.calls.flatMap(([sent]) => {
      const [, [, message] = []] = sent as readonly [string, (readonly [0 | 1, { _tag?: string; module?: string }?])?]
      return message?._tag === "Import" ? [message.module] : []
    })
)

describe("a set that knows its module", () => {
  it.effect("is registered on a worker that was given no module", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const emitter = yield* recorder.register(CacheMetrics)
      expect(yield* dimensionsOf(recorder)).toEqual({
        "declared.lookups": { value: 0 },
        "declared.hits": { hits: 0, misses: 0 }
      })
      for (const hit of [true, false, true]) yield* emitter.emit(lookup(hit))
      expect(yield* dimensionsOf(recorder)).toEqual({
        "declared.lookups": { value: 3 },
        "declared.hits": { hits: 2, misses: 1 }
      })
      expect(yield* recorder.stats).toMatchObject({ accepted: 3, applied: 3, ignored: 0 })
    }).pipe(Effect.provide(worker()))
  )

  it.effect("costs no message if the worker knows its metrics, in this recorder and others", () =>
    Effect.gen(function* () {
      const imports = yield* watchImports
      const recorder = yield* newRecorder()
      yield* recorder.register(CacheMetrics)
      expect(imports()).toEqual([fixture("cache.metrics.ts").href])
      yield* recorder.register(CacheMetrics)
      const other = yield* newRecorder()
      expect(Effect.runSyncExit(other.register(CacheMetrics))._tag).toBe("Success")
      yield* (yield* newRecorder()).register(Hits)
      expect(imports()).toHaveLength(1)
    }).pipe(Effect.provide(worker()))
  )

  it.effect("needs no import of a module that the metrics option names", () =>
    Effect.gen(function* () {
      const imports = yield* watchImports
      const recorder = yield* newRecorder()
      yield* recorder.register(CacheMetrics)
      yield* recorder.register(StorageMetrics)
      yield* recorder.emit(save(7))
      expect(yield* dimensionsOf(recorder)).toMatchObject({
        "declared.lookups": { value: 0 },
        "declared.saved_bytes": { value: 7 }
      })
      expect(imports()).toEqual([fixture("storage.metrics.ts").href])
    }).pipe(Effect.provide(worker({ metrics: fixture("cache.metrics.ts") })))
  )

  it.effect("may be combined from sets of several modules", () =>
    Effect.gen(function* () {
      const imports = yield* watchImports
      const recorder = yield* newRecorder()
      yield* recorder.register(Metric.combine(CacheMetrics, StorageMetrics))
      yield* recorder.emit(lookup(true))
      yield* recorder.emit(save(12))
      expect(yield* dimensionsOf(recorder)).toEqual({
        "declared.lookups": { value: 1 },
        "declared.hits": { hits: 1, misses: 0 },
        "declared.saved_bytes": { value: 12 }
      })
      expect(imports()).toEqual([fixture("cache.metrics.ts").href, fixture("storage.metrics.ts").href])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("may contain sets of other modules, and metrics of its own", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(NestedMetrics)
      yield* recorder.emit(nestedTick)
      yield* recorder.emit(save(3))
      expect(yield* dimensionsOf(recorder)).toEqual({
        "declared.lookups": { value: 0 },
        "declared.hits": { hits: 0, misses: 0 },
        "declared.saved_bytes": { value: 3 },
        "declared.nested_ticks": { value: 1 }
      })
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is imported separately by each runtime", () =>
    Effect.gen(function* () {
      const runtimes = yield* Effect.forEach([1, 2], (n) =>
        MetricsRuntime.makeWorker({ namespace: `test.declared.${n}`, logging: "silent" })
      )
      const recorders = yield* Effect.forEach(
        runtimes,
        (runtime) =>
          Effect.gen(function* () {
            yield* runtime.start
            const recorder = yield* runtime.createRecorder("same")
            yield* recorder.register(CacheMetrics)
            yield* recorder.emit(lookup(false))
            return recorder
          }),
        { concurrency: "unbounded" }
      )
      yield* recorders[0]!.emit(lookup(true))
      expect(yield* Effect.forEach(recorders, dimensionsOf)).toEqual([
        { "declared.lookups": { value: 2 }, "declared.hits": { hits: 1, misses: 1 } },
        { "declared.lookups": { value: 1 }, "declared.hits": { hits: 0, misses: 1 } }
      ])
    })
  )

  it.effect("may have a query in the URL of its module, which the import keeps", () =>
    Effect.gen(function* () {
      const imports = yield* watchImports
      const recorder = yield* newRecorder()
      const url = `${fixture("cache.metrics.ts").href}?t=1`
      yield* recorder.register(Metric.module(url, [Lookups]))
      yield* recorder.emit(lookup(true))
      expect(yield* dimensionsOf(recorder)).toEqual({ "declared.lookups": { value: 1 } })
      expect(imports()).toEqual([url])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is taken from the .js next to a missing .ts", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const url = new URL("./fixtures/compiled/cache.metrics.ts", import.meta.url).href
      yield* recorder.register(Metric.module(url, [CompiledLookups]))
      yield* recorder.emit(lookup(true))
      expect(yield* dimensionsOf(recorder)).toEqual({ "cache.lookups": { total: 1, hits: 1 } })
    }).pipe(Effect.provide(worker()))
  )

  it.effect("may be registered by the onStarting hook of its recorder", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("hook", {
        onStarting: Effect.suspend(() =>
          Effect.flatMap(Effect.orDie(runtime.getRecorder("hook")), (self) =>
            Effect.andThen(self.register(CacheMetrics), self.emit(lookup(true)))
          )
        )
      })
      expect(yield* dimensionsOf(recorder)).toMatchObject({ "declared.lookups": { value: 1 } })
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is registered in process at once, without an import", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const set = Metric.module("file:///nowhere/cache.metrics.ts", [Lookups])
      expect(Effect.runSyncExit(recorder.register(set))._tag).toBe("Success")
      yield* recorder.emit(lookup(true))
      expect(yield* dimensionsOf(recorder)).toEqual({ "declared.lookups": { value: 1 } })
    }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "test.declared", logging: "silent" })))
  )
})

describe("while a module is imported", () => {
  it.effect("registrations of its set share the import, and others are applied as before", () =>
    Effect.gen(function* () {
      const gate = yield* importGate("declared.gated")
      const imports = yield* watchImports
      const first = yield* newRecorder()
      yield* first.register(CacheMetrics)
      const second = yield* newRecorder()
      const registering = yield* forkNow(
        Effect.all([first.register(GatedMetrics), second.register(GatedMetrics)], { concurrency: 2 })
      )
      yield* gate.reached
      for (let n = 1; n <= 500; n++) {
        expect(first.emitUnsafe(lookup(n % 2 === 0))).toBe(true)
        expect(second.emitUnsafe(lookup(true))).toBe(true)
      }
      expect(yield* dimensionsOf(first)).toEqual({
        "declared.lookups": { value: 500 },
        "declared.hits": { hits: 250, misses: 250 }
      })
      expect(yield* second.metrics).toEqual([])
      yield* gate.open
      yield* Fiber.join(registering)
      expect(yield* second.snapshots).toEqual({
        "declared.gated_lookups": { name: "declared.gated_lookups", dimensions: { value: 0 } }
      })
      for (let n = 1; n <= 500; n++) {
        first.emitUnsafe(lookup(true))
        second.emitUnsafe(lookup(true))
      }
      expect(yield* dimensionsOf(first)).toEqual({
        "declared.lookups": { value: 1000 },
        "declared.hits": { hits: 750, misses: 250 },
        "declared.gated_lookups": { value: 500 }
      })
      expect(yield* dimensionsOf(second)).toEqual({ "declared.gated_lookups": { value: 500 } })
      expect(gate.imports()).toBe(1)
      expect(imports()).toEqual([fixture("cache.metrics.ts").href, fixture("gated.metrics.ts").href])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("an interrupted registration registers nothing, and the next one joins the import", () =>
    Effect.gen(function* () {
      const gate = yield* importGate("declared.gated")
      const recorder = yield* newRecorder()
      const registering = yield* forkNow(recorder.register(GatedMetrics))
      yield* gate.reached
      yield* Fiber.interrupt(registering)
      const again = yield* forkNow(recorder.register(GatedMetrics))
      expect(yield* recorder.metrics).toEqual([])
      yield* gate.open
      yield* Fiber.join(again)
      expect(yield* recorder.metrics).toEqual([GatedLookups])
      expect(gate.imports()).toBe(1)
    }).pipe(Effect.provide(worker()))
  )

  it.effect("an interrupted registration registers nothing when the import ends", () =>
    Effect.gen(function* () {
      const gate = yield* importGate("declared.gated")
      const recorder = yield* newRecorder()
      const other = yield* newRecorder()
      const registering = yield* forkNow(recorder.register(GatedMetrics))
      const witness = yield* forkNow(other.register(GatedMetrics))
      yield* gate.reached
      yield* Fiber.interrupt(registering)
      yield* gate.open
      yield* Fiber.join(witness)
      expect(yield* recorder.metrics).toEqual([])
      expect(yield* recorder.snapshots).toEqual({})
      expect(yield* other.metrics).toEqual([GatedLookups])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("a stopping recorder accepts no further set", () =>
    Effect.gen(function* () {
      const gate = yield* importGate("declared.gated")
      const recorder = yield* newRecorder()
      const registering = yield* forkNow(refusalOf(recorder.register(GatedMetrics)))
      yield* gate.reached
      yield* recorder.stop
      yield* gate.open
      expect(yield* Fiber.join(registering)).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        operation: "take a metric"
      })
      expect(yield* recorder.metrics).toEqual([])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("the shutdown of the runtime fails its registration", () =>
    Effect.gen(function* () {
      const gate = yield* importGate("declared.gated")
      const runtime = yield* MetricsRuntime
      const recorder = yield* newRecorder()
      const registering = yield* forkNow(refusalOf(recorder.register(GatedMetrics)))
      yield* gate.reached
      yield* runtime.shutdown
      expect(yield* Fiber.join(registering)).toMatchObject({
        _tag: "mvx-metrics/MetricsModuleError",
        path: pathOf("gated.metrics.ts"),
        reason: "could not be imported, because the worker ended: the runtime was shut down"
      })
    }).pipe(Effect.provide(worker()))
  )

  it("the process stays alive until the set is registered, and then exits", async () => {
    const program = startProgram(fixture("waiting.ts"))
    await program.says("reached")
    program.kill("SIGUSR2")
    const ended = await program.ended
    expect(ended.said("counted")).toEqual({
      "declared.gated_lookups": { name: "declared.gated_lookups", dimensions: { value: 1 } }
    })
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })
})

const useSpawn = "In a bundle, use the option spawn with a worker entry that calls MetricsWorker.run([...])"
const declaredAt = (url: string) => Metric.module(url, [Metric.counter("declared.elsewhere", { events: CacheEvent })])
const program = process.argv[1]!

layer(worker())("a set whose module cannot be used: the module", (it) => {
  it.effect.each([
    ["throws", ThrowingMetrics, pathOf("throwing.metrics.ts"), "could not be imported: thrown at import"],
    [
      "starts a runtime, and ignores the rejection",
      StartingMetrics,
      pathOf("starting.metrics.ts"),
      "was imported by a metrics worker and starts a metrics runtime itself. Move the definitions to a module of their own"
    ],
    [
      "does not export it",
      hiddenMetrics(),
      pathOf("hidden.metrics.ts"),
      `does not export the metric "declared.hidden". Export the set that contains it. ${useSpawn}`
    ],
    [
      "exports no metric at all",
      declaredAt(new URL("./fixtures/no.metrics.ts", import.meta.url).href),
      fileURLToPath(new URL("./fixtures/no.metrics.ts", import.meta.url)),
      `does not export the metric "declared.elsewhere". Export the set that contains it. ${useSpawn}`
    ],
    [
      "exports two definitions with one name",
      TwiceMetrics,
      pathOf("twice.metrics.ts"),
      'has two different definitions under the name "declared.twice". Give one of the two another name'
    ],
    [
      "does not exist",
      declaredAt(fixture("nowhere.metrics.ts").href),
      pathOf("nowhere.metrics.ts"),
      `there is no such file, and no ${pathOf("nowhere.metrics.js")} either. ${useSpawn}`
    ],
    [
      "is not a file",
      declaredAt("https://example.test/cache.metrics.js"),
      "https://example.test/cache.metrics.js",
      `is not a file: URL. ${useSpawn}`
    ],
    [
      "is the program itself",
      declaredAt(`file://${program}?t=1`),
      program,
      `is the program itself, which would start workers without end. Move the definitions to a module of their own. ${useSpawn}`
    ]
  ] as const)("%s: it is rejected as a whole, and the worker continues", ([, set, path, reason]) =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const error = yield* refusalOf(recorder.register(Metric.combine(CacheMetrics, set)))
      expect(error).toMatchObject({ _tag: "mvx-metrics/MetricsModuleError", reason })
      expect(error._tag === "mvx-metrics/MetricsModuleError" && error.path.split(", ")).toContain(path)
      expect(yield* recorder.metrics).toEqual([])
      expect(yield* recorder.snapshots).toEqual({})
      yield* recorder.register(CacheMetrics)
      yield* recorder.emit(lookup(true))
      expect(yield* dimensionsOf(recorder)).toMatchObject({ "declared.lookups": { value: 1 } })
    })
  )
})

describe("a set whose module cannot be used", () => {
  it.effect("is rejected in time if the import does not end, under a stopped TestClock", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ waitTimeout: "300 millis" })
      const error = yield* refusalOf(recorder.register(HangingMetrics))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/MetricsModuleError",
        path: pathOf("hanging.metrics.ts"),
        reason: "was not imported within 300ms. Look for a top-level await that does not end, or raise waitTimeout"
      })
      expect(yield* recorder.metrics).toEqual([])
      const other = yield* newRecorder()
      yield* other.register(CacheMetrics)
      yield* other.emit(lookup(true))
      expect(yield* dimensionsOf(other)).toMatchObject({ "declared.lookups": { value: 1 } })
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is rejected if the module ends the worker, which is replaced", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expect(yield* refusalOf(recorder.register(ExitingMetrics))).toMatchObject({
        _tag: "mvx-metrics/MetricsModuleError",
        path: pathOf("exiting.metrics.ts"),
        reason: "could not be imported, because the worker ended: The worker has exited with code: 4"
      })
      yield* recorder.register(CacheMetrics)
      expect(yield* recorder.state).toBe("Running")
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is rejected if the worker has another version", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expect(yield* refusalOf(recorder.register(DifferentMetrics))).toMatchObject({
        _tag: "mvx-metrics/DefinitionMismatch",
        metric: "declared.different",
        differences: ["initial state"],
        path: pathOf("different.metrics.ts")
      })
      expect(yield* recorder.metrics).toEqual([])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is rejected with the path of the other module if two modules have one name", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(SameNameMetrics)
      const other = yield* newRecorder()
      const error = yield* refusalOf(other.register(CacheMetrics))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/DefinitionMismatch",
        metric: Lookups.name,
        path: pathOf("sameName.metrics.ts")
      })
      expect(error.message).toContain("metrics of two modules need different names")
      expect(error.message).toContain(pathOf("sameName.metrics.ts"))
      expect(yield* other.metrics).toEqual([])
    }).pipe(Effect.provide(worker()))
  )

  it.effect("is rejected if the worker has another definition of the name", () =>
    Effect.gen(function* () {
      const imports = yield* watchImports
      const recorder = yield* newRecorder()
      yield* recorder.register(CacheMetrics)
      const Other = Metric.make(Lookups.name, {
        events: CacheEvent,
        initial: 10,
        reduce: { "cache.lookup": (count) => count + 1 }
      })
      const other = yield* newRecorder()
      const error = yield* refusalOf(other.register(Metric.module(fixture("storage.metrics.ts").href, [Other])))
      expect(error).toMatchObject({ _tag: "mvx-metrics/DefinitionMismatch", metric: Lookups.name })
      expect(imports()).toEqual([fixture("cache.metrics.ts").href])
    }).pipe(Effect.provide(worker()))
  )
})

layer(worker())("metrics without a known module, on the packaged worker", (it) => {
  it.effect.each([
    ["a lone metric", Shown],
    ["a set without a module", Metric.combine(Shown)]
  ] as const)("%s: the error lists the ways to load them on the packaged worker", ([, metrics]) =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(CacheMetrics)
      const error = yield* refusalOf(recorder.register(metrics))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/UnknownMetric",
        metric: "declared.shown",
        known: ["declared.lookups", "declared.hits"],
        hint: expect.stringContaining(
          "Declare the metrics in a module of their own, in a set with Metric.module(import.meta.url, [...])"
        )
      })
      for (const way of [
        "metrics: new URL(",
        "spawn",
        "MetricsWorker.run([...])",
        "layerInProcess",
        "inProcess: true"
      ]) {
        expect(error.message).toContain(way)
      }
    })
  )
})

describe("metrics without a known module", () => {
  it.effect("a set, on a custom worker entry: the error names MetricsWorker.run", () =>
    Effect.gen(function* () {
      const imports = yield* watchImports
      const recorder = yield* newRecorder()
      const error = yield* refusalOf(recorder.register(CacheMetrics))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/UnknownMetric",
        metric: "declared.lookups",
        hint: "List it, or the set that contains it, in MetricsWorker.run([...]) of the worker entry that spawn starts"
      })
      expect(imports()).toEqual([])
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(2))
      expect(yield* dimensionsOf(recorder)).toEqual({ "probe.ticks": { count: 1, sum: 2 } })
    }).pipe(
      Effect.provide(
        worker({ spawn: () => new Worker(new URL("./fixtures/probe.worker.ts", import.meta.url)) } as never)
      )
    )
  )
})

describe("a set in the module that is the whole application", () => {
  it("is rejected as the main module", async () => {
    const ended = await runProgram(fixture("wholeProgram.ts"))
    expect(ended.said("refused")).toMatchObject({
      _tag: "mvx-metrics/RegisterError",
      message: expect.stringContaining(`${pathOf("wholeProgram.ts")}: is the program itself`)
    })
    expect([ended.count("main"), ended.count("nested main")]).toEqual([1, 0])
    expect(ended).toMatchObject({ code: 0, signal: null })
  })

  it("is rejected by the worker if the main module is another", async () => {
    const ended = await runProgram(new URL("./fixtures/launcher.ts", import.meta.url), "declared/wholeProgram.ts")
    const message = expect.stringContaining("was imported by a metrics worker and starts a metrics runtime itself")
    expect(ended.said("refused there")).toEqual({ _tag: "mvx-metrics/MetricsModuleError", message })
    expect(ended.said("refused")).toEqual({ _tag: "mvx-metrics/RegisterError", message })
    expect([ended.count("main"), ended.count("nested main")]).toEqual([1, 1])
    expect(ended).toMatchObject({ code: 0, signal: null })
  })
})
