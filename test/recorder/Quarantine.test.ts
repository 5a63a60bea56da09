// Failures are isolated: a metric that throws is quarantined in its recorder, and nothing else is affected.
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { Snapshot } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { ChangesInPlace, FaultyView, OpaqueView, ThrowsOddly } from "../support/faulty.metrics.ts"
import { Fragile, Notes, note, poison, TickLog, Ticks, tick } from "../support/probe.metrics.ts"

const modules = [
  new URL("../support/probe.metrics.ts", import.meta.url),
  new URL("../support/faulty.metrics.ts", import.meta.url)
]

onBothLayers(
  "a reducer that throws",
  (it) => {
    it.effect("quarantines its metric: the snapshot reports why, what it missed, and its last valid state", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Fragile)
        for (const event of [tick(), tick(), poison("bad luck"), tick()]) yield* recorder.emit(event)
        const snapshot = yield* recorder.snapshot(Fragile)
        expect(Snapshot.isQuarantined(snapshot)).toBe(true)
        expect(snapshot.dimensions).toEqual({ value: 2 })
        expect(snapshot.quarantine?.error).toContain("RangeError")
        expect(snapshot.quarantine?.error).toContain("bad luck")
        expect(snapshot.quarantine?.missed, "the event it failed on, and the one after").toBe(2)
        yield* recorder.emit(tick())
        expect((yield* recorder.snapshot(Fragile)).quarantine?.missed).toBe(3)
      })
    )

    it.effect("quarantines it with the first error", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Fragile)
        for (const event of [poison("first"), poison("second")]) yield* recorder.emit(event)
        const { quarantine } = yield* recorder.snapshot(Fragile)
        expect(quarantine).toMatchObject({ error: expect.stringContaining("first"), missed: 2 })
      })
    )

    it.effect("leaves the other metrics of its recorder exact, whether registered before or after it", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Ticks, Fragile, TickLog, Notes]) yield* recorder.register(metric)
        const events = [tick(1), poison("bad luck"), note("a"), tick(2), poison("again"), tick(3)]
        for (const event of events) recorder.emitUnsafe(event)
        expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 3, sum: 6 })
        expect((yield* recorder.snapshot(TickLog)).dimensions.log.map(([n]) => n)).toEqual([1, 2, 3])
        expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["a"] })
        const healthy = Object.values(yield* recorder.snapshots).filter((snapshot) => !Snapshot.isQuarantined(snapshot))
        expect(healthy.map(({ name }) => name)).toEqual(["probe.ticks", "probe.tick.log", "probe.notes"])
      })
    )

    it.effect("does not affect the same metric of another recorder", () =>
      Effect.gen(function* () {
        const [poisoned, other] = [yield* newRecorder(), yield* newRecorder()]
        for (const recorder of [poisoned, other]) yield* recorder.register(Fragile)
        for (const recorder of [poisoned, other]) yield* recorder.emit(tick())
        yield* poisoned.emit(poison("bad luck"))
        for (const recorder of [poisoned, other]) yield* recorder.emit(tick())
        expect(yield* poisoned.snapshot(Fragile)).toMatchObject({ dimensions: { value: 1 }, quarantine: { missed: 2 } })
        expect(yield* other.snapshot(Fragile)).toEqual({ name: "probe.fragile", dimensions: { value: 2 } })
      })
    )

    it.effect("leaves the recorder running: it accepts events and metrics, stops and starts again", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Fragile)
        expect(yield* recorder.emit(poison("bad luck"))).toBe(true)
        yield* recorder.snapshots
        expect(yield* recorder.state).toBe("Running")
        yield* recorder.register(Ticks)
        expect(yield* recorder.emit(tick())).toBe(true)
        yield* recorder.stop
        yield* recorder.start
        yield* recorder.emit(tick())
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(2)
        expect((yield* recorder.snapshot(Fragile)).quarantine, "a restart does not heal it").toMatchObject({
          missed: 3
        })
      })
    )

    it.effect("may throw a value other than an error", () =>
      Effect.gen(function* () {
        for (const reason of ["a text", "what cannot be printed"]) {
          const recorder = yield* newRecorder()
          for (const metric of [ThrowsOddly, Ticks]) yield* recorder.register(metric)
          for (const event of [tick(), poison(reason), tick()]) yield* recorder.emit(event)
          expect((yield* recorder.snapshot(ThrowsOddly)).quarantine).toMatchObject({ missed: 1 })
          expect((yield* recorder.snapshot(ThrowsOddly)).quarantine?.error).not.toBe("")
          expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(2)
        }
      })
    )

    it.effect("may throw because it modifies its state in place", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [ChangesInPlace, Ticks]) yield* recorder.register(metric)
        for (const event of [tick(), tick()]) yield* recorder.emit(event)
        const { dimensions, quarantine } = yield* recorder.snapshot(ChangesInPlace)
        expect({ dimensions, missed: quarantine?.missed }).toEqual({ dimensions: { count: 0 }, missed: 2 })
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(2)
      })
    )
  },
  modules
)

