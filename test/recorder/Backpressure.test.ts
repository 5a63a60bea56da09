// The overflow policy `backpressure`: the emitting fiber waits for room, first come first served.
import { expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch } from "effect"
import { MetricsError, Recorder, type RecorderService } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldedTicks } from "../support/foldedTicks.ts"
import { heldByHook, heldInStart } from "../support/held.ts"
import { TickLog, Ticks, tick } from "../support/probe.metrics.ts"

/** A fiber that emits one tick. Without room it is suspended when this is done. */
const emitting = (recorder: RecorderService, n: number) =>
  Effect.forkChild(recorder.emit(tick(n)), { startImmediately: true })

const isWaiting = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.pollUnsafe() === undefined

/** A recorder that is held in its start, with `TickLog`, its capacity used up by the ticks from 1 on. */
const full = (capacity: number) =>
  Effect.gen(function* () {
    const { recorder, release } = yield* heldInStart({ capacity, overflow: "backpressure" })
    yield* recorder.register(TickLog)
    for (let n = 1; n <= capacity; n++) expect(yield* recorder.emit(tick(n))).toBe(true)
    return { recorder, release }
  })

onBothLayers("backpressure", (it) => {
  it.effect("an emit beyond the capacity waits for room, and is then accepted", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(2)
      const third = yield* emitting(recorder, 3)
      expect(isWaiting(third)).toBe(true)
      yield* release
      expect(yield* Fiber.join(third)).toBe(true)
      expect(yield* foldedTicks(recorder)).toEqual([1, 2, 3])
    })
  )

  it.effect("waiters continue in the order of their arrival, and nobody overtakes them", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(2)
      const waiting = yield* Effect.forEach([3, 4, 5, 6, 7, 8], (n) => emitting(recorder, n))
      expect(waiting.every(isWaiting)).toBe(true)
      yield* release
      yield* recorder.emit(tick(9))
      yield* Fiber.joinAll(waiting)
      expect(yield* foldedTicks(recorder)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    })
  )

  it.effect("a waiting emit is not counted until it is decided", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(1)
      const before = yield* recorder.stats
      const waiting = yield* emitting(recorder, 2)
      expect(yield* recorder.stats).toEqual(before)
      yield* release
      yield* Fiber.join(waiting)
      expect(yield* recorder.stats).toMatchObject({ offered: 2, accepted: 2, refused: 0 })
    })
  )

  it.effect("interrupting a waiting emit leaves no trace, and its place goes to the next waiter", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(1)
      const second = yield* emitting(recorder, 2)
      const third = yield* emitting(recorder, 3)
      const before = yield* recorder.stats
      yield* Fiber.interrupt(second)
      expect(Exit.hasInterrupts(yield* Fiber.await(second))).toBe(true)
      expect(yield* recorder.stats).toEqual(before)
      yield* release
      expect(yield* Fiber.join(third)).toBe(true)
      expect(yield* foldedTicks(recorder)).toEqual([1, 3])
      expect((yield* recorder.report).stats).toMatchObject({ offered: 2, accepted: 2, applied: 2, refused: 0 })
    })
  )

  it.effect("an interruption at the moment when there is room is either too late or leaves no trace", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(1)
      const waiting = yield* Effect.forEach([2, 3, 4, 5], (n) => emitting(recorder, n))
      yield* release
      yield* Fiber.interrupt(waiting[0]!)
      yield* Effect.forEach(waiting.slice(1), Fiber.join)
      const log = yield* foldedTicks(recorder)
      const { stats } = yield* recorder.report
      expectBalanced(stats)
      expect(stats).toMatchObject({ accepted: log.length, applied: log.length, refused: 0 })
      expect(log.filter((n) => n !== 2)).toEqual([1, 3, 4, 5])
    })
  )

  it.effect("emitUnsafe cannot wait: it refuses and counts, and does not overtake waiters", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(1)
      const waiting = yield* emitting(recorder, 2)
      expect(recorder.emitUnsafe(tick(3))).toBe(false)
      expect((yield* recorder.stats).refusedBy).toEqual({ overflow: 1, invalid: 0, notRunning: 0 })
      yield* release
      yield* Fiber.join(waiting)
      expect(yield* foldedTicks(recorder)).toEqual([1, 2])
      expect(recorder.emitUnsafe(tick(4))).toBe(true)
    })
  )

  it.effect("emitUnsafe does not overtake waiters that have not yet been notified of free room", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 1, overflow: "backpressure" })
      yield* recorder.register(TickLog)
      yield* recorder.start
      for (let n = 0; n < 60; n += 3) {
        // Nothing is pending, and the fold is awake.
        yield* recorder.report
        recorder.emitUnsafe(tick(n))
        const waiting = yield* emitting(recorder, n + 1)
        // The event loop is not reached meanwhile, but another thread folds.
        for (let tries = 0; tries < 5000 && !recorder.emitUnsafe(tick(n + 2)); tries++);
        yield* Fiber.join(waiting)
      }
      const log = yield* foldedTicks(recorder)
      expect(log).toEqual(log.toSorted((a, b) => a - b))
      expect(log.filter((n) => n % 3 < 2)).toHaveLength(40)
    })
  )

  it.effect("Recorder.emit in a component waits as well", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* full(1)
      const component = Effect.provideService(Recorder.emit(tick(2)), Recorder, recorder)
      const waiting = yield* Effect.forkChild(component, { startImmediately: true })
      expect(isWaiting(waiting)).toBe(true)
      yield* release
      yield* Fiber.join(waiting)
      expect(yield* foldedTicks(recorder)).toEqual([1, 2])
    })
  )

  it.effect("a stop fails waiters with a typed error, and folds what was accepted", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ capacity: 1, overflow: "backpressure" })
      const emits = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => emitting(recorder, n))
      const waiting = emits.filter(isWaiting)
      expect(waiting.length).toBeGreaterThanOrEqual(4)
      const stop = yield* Effect.forkChild(recorder.stop, { startImmediately: true })
      for (const fiber of waiting) {
        const error = yield* Effect.flip(Fiber.join(fiber))
        expect(error).toBeInstanceOf(MetricsError.InvalidState)
        expect(error).toMatchObject({ subject: "recorder", id: recorder.recorderId })
      }
      yield* release
      yield* Fiber.join(stop)
      const accepted = 6 - waiting.length
      const stats = yield* recorder.stats
      expect(stats).toMatchObject({ state: "Stopped", offered: 6, accepted, applied: accepted, pending: 0 })
      expect(stats.refusedBy).toEqual({ overflow: 0, invalid: 0, notRunning: waiting.length })
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(accepted)
    })
  )

  it.effect("an emit that waits longer than backpressureTimeout is refused and counted, in real time", () =>
    Effect.gen(function* () {
      const options = { capacity: 1, overflow: "backpressure", backpressureTimeout: 20 } as const
      const { recorder, release } = yield* heldInStart(options)
      yield* recorder.register(TickLog)
      yield* recorder.emit(tick(1))
      expect(yield* recorder.emit(tick(2))).toBe(false)
      // An emitter goes on, and so does the work that is tracked.
      const emitter = yield* Effect.provideService(Recorder.register(Ticks), Recorder, recorder)
      yield* emitter.emit(tick(3))
      expect(yield* emitter.onExit(Effect.succeed("done"), () => tick(4))).toBe("done")
      const { refusedBy } = yield* recorder.stats
      expect(refusedBy).toEqual({ overflow: 3, invalid: 0, notRunning: 0 })
      yield* release
      expect(yield* foldedTicks(recorder)).toEqual([1])
      const { stats } = yield* recorder.report
      expectBalanced(stats)
      expect(stats).toMatchObject({ offered: 4, accepted: 1, applied: 1, pending: 0 })
    })
  )

  it.effect("a failed start fails waiters with a typed error", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const recorder = yield* newRecorder({
        capacity: 1,
        overflow: "backpressure",
        onStarting: Effect.andThen(latch.await, Effect.fail("no connection"))
      })
      yield* recorder.emit(tick(1))
      const waiting = yield* Effect.forEach([2, 3], (n) => emitting(recorder, n))
      yield* latch.open
      for (const fiber of waiting) {
        expect(yield* Effect.flip(Fiber.join(fiber))).toBeInstanceOf(MetricsError.InvalidState)
      }
      const stats = yield* recorder.stats
      expectBalanced(stats)
      expect(stats).toMatchObject({ state: "Failed", accepted: 1, pending: 1, refusedBy: { notRunning: 2 } })
    })
  )

  it.effect("many fibers over a small capacity lose nothing, and each keeps its order", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 3, overflow: "backpressure" })
      yield* recorder.register(TickLog)
      const fiber = (id: number) =>
        Effect.forEach(
          Array.from({ length: 25 }, (_, i) => id * 100 + i),
          (n) => recorder.emit(tick(n))
        )
      const emitted = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], fiber, { concurrency: "unbounded" })
      expect(emitted.flat().every(Boolean)).toBe(true)
      const log = yield* foldedTicks(recorder)
      for (let id = 1; id <= 8; id++) {
        const own = log.filter((n) => Math.floor(n / 100) === id)
        expect(own).toEqual(Array.from({ length: 25 }, (_, i) => id * 100 + i))
      }
      expect((yield* recorder.report).stats).toMatchObject({ offered: 200, accepted: 200, applied: 200, pending: 0 })
    })
  )
})
