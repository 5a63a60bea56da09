import { expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, References } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"

/** Runs the effect that many times at once, each fiber giving way after every so many steps. */
const race = <A, E, R>(effect: Effect.Effect<A, E, R>, times = 20, steps = 1) =>
  Effect.all(
    Array.from({ length: times }, () => Effect.exit(effect)),
    { concurrency: "unbounded" }
  ).pipe(Effect.provideService(References.MaxOpsBeforeYield, steps))

const failures = <A, E>(exits: ReadonlyArray<Exit.Exit<A, E>>) =>
  exits.flatMap((exit) => Option.toArray(Exit.findErrorOption(exit)))

onBothLayers("racing", (it) => {
  it.effect.each([3, 4, 5, 7, 2048])(
    "creates have one winner and typed errors for the rest (yielding every %d steps)",
    (steps) =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const id = `racing creates ${steps}`
        const exits = yield* race(runtime.createRecorder(id), 20, steps)
        const winners = exits.filter(Exit.isSuccess).map(({ value }) => value)
        expect(winners).toHaveLength(1)
        for (const error of failures(exits)) expect(error).toMatchObject({ _tag: "mvx-metrics/RecorderAlreadyExists" })
        expect(yield* runtime.getRecorder(id)).toBe(winners[0])
      })
  )

  it.effect.each([3, 4, 5, 7, 11, 13, 2048])(
    "removes have one winner and typed errors for the rest (yielding every %d steps)",
    (steps) =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const id = `racing removes ${steps}`
        yield* runtime.createRecorder(id)
        const exits = yield* race(runtime.stopAndRemoveRecorder(id), 20, steps)
        expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
        const errors = failures(exits)
        expect(errors).toHaveLength(19)
        for (const { _tag } of errors)
          expect(["mvx-metrics/InvalidState", "mvx-metrics/RecorderNotFound"]).toContain(_tag)
        expect(yield* runtime.findRecorder(id)).toEqual(Option.none())
      })
  )

  it.effect("creates and removes of one id leave the registry consistent", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const id = "racing both"
      const create = runtime.createRecorder(id)
      yield* race(Effect.andThen(Effect.exit(create), Effect.exit(runtime.stopAndRemoveRecorder(id))), 20, 3)
      yield* Effect.ignore(runtime.stopAndRemoveRecorder(id))
      const recorder = yield* runtime.createRecorder(id)
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 3 })
    })
  )
})

