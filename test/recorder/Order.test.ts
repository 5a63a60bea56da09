// One recorder's events are folded in the order of acceptance, and a snapshot includes everything accepted before.
import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldedTicks } from "../support/foldedTicks.ts"
import { heldInStart } from "../support/held.ts"
import { EvenTicks, Notes, note, type ProbeEvent, TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { forEvery } from "../support/property.ts"

onBothLayers("order", (it) => {
  it.effect("events are folded in the order in which they were accepted", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(TickLog)
      const numbers = Array.from({ length: 3000 }, (_, n) => n)
      for (const n of numbers) {
        if (n % 3 === 0) yield* recorder.emit(tick(n))
        else recorder.emitUnsafe(tick(n))
        if (n % 700 === 0) yield* Effect.yieldNow
      }
      expect(yield* foldedTicks(recorder)).toEqual(numbers)
    })
  )

  it.effect("events that came while the recorder started precede later ones", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(TickLog)
      for (const n of [1, 2, 3]) recorder.emitUnsafe(tick(n))
      yield* release
      for (const n of [4, 5, 6]) recorder.emitUnsafe(tick(n))
      expect(yield* foldedTicks(recorder)).toEqual([1, 2, 3, 4, 5, 6])
    })
  )

  it.effect("events of many fibers keep the order of each fiber", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(TickLog)
      const numbersOf = (id: number) => Array.from({ length: 50 }, (_, i) => id * 100 + i)
      const fiber = (id: number) =>
        Effect.forEach(numbersOf(id), (n) => Effect.andThen(recorder.emit(tick(n)), Effect.yieldNow))
      yield* Effect.forEach([1, 2, 3, 4, 5], fiber, { concurrency: "unbounded" })
      const log = yield* foldedTicks(recorder)
      expect(log).toHaveLength(250)
      for (const id of [1, 2, 3, 4, 5]) expect(log.filter((n) => Math.floor(n / 100) === id)).toEqual(numbersOf(id))
    })
  )

  it.effect("a metric handles exactly the events accepted after its registration", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      for (const n of [1, 2, 3]) recorder.emitUnsafe(tick(n))
      yield* recorder.register(TickLog)
      for (const n of [4, 5]) recorder.emitUnsafe(tick(n))
      expect(yield* foldedTicks(recorder)).toEqual([4, 5])
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(5)
    })
  )
})

onBothLayers("the barrier of a snapshot", (it) => {
  it.effect("includes every event accepted before the request, and reports its sequence number", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      for (let n = 1; n <= 200; n++) {
        recorder.emitUnsafe(tick(n))
        const { sequence, snapshots } = yield* recorder.report
        expect(sequence).toBe(n)
        expect(snapshots["probe.ticks"]?.dimensions).toEqual({ count: n, sum: (n * (n + 1)) / 2 })
      }
    })
  )

  it.effect("excludes events accepted after the request", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(Ticks)
      const counts = yield* Effect.forEach([1, 2, 3, 4], (n) =>
        Effect.gen(function* () {
          recorder.emitUnsafe(tick(n))
          return yield* Effect.forkChild(recorder.report, { startImmediately: true })
        })
      )
      recorder.emitUnsafe(tick(5))
      yield* release
      for (const [index, fiber] of counts.entries()) {
        const { sequence, snapshots } = yield* Fiber.join(fiber)
        expect(sequence).toBe(index + 1)
        expect(snapshots["probe.ticks"]?.dimensions).toMatchObject({ count: index + 1 })
      }
      expect((yield* recorder.report).sequence).toBe(5)
    })
  )

  it.effect("yields the same for concurrent reads", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      for (let n = 1; n <= 3000; n++) recorder.emitUnsafe(tick(n))
      const reads = yield* Effect.all(
        Array.from({ length: 10 }, () => recorder.report),
        { concurrency: "unbounded" }
      )
      for (const { sequence, snapshots } of reads) {
        expect(sequence).toBe(3000)
        expect(snapshots["probe.ticks"]?.dimensions).toMatchObject({ count: 3000 })
      }
    })
  )

  it.effect("an interrupted read affects neither later reads nor events", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(Ticks)
      recorder.emitUnsafe(tick(1))
      yield* Fiber.interrupt(yield* Effect.forkChild(recorder.report, { startImmediately: true }))
      recorder.emitUnsafe(tick(2))
      yield* release
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 3 })
    })
  )
})

// --- any batching gives the same state

const someEvent: fc.Arbitrary<ProbeEvent> = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map(tick),
  fc.tuple(fc.string(), fc.array(fc.string(), { maxLength: 2 })).map(([text, tags]) => note(text, ...tags))
)

/** Between the events: what may divide them into batches. */
const someStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ emit: fc.array(someEvent, { maxLength: 40 }) }) },
  { weight: 1, arbitrary: fc.constantFrom("read" as const, "yield" as const, "settle" as const) }
)

onBothLayers("batches", (it) => {
  it.effect("any batching yields the state of Metric.fold, at each read and at the end", () =>
    forEvery(fc.array(someStep, { maxLength: 12 }), (steps) =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        const metrics = [Ticks, Notes, EvenTicks]
        for (const metric of metrics) yield* recorder.register(metric)
        const emitted: Array<ProbeEvent> = []
        const reads = [] as Array<Fiber.Fiber<void, unknown>>
        // Each read is held to the events that were accepted when it was asked for.
        const check = Effect.suspend(() => {
          const before = emitted.slice()
          return Effect.map(recorder.report, ({ sequence, snapshots }) => {
            expect(sequence).toBe(before.length)
            for (const metric of [Ticks, Notes, EvenTicks] as ReadonlyArray<Metric.Any>) {
              expect(snapshots[metric.name]).toEqual(Metric.snapshot(metric, Metric.fold(metric, before)))
            }
          })
        })
        for (const step of steps) {
          if (step === "settle") yield* check
          else if (step === "yield") yield* Effect.yieldNow
          else if (step === "read") reads.push(yield* Effect.forkChild(check, { startImmediately: true }))
          else {
            for (const event of step.emit) {
              emitted.push(event)
              recorder.emitUnsafe(event)
            }
          }
        }
        yield* check
        yield* Fiber.joinAll(reads)
      })
    )
  )
})
