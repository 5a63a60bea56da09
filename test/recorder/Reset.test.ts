// A reset restarts one metric, or all of them, with the events accepted from then on.
import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { RecorderService } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { badInputOf } from "../support/badInput.ts"
import { newRecorder, onBothLayers, recorderWith } from "../support/bothLayers.ts"
import { makeGate } from "../support/gate.ts"
import { request } from "../support/instruments.metrics.ts"
import { listen } from "../support/listen.ts"
import { Fragile, Notes, note, poison, TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { Count, Longest, Sum } from "../support/shapes.metrics.ts"

const modules = ["probe", "shapes"].map((name) => new URL(`../support/${name}.metrics.ts`, import.meta.url))

const ticks = (recorder: RecorderService, ...numbers: ReadonlyArray<number>) =>
  Effect.forEach(numbers, (n) => recorder.emit(tick(n)), { discard: true })

onBothLayers(
  "a reset",
  (it) => {
    it.effect("of one metric leaves the others unchanged", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Ticks, Notes)
        yield* ticks(recorder, 1, 2)
        yield* recorder.emit(note("kept"))
        yield* recorder.reset(Ticks)
        yield* ticks(recorder, 5)
        expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 5 })
        expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["kept"] })
      })
    )

    it.effect("of all resets all metrics, built-in and hand-written", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Count, Longest, Sum)
        const untouched = yield* recorder.snapshots
        for (const seconds of [1, 7]) yield* recorder.emit(request({ seconds }))
        yield* recorder.reset()
        expect(yield* recorder.snapshots).toEqual(untouched)
        yield* recorder.emit(request({ seconds: 3 }))
        const shown = Object.values(yield* recorder.snapshots).map(({ dimensions }) => dimensions)
        expect(shown).toMatchObject([{ value: 1 }, { min: 3, max: 3, count: 1 }, { value: 3 }])
      })
    )

    it.effect("removes what was accepted before it, folded or not, and nothing accepted after, in order", () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ onStarting: gate.pass })
        yield* recorder.register(TickLog)
        yield* ticks(recorder, 1, 2)
        yield* recorder.reset(TickLog)
        yield* ticks(recorder, 3, 4)
        yield* gate.open
        expect((yield* recorder.snapshot(TickLog)).dimensions.log.map(([n]) => n)).toEqual([3, 4])
        const { stats } = yield* recorder.report
        expectBalanced(stats)
        expect(stats).toMatchObject({ accepted: 4, applied: 4 })
      })
    )

    it.effect("also works while someone listens: changes continue from the initial state", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Ticks)
        const { fiber, heard } = yield* listen(recorder.changes)
        yield* ticks(recorder, 1, 2)
        yield* recorder.reset(Ticks)
        yield* ticks(recorder, 3)
        yield* recorder.stop
        yield* Fiber.join(fiber)
        expect(heard.map(({ sequence, snapshot }) => [sequence, snapshot.dimensions])).toEqual([
          [1, { count: 1, sum: 1 }],
          [2, { count: 2, sum: 3 }],
          [3, { count: 1, sum: 3 }]
        ])
      })
    )

    it.effect("reinstates a quarantined metric", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Fragile, Ticks)
        for (const event of [tick(), poison("bad luck"), tick()]) yield* recorder.emit(event)
        expect((yield* recorder.snapshot(Fragile)).quarantine?.missed).toBe(2)
        yield* recorder.reset(Fragile)
        yield* ticks(recorder, 1, 1)
        expect(yield* recorder.snapshot(Fragile)).toEqual({ name: Fragile.name, dimensions: { value: 2 } })
        yield* recorder.emit(poison("again"))
        expect((yield* recorder.snapshot(Fragile)).quarantine).toMatchObject({ missed: 1 })
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(4)
      })
    )

    it.effect("makes a delta reader show what came since", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Sum, Fragile)
        const { read } = yield* recorder.deltaReader
        for (const seconds of [10, 20]) yield* recorder.emit(request({ seconds }))
        yield* recorder.emit(poison("bad luck"))
        expect(yield* read).toMatchObject({
          [Sum.name]: { dimensions: { value: 30 } },
          [Fragile.name]: { dimensions: { value: 0 }, quarantine: { missed: 1 } }
        })
        yield* recorder.reset()
        yield* recorder.emit(request({ seconds: 4 }))
        expect(yield* read).toEqual({
          [Sum.name]: { name: Sum.name, dimensions: { value: 4 } },
          [Fragile.name]: { name: Fragile.name, dimensions: { value: 0 } }
        })
        yield* recorder.emit(request({ seconds: 5 }))
        expect(yield* read).toMatchObject({ [Sum.name]: { dimensions: { value: 5 } } })
      })
    )

    it.effect("of another recorder's metric changes nothing in this one", () =>
      Effect.gen(function* () {
        const [one, other] = [yield* recorderWith(Ticks), yield* recorderWith(Ticks)]
        for (const recorder of [one, other]) yield* ticks(recorder, 1)
        yield* one.reset()
        expect((yield* one.snapshot(Ticks)).dimensions.count).toBe(0)
        expect((yield* other.snapshot(Ticks)).dimensions.count).toBe(1)
      })
    )

    it.effect("of an unregistered metric fails, of an invalid metric dies, and nothing is reset", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Ticks)
        yield* ticks(recorder, 1)
        expect(yield* Effect.flip(recorder.reset(Notes))).toMatchObject({
          _tag: "mvx-metrics/MetricNotRegistered",
          metric: Notes.name,
          registered: [Ticks.name]
        })
        for (const wrong of [null, {}, "probe.ticks"]) {
          expect(yield* badInputOf(recorder.reset(wrong as never))).toMatchObject({ argument: "metric" })
        }
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
      })
    )

    it.effect("of a stopped recorder is an invalid state, and its state stays", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Ticks)
        yield* ticks(recorder, 1)
        yield* recorder.stop
        expect(yield* Effect.flip(recorder.reset())).toMatchObject({
          _tag: "mvx-metrics/InvalidState",
          state: "Stopped"
        })
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
      })
    )
  },
  modules
)
