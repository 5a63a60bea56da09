// What happens to an event beyond the capacity: each policy, and which one is the default.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { MetricsError, MetricsRuntime, Recorder, type RecorderService } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldedTicks } from "../support/foldedTicks.ts"
import { heldByHook, heldInStart } from "../support/held.ts"
import { TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { GatedTicks, gatedTick, gatedWorker } from "../worker/fixtures/gated.metrics.ts"

const numbers = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const emitAll = (recorder: RecorderService, ns: ReadonlyArray<number>) =>
  Effect.forEach(ns, (n) => recorder.emit(tick(n)))

onBothLayers("drop-newest", (it) => {
  it.effect("drop-newest refuses the events beyond the capacity, reports it, and counts them", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 3, overflow: "drop-newest" })
      yield* recorder.register(TickLog)
      expect(yield* emitAll(recorder, numbers(1, 5))).toEqual([true, true, true, false, false])
      expect(recorder.emitUnsafe(tick(6))).toBe(false)
      yield* release
      expect(yield* foldedTicks(recorder)).toEqual([1, 2, 3])
      const { stats } = yield* recorder.report
      expect(stats).toMatchObject({ offered: 6, accepted: 3, refused: 3, evicted: 0 })
      expect(stats.refusedBy).toEqual({ overflow: 3, invalid: 0, notRunning: 0 })
    })
  )
})

onBothLayers("drop-oldest", (it) => {
  it.effect.each([1, 2, 4, 100])("exactly the newest %d events survive while the start is held", (capacity) =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity, overflow: "drop-oldest" })
      yield* recorder.register(TickLog)
      const emitted = yield* emitAll(recorder, numbers(1, 3 * capacity))
      expect(emitted.every(Boolean)).toBe(true)
      expect(recorder.emitUnsafe(tick(3 * capacity + 1))).toBe(true)
      const held = yield* recorder.stats
      expectBalanced(held)
      expect(held).toMatchObject({ accepted: 3 * capacity + 1, evicted: 2 * capacity + 1, pending: capacity })
      yield* release
      expect(yield* foldedTicks(recorder)).toEqual(numbers(2 * capacity + 2, 3 * capacity + 1))
      const { stats } = yield* recorder.report
      expect(stats).toMatchObject({ applied: capacity, evicted: 2 * capacity + 1, refused: 0, pending: 0 })
    })
  )

  it.effect("nothing is evicted while there is room", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 5, overflow: "drop-oldest" })
      yield* recorder.register(TickLog)
      yield* emitAll(recorder, numbers(1, 5))
      yield* release
      expect(yield* foldedTicks(recorder)).toEqual(numbers(1, 5))
      expect((yield* recorder.stats).evicted).toBe(0)
    })
  )

  it.effect("the newest event is always accepted while a listener blocks the fold, which keeps its own events", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ capacity: 8, overflow: "drop-oldest" })
      yield* recorder.register(TickLog)
      const emitted = yield* emitAll(recorder, numbers(1, 100))
      expect(emitted.every(Boolean)).toBe(true)
      const held = yield* recorder.stats
      expectBalanced(held)
      expect(held.evicted).toBeGreaterThan(0)
      yield* release
      const survivors = yield* foldedTicks(recorder)
      expect(survivors.at(-1)).toBe(100)
      expect(survivors).toEqual(survivors.toSorted((a, b) => a - b))
      const { stats } = yield* recorder.report
      expect(survivors.length + 1, "with tick(0), which was before the log").toBe(stats.applied)
      expect(stats).toMatchObject({ accepted: 101, applied: 101 - stats.evicted, evicted: held.evicted, pending: 0 })
    })
  )

  it.effect("a read that waits after evicted events is answered", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 2, overflow: "drop-oldest" })
      yield* recorder.register(Ticks)
      yield* emitAll(recorder, [1, 2])
      const read = yield* Effect.forkChild(recorder.report, { startImmediately: true })
      yield* emitAll(recorder, [3, 4, 5])
      yield* release
      const report = yield* Fiber.join(read)
      expect(report.sequence).toBe(2)
      expect(report.snapshots["probe.ticks"]?.dimensions).toEqual({ count: 0, sum: 0 })
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 9 })
    })
  )
})

onBothLayers("fail", (it) => {
  it.effect("fail reports the full recorder in its error, and counts", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 2, overflow: "fail" })
      yield* recorder.register(TickLog)
      yield* emitAll(recorder, [1, 2])
      const error = yield* Effect.flip(recorder.emit(tick(3)))
      expect(error).toBeInstanceOf(MetricsError.QueueOverflow)
      expect(error).toMatchObject({ _tag: "mvx-metrics/QueueOverflow", recorderId: recorder.recorderId, capacity: 2 })
      expect(error.message).toContain(recorder.recorderId)
      expect(recorder.emitUnsafe(tick(4))).toBe(false)
      expect((yield* recorder.stats).refusedBy).toEqual({ overflow: 2, invalid: 0, notRunning: 0 })
      yield* release
      expect(yield* foldedTicks(recorder)).toEqual([1, 2])
      expect(yield* recorder.emit(tick(5))).toBe(true)
    })
  )
})

onBothLayers("the default of a recorder made by a runtime", (it) => {
  it.effect("is drop-newest", () =>
    Effect.gen(function* () {
      expect((yield* newRecorder()).overflow).toBe("drop-newest")
      const { recorder } = yield* heldInStart({ capacity: 1 })
      expect(yield* emitAll(recorder, [1, 2])).toEqual([true, false])
    })
  )
})

it.effect("the default of a recorder made alone is fail", () =>
  Effect.gen(function* () {
    const latch = yield* Latch.make()
    const recorder = yield* Recorder.make({ capacity: 1, onStarting: latch.await })
    // Added after the recorder, so that it runs before the recorder stops, which waits for the start.
    yield* Effect.addFinalizer(() => latch.open)
    expect(recorder.overflow).toBe("fail")
    expect(yield* recorder.emit(tick(1))).toBe(true)
    expect(yield* Effect.flip(recorder.emit(tick(2)))).toBeInstanceOf(MetricsError.QueueOverflow)
  })
)

it.effect("drop-oldest evicts from the half of the capacity that the worker does not have, and nothing else", () =>
  Effect.gen(function* () {
    const { open, spawn } = gatedWorker()
    const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test.evicting", logging: "silent", spawn })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("a", { capacity: 4, overflow: "drop-oldest" })
    yield* recorder.register(GatedTicks)
    for (const n of numbers(1, 99)) expect(recorder.emitUnsafe(gatedTick(n))).toBe(true)
    expect(yield* recorder.stats).toMatchObject({ accepted: 99, evicted: 95, refused: 0, pending: 4 })
    open()
    const { snapshots, stats } = yield* recorder.report
    expect(stats).toMatchObject({ accepted: 99, applied: 4, evicted: 95, pending: 0 })
    // The two that the worker had, and the newest.
    expect(snapshots[GatedTicks.name]?.dimensions).toEqual({ count: 4, sum: 1 + 2 + 98 + 99 })
  })
)
