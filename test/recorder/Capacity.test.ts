// The capacity is end to end: it counts events that are accepted and not yet folded, wherever they are.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { type MetricsRuntime, Recorder, type RecorderService } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import { makeGate } from "../support/gate.ts"
import { heldByHook, heldInStart } from "../support/held.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

/** Emits `count` ticks in one synchronous loop; how many were accepted. */
const burst = (recorder: RecorderService, count: number): number => {
  let accepted = 0
  for (let n = 1; n <= count; n++) if (recorder.emitUnsafe(tick(n))) accepted++
  return accepted
}

onBothLayers("capacity", (it) => {
  it.effect.each([1, 2, 100])("exactly %d events are accepted while the start is held", (capacity) =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity })
      yield* recorder.register(Ticks)
      expect(burst(recorder, capacity)).toBe(capacity)
      expect(burst(recorder, 10)).toBe(0)
      expect(yield* recorder.emit(tick())).toBe(false)
      expect(yield* recorder.stats).toMatchObject({ accepted: capacity, pending: capacity, refused: 11 })
      yield* release
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(capacity)
    })
  )

  it.effect.each([1, 2, 100, 5000])("at most %d events wait while a listener blocks the fold", (capacity) =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ capacity })
      burst(recorder, 2 * capacity + 10)
      const held = yield* recorder.stats
      expectBalanced(held)
      expect(held.accepted).toBeGreaterThanOrEqual(capacity)
      // The listener has one change in its hands: the event of that change may count as folded.
      expect(held.accepted).toBeLessThanOrEqual(capacity + 1)
      yield* release
      const report = yield* recorder.report
      expect(report.stats).toMatchObject({ accepted: held.accepted, applied: held.accepted, pending: 0 })
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(held.accepted)
    })
  )

  it.effect("events whose changes wait for a listener count towards the capacity", () =>
    Effect.gen(function* () {
      const [start, listener] = [yield* makeGate, yield* makeGate]
      const recorder = yield* newRecorder({
        capacity: 100,
        onStarting: start.pass,
        onMetricChanged: () => listener.pass
      })
      yield* recorder.register(Ticks)
      expect(burst(recorder, 100)).toBe(100)
      yield* start.open
      yield* listener.reached
      // The listener has the first of a hundred changes in its hands.
      expect(burst(recorder, 100)).toBeLessThanOrEqual(1)
      expectBalanced(yield* recorder.stats)
    })
  )

  it.effect("folded events free capacity", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 3 })
      yield* recorder.register(Ticks)
      for (let round = 1; round <= 20; round++) {
        expect(burst(recorder, 3)).toBe(3)
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(3 * round)
      }
    })
  )

  it.effect("events that no metric handles use and free capacity like others", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 2 })
      expect(burst(recorder, 5)).toBe(2)
      yield* release
      yield* recorder.report
      expect(burst(recorder, 2)).toBe(2)
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 4, ignored: 4, refused: 3 })
    })
  )

  it.effect("recorders do not use each other's capacity", () =>
    Effect.gen(function* () {
      const { recorder: full } = yield* heldInStart({ capacity: 1 })
      const { recorder: other } = yield* heldInStart({ capacity: 1 })
      expect(burst(full, 10)).toBe(1)
      expect(burst(other, 10)).toBe(1)
    })
  )

  it.effect("the default capacity is 10 000", () =>
    Effect.gen(function* () {
      const { recorder } = yield* heldInStart()
      expect(burst(recorder, 10_010)).toBe(10_000)
      expect((yield* recorder.stats).capacity).toBe(10_000)
    })
  )

  it.effect("pending events never exceed the capacity during a synchronous burst", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 100 })
      yield* recorder.register(Ticks)
      yield* recorder.start
      for (let n = 1; n <= 5000; n++) {
        recorder.emitUnsafe(tick(n))
        if (n % 50 === 0) expectBalanced(Effect.runSync(recorder.stats))
      }
      const { stats } = yield* recorder.report
      expect(stats).toMatchObject({ offered: 5000, applied: stats.accepted, pending: 0 })
    })
  )

  it.effect("a synchronous burst of 200 000 events is completely accounted for", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 65_536 })
      yield* recorder.register(Ticks)
      const accepted = burst(recorder, 200_000)
      const after = yield* recorder.stats
      expectBalanced(after)
      expect(after).toMatchObject({ offered: 200_000, accepted, refused: 200_000 - accepted })
      expect(accepted).toBeGreaterThanOrEqual(65_536)
      const report = yield* recorder.report
      expect(report.sequence).toBe(accepted)
      expect(report.stats).toMatchObject({ accepted, applied: accepted, ignored: 0, evicted: 0, pending: 0 })
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(accepted)
    })
  )

  it.effect("a burst of the effect is completely accounted for", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 65_536 })
      yield* recorder.register(Ticks)
      let accepted = 0
      for (let n = 1; n <= 200_000; n++) if (yield* recorder.emit(tick(n))) accepted++
      const { stats } = yield* recorder.report
      expect(stats).toMatchObject({ offered: 200_000, accepted, applied: accepted, pending: 0 })
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(accepted)
    })
  )
})

// In process there is no other thread to wait for, so nothing may be lost. On the worker it depends on its speed.
const losesNothing = (make: Effect.Effect<RecorderService, unknown, MetricsRuntime>) =>
  Effect.gen(function* () {
    const recorder = yield* make
    yield* recorder.register(Ticks)
    expect(burst(recorder, 200_000)).toBe(200_000)
    expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(200_000)
  }).pipe(Effect.provide(runtimeLayers()["in process"]!))

it.effect("a synchronous burst loses nothing in process, although the event loop is never reached", () =>
  losesNothing(Effect.tap(newRecorder({ capacity: 100 }), (recorder) => recorder.start))
)

it.effect("a burst loses nothing when its first event starts the recorder", () =>
  losesNothing(newRecorder({ capacity: 100 }))
)

it.effect("a burst loses nothing with a capacity of one", () => losesNothing(newRecorder({ capacity: 1 })))

it.effect("a burst loses nothing in a recorder made alone", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make({ capacity: 100 })
    yield* recorder.register(Ticks)
    expect(burst(recorder, 10_000)).toBe(10_000)
    expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(10_000)
  })
)
