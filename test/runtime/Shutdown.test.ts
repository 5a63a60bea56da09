import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, References, Scope } from "effect"
import { MetricsRuntime, type RecorderOptions } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { recordLogs } from "../support/logs.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"
import { watchedWorker } from "../support/watchedWorker.ts"

/** Options of a recorder whose stop fails. */
const failing = (why: string): RecorderOptions => ({ onStopped: Effect.fail(new Error(why)) })

onBothRuntimes("a shutdown", (make) => {
  it.effect("folds what every recorder has accepted, and stops each", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const stopped: Array<string> = []
      const recorders = yield* Effect.forEach(["a", "b", "c"], (id) =>
        runtime.createRecorder(id, { onStopped: Effect.sync(() => void stopped.push(id)) })
      )
      for (const recorder of recorders) {
        yield* recorder.register(Ticks)
        for (let n = 0; n < 2000; n++) recorder.emitUnsafe(tick(n))
      }
      yield* runtime.shutdown
      expect(stopped.sort()).toEqual(["a", "b", "c"])
      for (const recorder of recorders) {
        expect(yield* recorder.stats).toMatchObject({ state: "Stopped", accepted: 2000, applied: 2000, pending: 0 })
      }
    })
  )

  it.effect("removes the recorders: they accept and answer nothing more, and report it", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const idle = yield* runtime.createRecorder("idle")
      const used = yield* runtime.createRecorder("used")
      yield* used.emit(tick())
      yield* runtime.shutdown
      expect(yield* runtime.recorderIds).toEqual([])
      for (const { emit, register, snapshots, start } of [idle, used]) {
        expect(yield* reasonOf(register(Ticks))).toMatchObject({
          _tag: "mvx-metrics/InvalidState",
          subject: "recorder"
        })
        for (const operation of [emit(tick()), snapshots, start]) {
          expect(yield* Effect.flip(operation as Effect.Effect<unknown, unknown>)).toMatchObject({
            _tag: "mvx-metrics/InvalidState",
            subject: "recorder"
          })
        }
      }
      expect((yield* used.stats).refusedBy.notRunning).toBe(1)
    })
  )

  it.effect("continues past recorders that fail to stop, and names all of them in one error", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const options = { a: failing("a full disk"), b: {}, c: failing("a closed sink"), d: {} }
      const recorders = yield* Effect.forEach(Object.entries(options), ([id, own]) => runtime.createRecorder(id, own))
      for (const recorder of recorders) yield* recorder.emit(tick())
      const error = yield* Effect.flip(runtime.shutdown)
      expect(error).toMatchObject({
        _tag: "mvx-metrics/ShutdownFailed",
        namespace: "test",
        failures: [
          { recorderId: "a", accepted: 1, folded: 1, reason: expect.stringContaining("a full disk") },
          { recorderId: "c", accepted: 1, folded: 1, reason: expect.stringContaining("a closed sink") }
        ]
      })
      for (const word of ["a full disk", "a closed sink"]) expect(error.message).toContain(word)
      const states = yield* Effect.forEach(recorders, (recorder) => recorder.state)
      expect(states).toEqual(["Failed", "Stopped", "Failed", "Stopped"])
      expect(yield* runtime.state).toBe("Closed")
      expect(yield* runtime.recorderIds).toEqual([])
    })
  )

  it.effect("does not mention a recorder that had failed before: that was reported", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("a", failing("a full disk"))
      yield* Effect.flip(recorder.stop)
      yield* runtime.shutdown
      expect(yield* runtime.state).toBe("Closed")
    })
  )

  it.effect("repeated returns the same result, and stops nothing twice", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      let stops = 0
      const runtime = yield* started(make())
      yield* runtime.createRecorder("a", {
        onStopped: Effect.andThen(
          gate.pass,
          Effect.suspend(() => Effect.fail(`stop ${++stops}`))
        )
      })
      const first = yield* forkNow(Effect.flip(runtime.shutdown))
      const meanwhile = yield* forkNow(Effect.flip(runtime.shutdown))
      yield* gate.reached
      expect(yield* runtime.state).toBe("Stopping")
      yield* gate.open
      const errors = [yield* Fiber.join(first), yield* Fiber.join(meanwhile), yield* Effect.flip(runtime.shutdown)]
      for (const error of errors) expect(error).toMatchObject({ _tag: "mvx-metrics/ShutdownFailed" })
      expect(stops).toBe(1)
    })
  )

  it.effect("continues when its waiter is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("a", { onStopped: gate.pass })
      const waiting = yield* forkNow(runtime.shutdown)
      yield* gate.reached
      yield* Fiber.interrupt(waiting)
      expect(yield* runtime.state).toBe("Stopping")
      const joined = yield* forkNow(runtime.shutdown)
      yield* gate.open
      yield* Fiber.join(joined)
      expect(yield* runtime.state).toBe("Closed")
      expect(yield* recorder.state).toBe("Stopped")
    })
  )

  it.effect("leaves no recorder behind that is created at the same time", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const create = (id: number) => Effect.exit(runtime.createRecorder(`${id}`))
      const creates = Effect.all(
        Array.from({ length: 50 }, (_, id) => Effect.andThen(Effect.yieldNow, create(id))),
        {
          concurrency: "unbounded"
        }
      )
      const [exits] = yield* Effect.all([creates, runtime.shutdown], { concurrency: "unbounded" }).pipe(
        Effect.provideService(References.MaxOpsBeforeYield, 5)
      )
      expect(yield* runtime.recorderIds).toEqual([])
      for (const exit of exits) {
        if (Exit.isSuccess(exit)) expect(exit.value.emitUnsafe(tick())).toBe(false)
        else
          expect(Exit.findErrorOption(exit)).toMatchObject({
            value: { _tag: "mvx-metrics/InvalidState", subject: "runtime" }
          })
      }
    })
  )

  it.effect("happens when the scope closes; recorders that fail are named in the log", () =>
    Effect.gen(function* () {
      const { layer, lines } = recordLogs()
      const scope = yield* Scope.make()
      const runtime = yield* started(make({ logging: "normal" })).pipe(Scope.provide(scope), Effect.provide(layer))
      const good = yield* runtime.createRecorder("good", { logging: "silent" })
      const bad = yield* runtime.createRecorder("bad", { ...failing("a full disk"), logging: "silent" })
      for (const recorder of [good, bad]) {
        yield* recorder.register(Ticks)
        yield* recorder.emit(tick())
      }
      yield* Effect.provide(Scope.close(scope, Exit.void), layer)
      expect(yield* good.stats).toMatchObject({ state: "Stopped", applied: 1, pending: 0 })
      expect(yield* bad.stats).toMatchObject({ state: "Failed", applied: 1, pending: 0 })
      expect(yield* runtime.state).toBe("Closed")
      const errors = lines.filter(({ level }) => level === "Error")
      expect(errors).toEqual([
        { level: "Error", text: expect.stringMatching(/bad.*a full disk/), annotations: { namespace: "test" } }
      ])
    })
  )
})

