// A close completes within its `shutdownTimeout`, by the real clock, even if a part of it does not end. The tests run
// under a stopped `TestClock`.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Scope } from "effect"
import { HttpClient } from "effect/http"
import { Flusher } from "effect/observability/OtlpExporter"
import { MetricsRuntime, Recorder, type RecorderOptions, type RecorderService } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import * as Facade from "mvx-metrics/promise"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { recordLogs } from "../support/logs.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { GatedTicks, gatedTick, gatedWorker } from "../worker/fixtures/gated.metrics.ts"

const shutdownTimeout = 20

/** Ways in which a recorder does not stop, and what the log says was reached when it is given up. */
const hanging: ReadonlyArray<readonly [string, RecorderOptions, RegExp]> = [
  ["onStopped", { onStopped: Effect.never }, /all of the 1 events it accepted are folded, its hook onStopped/],
  ["onStopped, uninterruptible", { onStopped: Effect.uninterruptible(Effect.never) }, /its hook onStopped/],
  ["onMetricChanged", { onMetricChanged: () => Effect.never }, /1 of the 1 events it accepted are not folded/],
  ["a promise in onStopped", { onStopped: Effect.promise(() => new Promise(() => {})) }, /its hook onStopped/]
]

/** One event, which is folded by then unless a hook of changes holds it. */
const use = (recorder: RecorderService, { onMetricChanged }: RecorderOptions = {}) =>
  Effect.gen(function* () {
    yield* recorder.register(Ticks)
    yield* recorder.emit(tick())
    if (onMetricChanged === undefined) yield* recorder.snapshots
  })

onBothRuntimes("a recorder that does not stop", (make) => {
  it.effect.each(hanging)("does not hold the scope of its layer open: %s", ([_, options, reached]) =>
    Effect.gen(function* () {
      const { layer, lines } = recordLogs()
      const runtime = yield* started(make())
      const scope = yield* Scope.make()
      const built = Recorder.layer("stuck", { ...options, shutdownTimeout, logging: "normal" }).pipe(
        Layer.provide(Layer.succeed(MetricsRuntime, runtime)),
        Layer.provideMerge(layer)
      )
      const context = yield* Layer.buildWithScope(built, scope)
      const recorder = yield* Effect.provideContext(Recorder, context)
      yield* use(recorder, options)
      yield* Scope.close(scope, Exit.void)
      // A failure is logged at the turn after the one in which it is told.
      yield* nextTurn
      expect(yield* recorder.state).toBe("Failed")
      expect(yield* runtime.recorderIds).toEqual([])
      expect(yield* runtime.state).toBe("Running")
      const errors = lines.filter(({ level }) => level === "Error").map(({ text }) => text)
      expect(errors).toEqual([expect.stringMatching(/did not stop within 20ms/)])
      expect(errors).toEqual([expect.stringMatching(reached)])
    })
  )

  it.effect("is abandoned by its removal as well, which fails with what was reached", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make({ shutdownTimeout }))
      const recorder = yield* runtime.createRecorder("stuck", { onStopped: Effect.never })
      yield* use(recorder)
      expect(yield* Effect.flip(runtime.stopAndRemoveRecorder("stuck"))).toMatchObject({
        _tag: "mvx-metrics/RecorderFailed",
        message: expect.stringMatching(/did not stop within 20ms: all of the 1 events it accepted are folded/)
      })
      expect(yield* runtime.recorderIds).toEqual([])
    })
  )

  it.effect("has nothing running after its scope has closed", () =>
    Effect.gen(function* () {
      const begun: Array<string> = []
      const ended: Array<string> = []
      const change = Deferred.makeUnsafe<void>()
      // A finalizer that takes its time.
      const hook = (name: string) =>
        Effect.sync(() => {
          begun.push(name)
          if (name === "onMetricChanged") Deferred.doneUnsafe(change, Effect.void)
        }).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() =>
            Effect.andThen(
              nextTurn,
              Effect.sync(() => void ended.push(name))
            )
          )
        )
      const scope = yield* Scope.make()
      const runtime = yield* Scope.provide(started(make({ shutdownTimeout })), scope)
      for (const options of [{ onStopped: hook("onStopped") }, { onMetricChanged: () => hook("onMetricChanged") }]) {
        yield* use(yield* runtime.createRecorder(Object.keys(options).join(), options), options)
      }
      yield* Deferred.await(change)
      yield* Scope.close(scope, Exit.void)
      // On a busy machine the recorder is given up before its hook onStopped begins.
      expect(begun).toContain("onMetricChanged")
      expect(ended.sort()).toEqual(begun.sort())
    })
  )
})

