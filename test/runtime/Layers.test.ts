import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { type MetricsError, MetricsLayer, MetricsRuntime, Recorder, type RecorderService } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { recordLogs } from "../support/logs.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

const metrics = new URL("../support/probe.metrics.ts", import.meta.url)

/** What a component does, and the recorder it did it with. */
const work = Effect.gen(function* () {
  yield* Recorder.register(Ticks)
  for (let n = 0; n < 500; n++) yield* Recorder.emit(tick(n))
  return yield* Recorder
})

onBothLayers("Recorder.layer", (it) => {
  it.effect("provides a started recorder of the runtime under its trimmed id", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      yield* Effect.gen(function* () {
        const recorder = yield* Recorder
        expect(recorder.recorderId).toBe("layered")
        expect(recorder.entityId).toBe("document 7")
        expect(yield* recorder.state).toBe("Running")
        expect(yield* runtime.getRecorder("layered")).toBe(recorder)
      }).pipe(Effect.provide(Recorder.layer(" layered ", { entityId: "document 7" })))
    })
  )

  it.effect("fails when onStarting fails, and leaves the id free", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const layer = Recorder.layer("unstarted layer", { onStarting: Effect.fail("no disk") })
      expect(yield* Effect.flip(Effect.provide(Recorder, layer))).toMatchObject({ _tag: "mvx-metrics/HookFailed" })
      yield* runtime.createRecorder("unstarted layer")
    })
  )

  it.effect("folds what was accepted, runs onStopped and removes the recorder when its scope closes", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const sums: Array<unknown> = []
      const onStopped = Effect.gen(function* () {
        const recorder = yield* runtime.getRecorder("scoped")
        sums.push((yield* recorder.snapshot(Ticks)).dimensions.sum)
      })
      const recorder = yield* Effect.provide(work, Recorder.layer("scoped", { onStopped }))
      expect(sums).toEqual([124_750])
      expect(yield* recorder.stats).toMatchObject({ state: "Stopped", accepted: 500, applied: 500, pending: 0 })
      expect(yield* runtime.findRecorder("scoped")).toEqual(Option.none())
    })
  )

  it.effect("closes without an error if nothing was emitted, or the recorder is gone already", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const { layer, lines } = recordLogs()
      yield* Recorder.pipe(Effect.provide(Recorder.layer("unused")), Effect.provide(layer))
      yield* runtime
        .stopAndRemoveRecorder("taken away")
        .pipe(Effect.provide(Recorder.layer("taken away")), Effect.provide(layer))
      expect(lines).toEqual([])
    })
  )

  it.effect("a stop that fails is logged when its scope closes, and fails nothing", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      for (const logging of ["silent", "normal"] as const) {
        const { layer, lines } = recordLogs()
        const options = { logging, onStopped: Effect.fail("a closed sink") }
        yield* work.pipe(Effect.provide(Recorder.layer("failing", options)), Effect.provide(layer))
        yield* foldTurn
        const errors = lines.filter(({ level }) => level === "Error")
        expect(errors.map(({ text }) => text)).toEqual(
          logging === "silent" ? [] : [expect.stringContaining("a closed sink")]
        )
        expect(yield* runtime.findRecorder("failing")).toEqual(Option.none())
      }
    })
  )

  it.effect("cannot be built for a taken or blank id, and does not affect the other recorder", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("taken")
      const build = (id: string) => Effect.provide(Effect.void, Recorder.layer(id))
      expect(yield* Effect.flip(build("taken"))).toMatchObject({
        _tag: "mvx-metrics/RecorderAlreadyExists",
        recorderId: "taken"
      })
      expect(yield* badInputOf(build("  "))).toMatchObject({ argument: "recorderId" })
      expect(yield* runtime.getRecorder("taken")).toBe(recorder)
    })
  )
})