onBothLayers(
  "a view that throws",
  (it) => {
    it.effect("quarantines its metric: the snapshot reports why", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(FaultyView)
        for (const event of [tick(), tick()]) yield* recorder.emit(event)
        expect(yield* recorder.snapshot(FaultyView)).toEqual({ name: "faulty.view", dimensions: { count: 2 } })
        yield* recorder.emit(tick())
        const snapshot = yield* recorder.snapshot(FaultyView)
        expect(Snapshot.isQuarantined(snapshot)).toBe(true)
        expect(snapshot.quarantine?.error).toContain("cannot show 3")
      })
    )

    it.effect("misses events from then on, like one whose reducer threw", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(FaultyView)
        for (const event of [tick(), tick(), tick()]) yield* recorder.emit(event)
        const { quarantine: first } = yield* recorder.snapshot(FaultyView)
        for (const event of [tick(), tick()]) yield* recorder.emit(event)
        const { quarantine: later } = yield* recorder.snapshot(FaultyView)
        expect(later).toEqual({ error: first?.error, missed: (first?.missed ?? 0) + 2 })
      })
    )

    it.effect("does not run when another metric is read", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Ticks, FaultyView]) yield* recorder.register(metric)
        for (const event of [tick(), tick(), tick()]) yield* recorder.emit(event)
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(3)
        for (const event of [tick(), tick()]) yield* recorder.emit(event)
        const { quarantine } = yield* recorder.snapshot(FaultyView)
        expect(quarantine).toEqual({ error: expect.stringContaining("cannot show 5"), missed: 0 })
      })
    )

    it.effect("leaves the other metrics of its recorder exact, and the recorder running", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Ticks, FaultyView, OpaqueView, TickLog]) yield* recorder.register(metric)
        for (const n of [1, 2, 3, 4]) yield* recorder.emit(tick(n))
        const snapshots = yield* recorder.snapshots
        const healthy = Object.values(snapshots).filter((snapshot) => !Snapshot.isQuarantined(snapshot))
        expect(healthy.map(({ name }) => name)).toEqual(["probe.ticks", "probe.tick.log"])
        expect(snapshots["probe.ticks"]?.dimensions).toEqual({ count: 4, sum: 10 })
        expect(yield* recorder.emit(tick(5))).toBe(true)
        expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 5, sum: 15 })
      })
    )

    it.effect("does not affect the same metric of another recorder", () =>
      Effect.gen(function* () {
        const [faulty, other] = [yield* newRecorder(), yield* newRecorder()]
        for (const recorder of [faulty, other]) yield* recorder.register(FaultyView)
        for (const event of [tick(), tick(), tick()]) yield* faulty.emit(event)
        yield* other.emit(tick())
        expect(Snapshot.isQuarantined(yield* faulty.snapshot(FaultyView))).toBe(true)
        expect(yield* other.snapshot(FaultyView)).toEqual({ name: "faulty.view", dimensions: { count: 1 } })
      })
    )

    it.effect("may be one that returns a value other than plain data", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(OpaqueView)
        yield* recorder.emit(tick())
        const snapshot = yield* recorder.snapshot(OpaqueView)
        expect(Snapshot.isQuarantined(snapshot)).toBe(true)
        expect(snapshot.quarantine?.error).not.toBe("")
      })
    )
  },
  modules
)
