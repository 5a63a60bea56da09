// A flush ends when everything accepted before is folded, and not before.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { MetricsRuntime, type RecorderService } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { heldByHook, heldInStart } from "../support/held.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { GatedTicks, gatedTick, gatedWorker } from "../worker/fixtures/gated.metrics.ts"

onBothLayers("a flush of a recorder", (it) => {
  it.effect("waits until everything accepted before is folded", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      for (let n = 0; n < 3000; n++) recorder.emitUnsafe(tick(n))
      yield* recorder.flush()
      expect(yield* recorder.stats).toMatchObject({ accepted: 3000, applied: 3000, pending: 0 })
    })
  )

  it.effect("waits for a starting recorder", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.emit(tick())
      const flush = yield* forkNow(recorder.flush())
      expect(flush.pollUnsafe()).toBeUndefined()
      yield* release
      yield* Fiber.join(flush)
      expect(yield* recorder.stats).toMatchObject({ state: "Running", ignored: 1, pending: 0 })
    })
  )

  it.effect("returns at once if nothing is pending: idle, stopped, or removed before", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* newRecorder()
      yield* recorder.flush()
      expect(yield* recorder.state).toBe("Idle")
      yield* recorder.emit(tick())
      yield* recorder.stop
      yield* recorder.flush()
      yield* runtime.stopAndRemoveRecorder(recorder.recorderId)
      expect(yield* Effect.flip(recorder.flush())).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
    })
  )

  it.effect("fails after its timeout with the progress of the fold and the running hook", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ waitTimeout: "1 hour" })
      yield* recorder.emit(tick(1))
      expect(yield* Effect.flip(recorder.flush({ timeout: 5 }))).toMatchObject({
        _tag: "mvx-metrics/WaitTimeout",
        operation: "flush",
        timeout: "5ms",
        sequence: 2,
        folded: 0,
        hook: "onMetricChanged"
      })
      yield* release
      yield* recorder.flush()
      expect(yield* recorder.stats).toMatchObject({ accepted: 2, applied: 2, pending: 0 })
    })
  )

  it.effect("fails inside a hook that the fold waits for", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const recorder: RecorderService = yield* newRecorder({
        onMetricChanged: () => Effect.map(Effect.flip(recorder.flush()), ({ _tag }) => seen.push(_tag))
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.flush()
      expect(seen).toEqual(["mvx-metrics/InvalidState"])
    })
  )

  it.effect("rejects a timeout that is not a duration", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expect((yield* badInputOf(recorder.flush({ timeout: "soon" as "1 second" }))).argument).toBe("timeout")
    })
  )
})

it.effect("a flush of a recorder without pending events does not wait for those of another", () =>
  Effect.gen(function* () {
    const { open, spawn } = gatedWorker()
    const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", spawn })
    yield* runtime.start
    const busy = yield* runtime.createRecorder("busy")
    yield* busy.register(GatedTicks)
    yield* busy.emit(gatedTick(1))
    const idle = yield* runtime.createRecorder("idle")
    yield* idle.flush({ timeout: "1 hour" })
    expect(yield* busy.stats).toMatchObject({ accepted: 1, pending: 1 })
    open()
    yield* busy.flush()
  })
)