/** Ways in which a recorder does not stop: a hook of it hangs, whose name comes first. */
const hanging: { readonly [where: string]: (hang: Effect.Effect<void>) => RecorderOptions } = {
  onStarting: (hang) => ({ onStarting: hang }),
  "onStarting, uninterruptible": (hang) => ({ onStarting: Effect.uninterruptible(hang) }),
  onMetricChanged: (hang) => ({ onMetricChanged: () => hang }),
  onStopped: (hang) => ({ onStopped: hang }),
  "onStopped, uninterruptible": (hang) => ({ onStopped: Effect.uninterruptible(hang) })
}

onBothRuntimes("a recorder that does not stop within shutdownTimeout by the real clock", (make) => {
  it.effect.each(Object.entries(hanging))("is abandoned: a hook hangs, %s", ([where, options]) =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const runtime = yield* started(make({ shutdownTimeout: 5 }))
      const hung = yield* internalsOf(runtime).makeIdle("hung", options(gate.pass))
      yield* hung.register(Ticks)
      yield* hung.emit(tick())
      const stopping = yield* forkNow(Effect.flip(hung.stop))
      yield* gate.reached
      expect(yield* Effect.flip(runtime.shutdown)).toMatchObject({
        _tag: "mvx-metrics/ShutdownFailed",
        failures: [
          {
            recorderId: "hung",
            accepted: 1,
            folded: where.startsWith("onStopped") ? 1 : 0,
            reason: expect.stringMatching(
              new RegExp(`did not stop within 5ms: .*its hook ${where.split(",")[0]} has not ended`)
            )
          }
        ]
      })
      expect(yield* hung.state).toBe("Failed")
      expect(yield* runtime.state).toBe("Closed")
      // Whoever waited for the stop is told as well.
      expect(yield* Fiber.join(stopping)).toMatchObject({ _tag: "mvx-metrics/RecorderFailed", recorderId: "hung" })
    })
  )
})

describe("the thread of a runtime", () => {
  it.effect("is released even if recorders fail to stop", () =>
    Effect.gen(function* () {
      const { exited, spawn } = watchedWorker()
      const runtime = yield* started(
        MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", shutdownTimeout: 5, spawn })
      )
      for (const [id, own] of Object.entries({ bad: failing("a full disk"), hung: { onStopped: Effect.never } })) {
        yield* runtime.createRecorder(id, own)
      }
      expect(yield* Effect.flip(runtime.shutdown)).toMatchObject({ failures: [{}, {}] })
      yield* exited
    })
  )

  it.effect("is released when the scope is closed", () =>
    Effect.gen(function* () {
      const { exited, spawn } = watchedWorker()
      yield* Effect.scoped(started(MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", spawn })))
      yield* exited
    })
  )
})