describe.each(Object.entries(runtimeLayers()))("MetricsLayer, %s", (_, runtimeLayer) => {
  it.effect("provides a running runtime, and shuts it down when the scope closes", () =>
    Effect.gen(function* () {
      const runtime = yield* Effect.provide(
        Effect.tap(MetricsRuntime, (runtime) => Effect.map(runtime.state, (state) => expect(state).toBe("Running"))),
        runtimeLayer
      )
      expect(yield* runtime.state).toBe("Closed")
    })
  )

  it.effect("closes after a recorder's layer above it: everything is folded", () =>
    Effect.gen(function* () {
      const steps: Array<string> = []
      const Metrics = Recorder.layer("stacked", { onStopped: Effect.sync(() => void steps.push("stopped")) }).pipe(
        Layer.provideMerge(runtimeLayer)
      )
      const recorder: RecorderService = yield* Effect.provide(work, Metrics)
      expect(steps).toEqual(["stopped"])
      expect(yield* recorder.stats).toMatchObject({ accepted: 500, applied: 500, pending: 0 })
    })
  )

  it.effect("has nothing left to do if it is shut down before its scope closes", () =>
    Effect.gen(function* () {
      const { layer, lines } = recordLogs()
      const Metrics = Recorder.layer("early").pipe(Layer.provideMerge(runtimeLayer))
      yield* Effect.flatMap(MetricsRuntime, (runtime) => runtime.shutdown).pipe(
        Effect.provide(Metrics),
        Effect.provide(layer)
      )
      expect(lines).toEqual([])
    })
  )
})

describe("layers that cannot be built", () => {
  const build = (options: unknown) => Layer.build(MetricsLayer.layerWorker(options as never))
  const namespace = "test"

  it.effect("metrics and spawn together are a defect that lists the ways to the worker", () =>
    Effect.gen(function* () {
      const spawn = () => {
        throw new Error("must not be called")
      }
      const error = yield* badInputOf(build({ namespace, metrics, spawn }))
      expect(error).toMatchObject({ argument: "metrics" })
      expect(error.message).toMatch(
        /pass either metrics or spawn.*Metric\.module.*metrics: .*spawn .*MetricsWorker\.run.*layerInProcess.*inProcess: true/
      )
    })
  )

  it.effect("a missing or blank namespace is reported first", () =>
    Effect.gen(function* () {
      for (const options of [{}, { namespace: " " }, { metrics, spawn: () => {} }]) {
        expect(yield* badInputOf(build(options))).toMatchObject({ argument: "namespace" })
      }
    })
  )

  it.effect("an invalid option is a defect that names it", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<readonly [argument: string, options: object]> = [
        ["metrics", { metrics: "./probe.metrics.ts" }],
        ["metrics", { metrics: [] }],
        ["metrics", { metrics: [metrics, "./probe.metrics.ts"] }],
        ["spawn", { spawn: "worker.js" }],
        ["startTimeout", { metrics, startTimeout: "soon" }],
        ["workers", { metrics, workers: 4 }]
      ]
      for (const [argument, options] of bad) {
        expect(yield* badInputOf(build({ namespace, ...options }))).toMatchObject({ argument })
      }
    })
  )

  it.effect("in process needs no metrics, and the error says so", () =>
    Effect.gen(function* () {
      const error = yield* badInputOf(Layer.build(MetricsLayer.layerInProcess({ namespace, metrics } as never)))
      expect(error).toMatchObject({ argument: "metrics" })
    })
  )

  it.effect("a missing module is a MetricsModuleError", () =>
    Effect.gen(function* () {
      const missing = new URL("./no-such.metrics.ts", import.meta.url)
      expect(yield* Effect.flip(build({ namespace, logging: "silent", metrics: missing }))).toMatchObject({
        _tag: "mvx-metrics/MetricsModuleError"
      })
    })
  )
})

class Sink extends Context.Service<Sink, { readonly write: Effect.Effect<void> }>()("test/Sink") {}

it("the types of the layers declare their requirements and failures", () => {
  const inProcess = MetricsLayer.layerInProcess({ namespace: "test" })
  const worker = MetricsLayer.layerWorker({ namespace: "test", metrics })
  expectTypeOf(inProcess).toEqualTypeOf<Layer.Layer<MetricsRuntime, MetricsError.RuntimeStartError>>()
  expectTypeOf(worker).toEqualTypeOf<Layer.Layer<MetricsRuntime, MetricsError.RuntimeStartError>>()
  type RecorderError = MetricsError.ShareError
  expectTypeOf(Recorder.layer("a")).toEqualTypeOf<Layer.Layer<Recorder, RecorderError, MetricsRuntime>>()
  const withHook = Recorder.layer("a", { onStopped: Effect.flatMap(Sink, ({ write }) => write) })
  expectTypeOf(withHook).toEqualTypeOf<Layer.Layer<Recorder, RecorderError, MetricsRuntime | Sink>>()
})
