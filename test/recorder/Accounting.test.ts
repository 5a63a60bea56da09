// No event is lost silently: every offered event appears in the accounting.
import { expect } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { MetricsError } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { heldByHook, heldInStart } from "../support/held.ts"
import { EvenTicks, Fragile, Notes, note, poison, Ticks, tick } from "../support/probe.metrics.ts"

onBothLayers("accounting", (it) => {
  it.effect("accounting starts at zero", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 7 })
      expect(yield* recorder.stats).toEqual({
        state: "Idle",
        capacity: 7,
        offered: 0,
        accepted: 0,
        refused: 0,
        refusedBy: { overflow: 0, invalid: 0, notRunning: 0 },
        applied: 0,
        ignored: 0,
        evicted: 0,
        pending: 0
      })
    })
  )

  it.effect("an event is applied when at least one metric handled it, and counts once however many did", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(EvenTicks)
      yield* recorder.register(Ticks)
      yield* recorder.register(Notes)
      for (const n of [1, 2, 3]) yield* recorder.emit(tick(n))
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 3, applied: 3, ignored: 0 })
    })
  )

  it.effect("an event is ignored when every reducer returned the same state", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(EvenTicks)
      for (const n of [1, 2, 3, 4, 5]) yield* recorder.emit(tick(n))
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 5, applied: 2, ignored: 3 })
    })
  )

  it.effect("an event is ignored when no metric reads its tag", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(note("for no one"))
      yield* recorder.emit({ _tag: "unheard.of" })
      yield* recorder.emit({ _tag: "toString" })
      yield* recorder.emit({ _tag: "__proto__" })
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 4, applied: 0, ignored: 4 })
    })
  )

  it.effect("an event is ignored when there is no metric at all", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.emit(tick())
      yield* recorder.emit(tick())
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 2, applied: 0, ignored: 2 })
    })
  )

  it.effect("an event that is not yet folded is pending", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(EvenTicks)
      for (const n of [1, 2, 3]) yield* recorder.emit(tick(n))
      const held = { accepted: 3, applied: 0, ignored: 0, pending: 3 }
      expect(yield* recorder.stats).toMatchObject({ state: "Starting", ...held })
      yield* release
      const folded = { accepted: 3, applied: 1, ignored: 2, pending: 0 }
      expect((yield* recorder.report).stats).toMatchObject({ state: "Running", ...folded })
      expect(yield* recorder.stats).toMatchObject({ state: "Running", ...folded })
    })
  )

  it.effect("accounting balances while a listener blocks the fold", () =>
    Effect.gen(function* () {
      const { recorder } = yield* heldByHook({ capacity: 50 })
      for (let n = 0; n < 80; n++) {
        recorder.emitUnsafe(n % 3 === 0 ? note("ignored") : tick(n))
        expectBalanced(yield* recorder.stats)
        yield* Effect.yieldNow
      }
    })
  )

  it.effect("a refused event is counted by its reason", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 1 })
      yield* recorder.emit(tick())
      yield* recorder.emit(tick())
      recorder.emitUnsafe(tick())
      yield* Effect.flip(recorder.emit(null as never))
      yield* release
      yield* recorder.report
      yield* recorder.stop
      expect(yield* Effect.flip(recorder.emit(tick()))).toBeInstanceOf(MetricsError.InvalidState)
      expect(recorder.emitUnsafe(tick())).toBe(false)
      expect(recorder.emitUnsafe(tick())).toBe(false)
      const stats = yield* recorder.stats
      expectBalanced(stats)
      expect(stats).toMatchObject({ offered: 7, accepted: 1, refused: 6 })
      expect(stats.refusedBy).toEqual({ overflow: 2, invalid: 1, notRunning: 3 })
    })
  )

  it.effect("an invalid event is counted as invalid even if other reasons apply", () =>
    Effect.gen(function* () {
      const { recorder } = yield* heldInStart({ capacity: 1, overflow: "backpressure" })
      yield* recorder.emit(tick())
      expect(yield* Effect.flip(recorder.emit(null as never))).toBeInstanceOf(MetricsError.InvalidArgument)
      expect((yield* recorder.stats).refusedBy).toEqual({ overflow: 0, invalid: 1, notRunning: 0 })
    })
  )

  it.effect("events are refused from the call of stop on, and accepted again after the next start", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook()
      const stop = yield* Effect.forkChild(recorder.stop, { startImmediately: true })
      expect(yield* Effect.flip(recorder.emit(tick()))).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        state: "Stopping"
      })
      yield* release
      yield* Fiber.join(stop)
      expect(yield* Effect.flip(recorder.emit(tick()))).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        state: "Stopped"
      })
      yield* recorder.start
      yield* recorder.emit(tick())
      expect((yield* recorder.report).stats).toMatchObject({
        accepted: 2,
        applied: 2,
        refusedBy: { overflow: 0, invalid: 0, notRunning: 2 }
      })
    })
  )

  it.effect("events that a quarantined metric misses are counted with that metric", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Fragile)
      for (const event of [tick(), poison("bad"), tick(), note("not read by it"), tick()]) yield* recorder.emit(event)
      expect(yield* recorder.snapshot(Fragile)).toMatchObject({ quarantine: { missed: 3 } })
      // No metric took them, so for the recorder they are ignored.
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 5, applied: 1, ignored: 4 })
    })
  )

  it.effect("events that only a quarantined metric misses are applied by the others", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Fragile)
      yield* recorder.register(Ticks)
      for (const event of [tick(), poison("bad"), tick(), tick()]) yield* recorder.emit(event)
      expect((yield* recorder.report).stats).toMatchObject({ accepted: 4, applied: 3, ignored: 1 })
    })
  )
})

onBothLayers("a report", (it) => {
  it.effect("has the snapshots with their time, their sequence number and the accounting", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ entityId: "documents", capacity: 20 })
      yield* recorder.register(Ticks)
      yield* recorder.register(EvenTicks)
      for (const n of [1, 2, 3]) yield* recorder.emit(tick(n))
      yield* recorder.emit(note("ignored"))
      recorder.emitUnsafe(null as never)
      expect(yield* recorder.report).toEqual({
        recorderId: recorder.recorderId,
        entityId: "documents",
        at: yield* Clock.currentTimeMillis,
        sequence: 4,
        snapshots: {
          "probe.ticks": { name: "probe.ticks", dimensions: { count: 3, sum: 6 } },
          "probe.even_ticks": { name: "probe.even_ticks", dimensions: { value: 1 } }
        },
        stats: {
          state: "Running",
          capacity: 20,
          offered: 5,
          accepted: 4,
          refused: 1,
          refusedBy: { overflow: 0, invalid: 1, notRunning: 0 },
          applied: 3,
          ignored: 1,
          evicted: 0,
          pending: 0
        }
      })
    })
  )

  it.effect("equals the snapshots and the stats read separately, and is plain data", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.register(Notes)
      yield* recorder.emit(note("a", "b"))
      const report = yield* recorder.report
      expect(report.snapshots).toEqual(yield* recorder.snapshots)
      expect(report.snapshots["probe.notes"]).toEqual(yield* recorder.snapshot(Notes))
      expect(report.stats).toEqual(yield* recorder.stats)
      expect(JSON.parse(JSON.stringify(report))).toEqual(report)
      expect(Object.keys(report.snapshots), "in the order of registration").toEqual(["probe.ticks", "probe.notes"])
    })
  )
})
