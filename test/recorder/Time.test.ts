// Time comes from the clocks of emitters and readers, never from the fold, so a TestClock controls it everywhere.
import { expect, vi } from "@effect/vitest"
import { Clock, Context, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Recorder } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { heldInStart } from "../support/held.ts"
import { TickLog, tick } from "../support/probe.metrics.ts"

/** Runs an effect with a clock of its own that stands at `at`. */
const atTime = (at: number) => Effect.provideService(Clock.Clock, clockAt(at))

const clockAt = (at: number): Clock.Clock => ({
  ...Clock.Clock.defaultValue(),
  currentTimeMillisUnsafe: () => at,
  currentTimeMillis: Effect.succeed(at)
})

onBothLayers("time", (it) => {
  it.effect("an event has the time of its emission", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(TickLog)
      const start = yield* Clock.currentTimeMillis
      yield* recorder.emit(tick(1))
      yield* TestClock.adjust("1 minute")
      yield* recorder.emit(tick(2))
      recorder.emitUnsafe(tick(3))
      yield* TestClock.adjust("1 millis")
      recorder.emitUnsafe(tick(4))
      const { log } = (yield* recorder.snapshot(TickLog)).dimensions
      expect(log.map(([n, at]) => [n, at - start])).toEqual([
        [1, 0],
        [2, 60_000],
        [3, 60_000],
        [4, 60_001]
      ])
    })
  )

  it.effect("the clock is that of the emitting fiber", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(TickLog)
      yield* atTime(1000)(recorder.emit(tick(1)))
      yield* atTime(999)(recorder.emit(tick(2)))
      yield* recorder.emit(tick(3)).pipe(Effect.andThen(recorder.emit(tick(4))), atTime(7))
      yield* Recorder.emit(tick(5)).pipe(Effect.provideService(Recorder, recorder), atTime(8))
      yield* Effect.void.pipe(
        Recorder.onExit(() => tick(6)),
        Effect.provideService(Recorder, recorder),
        atTime(9)
      )
      expect((yield* recorder.snapshot(TickLog)).dimensions.log).toEqual([
        [1, 1000],
        [2, 999],
        [3, 7],
        [4, 7],
        [5, 8],
        [6, 9]
      ])
    })
  )

  it.effect("a fiber with a clock of its own keeps it in the turn in which another one emits by the live clock", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* Effect.provideService(Recorder.register(TickLog), Recorder, recorder)
      const both = (n: number) => Effect.andThen(metrics.emit(tick(n)), metrics.emit(tick(n + 1)))
      const before = Date.now()
      yield* Effect.provideService(both(1), Clock.Clock, Clock.Clock.defaultValue())
      yield* atTime(7)(both(3))
      yield* Effect.provideService(both(5), Clock.Clock, Clock.Clock.defaultValue())
      const { log } = (yield* recorder.snapshot(TickLog)).dimensions
      const isNow = (at: number): boolean => at >= before && at <= Date.now()
      expect(log.map(([n, at]) => [n, isNow(at) ? "now" : at])).toEqual([
        [1, "now"],
        [2, "now"],
        [3, 7],
        [4, 7],
        [5, "now"],
        [6, "now"]
      ])
    })
  )

  it.effect("an event emitted while another one is read has the time of its own clock", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const live = yield* Effect.provideService(newRecorder(), Clock.Clock, Context.get(Context.empty(), Clock.Clock))
      const metrics = yield* Effect.provideService(Recorder.register(TickLog), Recorder, recorder)
      yield* live.register(TickLog)
      const expected: Array<readonly [number, number]> = []
      // Fibers that share one context, and run at once.
      const emit = (n: number, at = 1000): void => {
        Effect.runFork(at === 1000 ? metrics.emit(tick(n)) : atTime(at)(metrics.emit(tick(n))))
        expected.push([n, at])
      }
      let within = true
      const event = Object.defineProperty(tick(0), "n", {
        enumerable: true,
        get: () => {
          if (within) {
            within = false
            for (let n = 1; n < 4; n++) expect(live.emitUnsafe(tick(n))).toBe(true)
            Effect.runFork(live.emit(tick(4)))
            emit(1)
            emit(2, 8)
            for (let n = 3; n < 9; n++) emit(n)
            expected.push([0, 7])
          }
          return 0
        }
      })
      const clock = vi.spyOn(Date, "now").mockReturnValue(1000)
      try {
        emit(9)
        Effect.runFork(atTime(7)(metrics.emit(event)))
        emit(10, 9)
        emit(11)
      } finally {
        clock.mockRestore()
      }
      expect((yield* live.snapshot(TickLog)).dimensions.log).toEqual([1, 2, 3, 4].map((n) => [n, 1000]))
      expect((yield* recorder.snapshot(TickLog)).dimensions.log).toEqual(expected)
    })
  )

  it.effect("the synchronous form uses the clock with which the recorder was created", () =>
    Effect.gen(function* () {
      const recorder = yield* atTime(1234)(newRecorder())
      yield* recorder.register(TickLog)
      recorder.emitUnsafe(tick(1))
      yield* atTime(5678)(Effect.sync(() => recorder.emitUnsafe(tick(2))))
      expect((yield* recorder.snapshot(TickLog)).dimensions.log).toEqual([
        [1, 1234],
        [2, 1234]
      ])
    })
  )

  it.effect("a waiting event keeps the time of its emission", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 1, overflow: "backpressure" })
      yield* recorder.register(TickLog)
      const start = yield* Clock.currentTimeMillis
      yield* recorder.emit(tick(1))
      const waiting = yield* Effect.forkChild(recorder.emit(tick(2)), { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      yield* release
      yield* Fiber.join(waiting)
      yield* recorder.emit(tick(3))
      const { log } = (yield* recorder.snapshot(TickLog)).dimensions
      expect(log.map(([n, at]) => [n, at - start])).toEqual([
        [1, 0],
        [2, 0],
        [3, 3_600_000]
      ])
    })
  )

  it.effect("now in a view, and the time of a report, are the time of the request", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(TickLog)
      const now = yield* Clock.currentTimeMillis
      expect(yield* recorder.report).toMatchObject({
        at: now,
        snapshots: { "probe.tick.log": { dimensions: { now } } }
      })
      yield* TestClock.adjust("1 second")
      expect((yield* recorder.snapshot(TickLog)).dimensions.now).toBe(now + 1000)
      const other = yield* atTime(42)(recorder.report)
      expect(other).toMatchObject({ at: 42, snapshots: { "probe.tick.log": { dimensions: { now: 42 } } } })
    })
  )

  it.effect("a waiting read keeps the time of its request", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(TickLog)
      yield* recorder.emit(tick(1))
      const asked = yield* Clock.currentTimeMillis
      const read = yield* Effect.forkChild(recorder.report, { startImmediately: true })
      yield* TestClock.adjust("1 day")
      yield* release
      const report = yield* Fiber.join(read)
      expect(report.at).toBe(asked)
      expect(report.snapshots["probe.tick.log"]?.dimensions).toMatchObject({ now: asked })
    })
  )

  it.effect("with a stopped clock, nothing waits for it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 3, overflow: "backpressure" })
      yield* recorder.register(TickLog)
      const at = yield* Clock.currentTimeMillis
      for (let n = 1; n <= 50; n++) yield* recorder.emit(tick(n))
      const { log } = (yield* recorder.snapshot(TickLog)).dimensions
      expect(log).toEqual(Array.from({ length: 50 }, (_, index) => [index + 1, at]))
      yield* recorder.stop
    })
  )

  it.effect("times before the epoch, far from it, and with fractions arrive unchanged", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(TickLog)
      const times = [-1, 0, 0.125, 8.64e15, Date.UTC(2026, 0, 1) + 0.5]
      for (const [n, at] of times.entries()) yield* atTime(at)(recorder.emit(tick(n)))
      expect((yield* recorder.snapshot(TickLog)).dimensions.log).toEqual(times.map((at, n) => [n, at]))
    })
  )
})
