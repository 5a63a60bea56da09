import { expect } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Snapshot } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { EvenTicks, Fragile, Notes, note, poison, TickLog, Ticks, tick } from "../support/probe.metrics.ts"

/** A recorder, and the changes that its hook was told of. */
const told = Effect.gen(function* () {
  const changes: Array<Snapshot.MetricChange> = []
  const recorder = yield* newRecorder({
    entityId: "probe",
    onMetricChanged: (change) => Effect.sync(() => void changes.push(change))
  })
  return { recorder, changes }
})

onBothLayers("the hook onMetricChanged", (it) => {
  it.effect("receives what changed a metric, when, and the snapshot after it", () =>
    Effect.gen(function* () {
      const { changes, recorder } = yield* told
      yield* recorder.register(Ticks)
      const start = yield* Clock.currentTimeMillis
      yield* recorder.emit(tick(5))
      yield* TestClock.adjust(250)
      yield* recorder.emit(tick(7))
      yield* recorder.snapshots
      const belongs = { recorderId: recorder.recorderId, entityId: "probe", tag: "probe.tick" }
      expect(changes).toEqual([
        { ...belongs, sequence: 1, at: start, snapshot: { name: Ticks.name, dimensions: { count: 1, sum: 5 } } },
        { ...belongs, sequence: 2, at: start + 250, snapshot: { name: Ticks.name, dimensions: { count: 2, sum: 12 } } }
      ])
    })
  )

  it.effect("runs only for metrics that handled the event", () =>
    Effect.gen(function* () {
      const { changes, recorder } = yield* told
      for (const metric of [Ticks, EvenTicks, Notes]) yield* recorder.register(metric)
      yield* recorder.emit(tick(1))
      yield* recorder.emit(tick(2))
      yield* recorder.emit(note("a"))
      yield* recorder.emit({ _tag: "nobody.reads.this" })
      yield* recorder.snapshots
      expect(changes.map(({ sequence, snapshot }) => [sequence, snapshot.name])).toEqual([
        [1, Ticks.name],
        [2, Ticks.name],
        [2, EvenTicks.name],
        [3, Notes.name]
      ])
    })
  )

  it.effect("does not run for an event that quarantined a metric, nor for events which that metric missed", () =>
    Effect.gen(function* () {
      const { changes, recorder } = yield* told
      yield* recorder.register(Fragile)
      for (const event of [tick(), poison("a bad reducer"), tick()]) yield* recorder.emit(event)
      yield* recorder.snapshots
      expect(changes.map(({ sequence }) => sequence)).toEqual([1])
    })
  )

  it.effect("receives every change of a burst, in order", () =>
    Effect.gen(function* () {
      const { changes, recorder } = yield* told
      yield* recorder.register(Ticks)
      for (let n = 1; n <= 3000; n++) recorder.emitUnsafe(tick(n))
      yield* recorder.snapshots
      expect(changes.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1))
      expect(changes.at(-1)?.snapshot.dimensions).toEqual({ count: 3000, sum: 4_501_500 })
    })
  )

  it.effect("runs for one change at a time", () =>
    Effect.gen(function* () {
      let running = 0
      const overlaps: Array<number> = []
      const recorder = yield* newRecorder({
        onMetricChanged: () =>
          Effect.gen(function* () {
            overlaps.push(running++)
            yield* Effect.yieldNow
            running--
          })
      })
      yield* recorder.register(Ticks)
      yield* recorder.register(TickLog)
      for (let n = 0; n < 50; n++) recorder.emitUnsafe(tick(n))
      yield* recorder.snapshots
      expect(overlaps).toEqual(Array(100).fill(0))
    })
  )

  const wrong: { readonly [how: string]: Effect.Effect<void, string> } = {
    fails: Effect.fail("no"),
    dies: Effect.die("no"),
    "interrupts itself": Effect.interrupt
  }
  for (const [how, hook] of Object.entries(wrong)) {
    it.effect(`changes nothing when it ${how}: it runs for the next change`, () =>
      Effect.gen(function* () {
        const sequences: Array<number> = []
        const recorder = yield* newRecorder({
          onMetricChanged: ({ sequence }) => {
            sequences.push(sequence)
            return hook
          }
        })
        yield* recorder.register(Ticks)
        for (let n = 0; n < 5; n++) recorder.emitUnsafe(tick(n))
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(5)
        expect(sequences).toEqual([1, 2, 3, 4, 5])
        expect(yield* recorder.state).toBe("Running")
      })
    )
  }

  it.effect("changes nothing when it throws instead of returning an effect", () =>
    Effect.gen(function* () {
      let calls = 0
      const recorder = yield* newRecorder({
        onMetricChanged: () => {
          calls++
          throw new Error("no")
        }
      })
      yield* recorder.register(Ticks)
      for (let n = 0; n < 5; n++) recorder.emitUnsafe(tick(n))
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(5)
      expect(calls).toBe(5)
    })
  )

  it.effect("that is running when the recorder is stopped finishes, and receives the rest, before onStopped", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const steps: Array<string> = []
      const recorder = yield* newRecorder({
        onMetricChanged: ({ sequence }) =>
          Effect.andThen(
            gate.pass,
            Effect.sync(() => void steps.push(`event ${sequence}`))
          ),
        onStopped: Effect.sync(() => void steps.push("stopped"))
      })
      yield* recorder.register(Ticks)
      for (let n = 0; n < 3; n++) recorder.emitUnsafe(tick(n))
      yield* gate.reached
      const stopping = yield* forkNow(recorder.stop)
      yield* foldTurn
      expect(yield* recorder.state).toBe("Stopping")
      expect(steps).toEqual([])
      yield* gate.open
      yield* Fiber.join(stopping)
      expect(steps).toEqual(["event 1", "event 2", "event 3", "stopped"])
    })
  )
})
