// A removed recorder leaves its accounting unchanged, and nothing of it in later recorders.
import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

onBothLayers("a removed recorder", (it) => {
  it.effect("keeps its accounting, whatever recorders are created later", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("accounted")
      yield* recorder.register(Ticks)
      for (let n = 0; n < 3; n++) yield* recorder.emit(tick())
      yield* runtime.stopAndRemoveRecorder("accounted")
      const before = yield* recorder.stats
      expect(before).toMatchObject({ accepted: 3, applied: 3, pending: 0 })
      for (let i = 0; i < 5; i++) {
        const later = yield* runtime.createRecorder("accounted later")
        yield* later.register(Ticks)
        for (let n = 0; n < 7; n++) yield* later.emit(tick())
        yield* later.report
        expect(yield* recorder.stats).toEqual(before)
        yield* runtime.stopAndRemoveRecorder("accounted later")
      }
    })
  )

  it.effect.each(["stopAndRemoveRecorder", "shutdown"] as const)("answers what was requested before %s", (end) =>
    Effect.gen(function* () {
      const shared = yield* MetricsRuntime
      const alone = MetricsRuntime.makeInProcess({ namespace: "test.removed", logging: "silent" })
      const runtime = end === "shutdown" ? yield* alone : shared
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("asked before")
      yield* recorder.register(Ticks)
      for (let n = 0; n < 1000; n++) yield* recorder.emit(tick(1))
      const read = yield* forkNow(recorder.snapshot(Ticks))
      const report = yield* forkNow(recorder.report)
      const flush = yield* forkNow(recorder.flush())
      yield* end === "shutdown" ? runtime.shutdown : runtime.stopAndRemoveRecorder("asked before")
      expect((yield* Fiber.join(read)).dimensions).toEqual({ count: 1000, sum: 1000 })
      expect(yield* Fiber.join(report)).toMatchObject({ sequence: 1000, stats: { applied: 1000 } })
      yield* Fiber.join(flush)
      expect(yield* Effect.flip(recorder.snapshots)).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
    })
  )

  it.effect("while it starts notifies those who wait for the start of its removal", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const gate = yield* makeGate
      const making = yield* forkNow(runtime.createRecorder("waited for", { onStarting: gate.pass }))
      yield* gate.reached
      const recorder = yield* runtime.getRecorder("waited for")
      const starting = yield* forkNow(Effect.flip(recorder.start))
      const stopping = yield* forkNow(Effect.flip(recorder.stop))
      yield* Fiber.interrupt(making)
      const message = 'recorder "waited for" failed: it was removed before it had started'
      expect(yield* Fiber.join(starting)).toMatchObject({ _tag: "mvx-metrics/RecorderFailed", message })
      expect(yield* Fiber.join(stopping)).toMatchObject({ _tag: "mvx-metrics/RecorderFailed", message })
    })
  )

  it.effect("leaves nothing to later ones, even if its start ends after its removal", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const gate = yield* makeGate
      const making = yield* forkNow(
        runtime.createRecorder("late", { onStarting: Effect.uninterruptible(gate.pass), shutdownTimeout: "10 millis" })
      )
      yield* gate.reached
      const recorder = yield* runtime.getRecorder("late")
      yield* recorder.register(Ticks)
      const emitter = yield* recorder.register(Ticks)
      for (let n = 0; n < 3; n++) expect(emitter.emitUnsafe(tick(100))).toBe(true)
      yield* Fiber.interrupt(making)
      expect(yield* runtime.recorderIds).not.toContain("late")
      const later = []
      for (let i = 0; i < 5; i++) {
        const each = yield* runtime.createRecorder(`late ${i}`)
        yield* each.register(Ticks)
        yield* each.emit(tick())
        later.push(each)
      }
      yield* gate.open
      for (let i = 0; i < 5; i++) yield* Effect.yieldNow
      expect(emitter.emitUnsafe(tick(1000))).toBe(false)
      for (const each of later) {
        yield* each.emit(tick())
        const { snapshots, stats } = yield* each.report
        expect(snapshots["probe.ticks"]!.dimensions).toEqual({ count: 2, sum: 2 })
        expect(stats).toMatchObject({ accepted: 2, applied: 2, pending: 0 })
      }
      expect(yield* recorder.stats).toMatchObject({ accepted: 3, applied: 0, pending: 3, refusedBy: { notRunning: 1 } })
    })
  )
})