describe("a recorder made alone that does not stop", () => {
  it.effect.each(hanging)("does not hold its scope open: %s", ([_, options]) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const recorder = yield* Scope.provide(Recorder.make({ ...options, shutdownTimeout, logging: "silent" }), scope)
      yield* use(recorder, options)
      yield* Scope.close(scope, Exit.void)
      expect(yield* recorder.state).toBe("Failed")
    })
  )
})

describe("a fold that hangs in a reducer", () => {
  it.effect("does not hold the scope of its runtime open: its thread is terminated at once", () =>
    Effect.gen(function* () {
      const { spawn } = gatedWorker()
      const exited = Deferred.makeUnsafe<void>()
      const scope = yield* Scope.make()
      const make = MetricsRuntime.makeWorker({
        namespace: "test",
        logging: "silent",
        shutdownTimeout,
        spawn: () => spawn().once("exit", () => Deferred.doneUnsafe(exited, Effect.void))
      })
      const runtime = yield* Scope.provide(started(make), scope)
      const recorder = yield* runtime.createRecorder("stuck")
      yield* recorder.register(GatedTicks)
      yield* recorder.emit(gatedTick(1))
      const begun = performance.now()
      yield* Scope.close(scope, Exit.void)
      // A thread that is asked to end is waited for 5 seconds.
      expect(performance.now() - begun).toBeLessThan(3000)
      yield* Deferred.await(exited)
      expect(yield* runtime.state).toBe("Closed")
    })
  )

  it.effect("is terminated in time when no recorder waits for it", () =>
    Effect.gen(function* () {
      const { spawn } = gatedWorker()
      const scope = yield* Scope.make()
      const make = MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", shutdownTimeout, spawn })
      const runtime = yield* Scope.provide(started(make), scope)
      const stuck = yield* runtime.createRecorder("stuck")
      yield* stuck.register(GatedTicks)
      yield* stuck.emit(gatedTick(1))
      yield* Effect.flip(runtime.stopAndRemoveRecorder("stuck"))
      const begun = performance.now()
      yield* Scope.close(scope, Exit.void)
      expect(performance.now() - begun).toBeLessThan(3000)
    })
  )
})

describe("an exporter whose collector never responds", () => {
  const silent = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.never)
  )
  const exporting = (options: Partial<Otlp.OtlpOptions>) =>
    Effect.gen(function* () {
      const runtime = yield* started(MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent" }))
      return Otlp.layerJson({ url: "http://localhost:4318/v1/metrics", ...options }).pipe(
        Layer.provide(Layer.succeed(MetricsRuntime, runtime)),
        Layer.provide(silent)
      )
    })

  it.effect("does not hold its scope open", () =>
    Effect.gen(function* () {
      const layer = yield* exporting({ shutdownTimeout })
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(layer, scope)
      yield* Scope.close(scope, Exit.void)
    })
  )

  it.effect("does not delay a flush longer than exportTimeout, nor the flush after it", () =>
    Effect.gen(function* () {
      const layer = yield* exporting({ exportTimeout: 20, shutdownTimeout })
      yield* Effect.provide(
        Effect.gen(function* () {
          const { flush } = yield* Flusher
          yield* flush
          yield* flush
        }),
        layer
      )
    })
  )
})

it("`await using` completes even if hooks with promises never do", async () => {
  const state = async () => {
    await using runtime = await Facade.MetricsRuntime.start({
      namespace: "test",
      inProcess: true,
      logging: "silent",
      shutdownTimeout
    })
    const recorder = await runtime.createRecorder("stuck", { onStopped: () => new Promise(() => {}) })
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick())
    await recorder.getReport()
    return runtime
  }
  await expect(state()).rejects.toMatchObject({ _tag: "mvx-metrics/ShutdownFailed" })
})