onBothLayers("removing a recorder", (it) => {
  it.effect("folds what it accepted, and removes it from the registry", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("taken away")
      yield* recorder.register(Ticks)
      for (let n = 0; n < 2000; n++) recorder.emitUnsafe(tick(n))
      yield* runtime.stopAndRemoveRecorder("taken away")
      expect(yield* recorder.stats).toMatchObject({ state: "Stopped", applied: 2000, pending: 0 })
      expect(yield* runtime.findRecorder("taken away")).toEqual(Option.none())
      expect(yield* runtime.recorderIds).not.toContain("taken away")
    })
  )

  it.effect("does not require a running recorder: stopped and failed ones are removed as well", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const stopped = yield* runtime.createRecorder("stopped")
      yield* stopped.stop
      const failed = yield* runtime.createRecorder("failed", { onStopped: Effect.fail("no") })
      yield* Effect.flip(failed.stop)
      for (const id of ["stopped", "failed"]) {
        yield* runtime.stopAndRemoveRecorder(id)
        expect(yield* runtime.findRecorder(id)).toEqual(Option.none())
      }
    })
  )

  it.effect("frees the id for a new recorder with its own state", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const first = yield* runtime.createRecorder("again")
      yield* first.register(Ticks)
      yield* first.emit(tick(5))
      yield* runtime.stopAndRemoveRecorder("again")
      const second = yield* runtime.createRecorder("again")
      expect(yield* second.snapshots).toEqual({})
      yield* second.register(Ticks)
      yield* second.emit(tick(1))
      expect((yield* second.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 1 })
    })
  )

  it.effect("reports a failed stop, and the recorder is gone", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      yield* runtime.createRecorder("failing", { onStopped: Effect.fail("a closed sink") })
      const error = yield* Effect.flip(runtime.stopAndRemoveRecorder("failing"))
      expect(error).toMatchObject({ _tag: "mvx-metrics/HookFailed", hook: "onStopped", recorderId: "failing" })
      expect(yield* runtime.findRecorder("failing")).toEqual(Option.none())
      yield* runtime.createRecorder("failing")
    })
  )

  it.effect("keeps the id until it has finished", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const runtime = yield* MetricsRuntime
      yield* runtime.createRecorder("going", { onStopped: gate.pass })
      const removing = yield* forkNow(runtime.stopAndRemoveRecorder("going"))
      yield* gate.reached
      expect(yield* Effect.flip(runtime.createRecorder("going"))).toMatchObject({
        _tag: "mvx-metrics/RecorderAlreadyExists"
      })
      expect(yield* Effect.flip(runtime.stopAndRemoveRecorder("going"))).toMatchObject({
        _tag: "mvx-metrics/InvalidState"
      })
      const joined = yield* forkNow(runtime.stopRecorder("going"))
      yield* gate.open
      yield* Fiber.joinAll([removing, joined])
      yield* runtime.createRecorder("going")
    })
  )

  it.effect("continues when its waiter is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("interrupted", { onStopped: gate.pass })
      const removing = yield* forkNow(runtime.stopAndRemoveRecorder("interrupted"))
      yield* gate.reached
      yield* Fiber.interrupt(removing)
      const joined = yield* forkNow(recorder.stop)
      yield* gate.open
      yield* Fiber.join(joined)
      yield* foldTurn
      expect(yield* runtime.findRecorder("interrupted")).toEqual(Option.none())
    })
  )

  it.effect("leaves references to it with typed errors, and its last counts", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("held")
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* runtime.stopAndRemoveRecorder("held")
      const { emit, register, report, snapshot, snapshots, start, stop } = recorder
      const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        emit(tick()),
        report,
        snapshots,
        snapshot(Ticks),
        start,
        stop
      ]
      const held = { _tag: "mvx-metrics/InvalidState", subject: "recorder", id: "held" }
      expect(yield* reasonOf(register(Ticks))).toMatchObject(held)
      for (const operation of operations) {
        expect(yield* Effect.flip(operation)).toMatchObject(held)
      }
      expect(recorder.emitUnsafe(tick())).toBe(false)
      expect(yield* recorder.stats).toMatchObject({ accepted: 1, applied: 1, refusedBy: { notRunning: 2 } })
    })
  )

  it.effect("is also final if it was never started: its first event starts nothing", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* internalsOf(runtime).makeIdle("never started")
      yield* runtime.stopAndRemoveRecorder("never started")
      expect(yield* Effect.flip(recorder.emit(tick()))).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
      expect(recorder.emitUnsafe(tick())).toBe(false)
      expect(yield* recorder.stats).toMatchObject({ state: "Idle", accepted: 0, refusedBy: { notRunning: 2 } })
    })
  )
})

onBothLayers("a thousand recorders on one runtime", (it) => {
  it.effect("each have their own state", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const ids = Array.from({ length: 1000 }, (_, i) => `connection ${i}`)
      const recorders = yield* Effect.forEach(ids, (id) => runtime.createRecorder(id))
      for (const recorder of recorders) yield* recorder.register(Ticks)
      for (const round of [1, 2, 3]) {
        for (const [i, recorder] of recorders.entries()) recorder.emitUnsafe(tick(i * round))
      }
      const read = Effect.forEach(recorders, (recorder) => recorder.snapshot(Ticks), { concurrency: "unbounded" })
      const dimensions = (yield* read).map((snapshot) => snapshot.dimensions)
      expect(dimensions).toEqual(recorders.map((_, i) => ({ count: 3, sum: 6 * i })))
      expect(yield* runtime.recorderIds).toEqual(expect.arrayContaining(ids))
      yield* Effect.forEach(ids, runtime.stopAndRemoveRecorder, { concurrency: "unbounded" })
      expect((yield* runtime.recorderIds).filter((id) => id.startsWith("connection"))).toEqual([])
    })
  )
})
