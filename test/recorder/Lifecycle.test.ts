import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Recorder, type RecorderService } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

const invalidState = (state: string) => ({ _tag: "mvx-metrics/InvalidState", subject: "recorder", state })

onBothLayers("starting a recorder", (it) => {
  it.effect("a new recorder is idle, also after a metric is registered", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expect(yield* recorder.state).toBe("Idle")
      yield* recorder.register(Ticks)
      expect(yield* recorder.state).toBe("Idle")
    })
  )

  for (const [form, emit] of Object.entries({
    emit: (recorder: RecorderService) => recorder.emit(tick()),
    emitUnsafe: (recorder: RecorderService) => Effect.sync(() => recorder.emitUnsafe(tick()))
  })) {
    it.effect(`the first event starts it: ${form}`, () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ onStarting: gate.pass })
        yield* recorder.register(Ticks)
        expect(yield* emit(recorder)).toBe(true)
        yield* gate.reached
        expect(yield* recorder.state).toBe("Starting")
        yield* gate.open
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
        expect(yield* recorder.state).toBe("Running")
      })
    )
  }

  it.effect("an invalid event does not start it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const bad = [null, "probe.tick", {}, { _tag: " " }, { _tag: "probe.tick", n: () => 1 }]
      for (const event of bad) {
        expect(yield* Effect.flip(recorder.emit(event as never))).toMatchObject({ _tag: "mvx-metrics/InvalidArgument" })
        expect(recorder.emitUnsafe(event as never)).toBe(false)
      }
      expect(yield* recorder.state).toBe("Idle")
      expect((yield* recorder.stats).refusedBy).toEqual({ overflow: 0, invalid: 2 * bad.length, notRunning: 0 })
    })
  )

  it.effect("a recorder can be started without an event", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.start
      expect(yield* recorder.state).toBe("Running")
    })
  )

  it.effect("a start during a start joins it", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      let starts = 0
      const recorder = yield* newRecorder({
        onStarting: Effect.andThen(
          Effect.sync(() => starts++),
          gate.pass
        )
      })
      yield* recorder.emit(tick())
      yield* gate.reached
      const waiting = [yield* forkNow(recorder.start), yield* forkNow(recorder.start)]
      expect(waiting.map((fiber) => fiber.pollUnsafe())).toEqual([undefined, undefined])
      yield* gate.open
      yield* Fiber.joinAll(waiting)
      expect(starts).toBe(1)
      expect(yield* recorder.state).toBe("Running")
    })
  )

  it.effect("a start while it runs is InvalidState, and it continues", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.start
      expect(yield* Effect.flip(recorder.start)).toMatchObject({ ...invalidState("Running"), id: recorder.recorderId })
      expect(yield* recorder.emit(tick())).toBe(true)
    })
  )

  it.effect("a start continues when a waiter is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: gate.pass })
      const waiting = yield* forkNow(recorder.start)
      yield* gate.reached
      yield* Fiber.interrupt(waiting)
      expect(yield* recorder.state).toBe("Starting")
      yield* gate.open
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      expect(yield* recorder.state).toBe("Running")
    })
  )
})

onBothLayers("stopping a recorder", (it) => {
  it.effect("a stop folds every accepted event, then runs onStopped", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const recorder: RecorderService = yield* newRecorder({
        onStopped: Effect.suspend(() => Effect.map(recorder.report, (report) => void seen.push(report)))
      })
      yield* recorder.register(Ticks)
      for (let n = 1; n <= 5000; n++) recorder.emitUnsafe(tick(n))
      yield* recorder.stop
      expect(yield* recorder.state).toBe("Stopped")
      expect(seen).toMatchObject([
        {
          sequence: 5000,
          stats: { state: "Stopping", accepted: 5000, applied: 5000, pending: 0 },
          snapshots: { [Ticks.name]: { dimensions: { count: 5000, sum: 12_502_500 } } }
        }
      ])
    })
  )

  it.effect("a stop of a recorder that does not run is InvalidState", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expect(yield* Effect.flip(recorder.stop)).toMatchObject(invalidState("Idle"))
      yield* recorder.start
      yield* recorder.stop
      expect(yield* Effect.flip(recorder.stop)).toMatchObject(invalidState("Stopped"))
    })
  )

  it.effect("a stop during a start waits for the start, then stops", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const steps: Array<string> = []
      const step = (name: string) => Effect.sync(() => void steps.push(name))
      const recorder = yield* newRecorder({
        onStarting: Effect.andThen(gate.pass, step("started")),
        onStopped: step("stopped")
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(7))
      yield* gate.reached
      const stopping = [yield* forkNow(recorder.stop), yield* forkNow(recorder.stop)]
      yield* gate.open
      yield* Fiber.joinAll(stopping)
      expect(steps).toEqual(["started", "stopped"])
      expect(yield* recorder.state).toBe("Stopped")
      expect((yield* recorder.snapshot(Ticks)).dimensions.sum).toBe(7)
    })
  )

  it.effect("a stop during a stop joins it", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      let stops = 0
      const recorder = yield* newRecorder({
        onStopped: Effect.andThen(
          Effect.sync(() => stops++),
          gate.pass
        )
      })
      yield* recorder.start
      const stopping = [yield* forkNow(recorder.stop), yield* forkNow(recorder.stop)]
      yield* gate.reached
      expect(stopping.map((fiber) => fiber.pollUnsafe())).toEqual([undefined, undefined])
      yield* gate.open
      yield* Fiber.joinAll(stopping)
      expect(stops).toBe(1)
    })
  )

  it.effect("a start during a stop is InvalidState", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStopped: gate.pass })
      yield* recorder.start
      yield* forkNow(recorder.stop)
      yield* gate.reached
      expect(yield* Effect.flip(recorder.start)).toMatchObject(invalidState("Stopping"))
      yield* gate.open
    })
  )

  it.effect("a stop continues when a waiter is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStopped: gate.pass })
      yield* recorder.start
      const waiting = yield* forkNow(recorder.stop)
      yield* gate.reached
      yield* Fiber.interrupt(waiting)
      expect(yield* recorder.state).toBe("Stopping")
      const joined = yield* forkNow(recorder.stop)
      yield* gate.open
      yield* Fiber.join(joined)
      expect(yield* recorder.state).toBe("Stopped")
    })
  )

  it.effect("a stop requested during a start continues when its waiter is interrupted", () =>
    Effect.gen(function* () {
      const starting = yield* makeGate
      const stopping = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: starting.pass, onStopped: stopping.pass })
      yield* forkNow(recorder.start)
      yield* starting.reached
      yield* Fiber.interrupt(yield* forkNow(recorder.stop))
      yield* starting.open
      yield* stopping.reached
      expect(yield* recorder.state).toBe("Stopping")
      yield* stopping.open
    })
  )
})

onBothLayers("events for a stopping recorder", (it) => {
  it.effect("are refused while it stops and afterwards, and counted as notRunning", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStopped: gate.pass })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      const stopping = yield* forkNow(recorder.stop)
      yield* gate.reached
      expect(yield* Effect.flip(recorder.emit(tick()))).toMatchObject(invalidState("Stopping"))
      expect(recorder.emitUnsafe(tick())).toBe(false)
      yield* gate.open
      yield* Fiber.join(stopping)
      expect(yield* Effect.flip(recorder.emit(tick()))).toMatchObject(invalidState("Stopped"))
      expect(recorder.emitUnsafe(tick())).toBe(false)
      expect(yield* recorder.stats).toMatchObject({
        offered: 5,
        accepted: 1,
        refused: 4,
        refusedBy: { overflow: 0, invalid: 0, notRunning: 4 }
      })
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
    })
  )

  it.effect("are refused silently by the static emit, and counted", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.start
      yield* recorder.stop
      yield* Effect.provideService(Recorder.emit(tick()), Recorder, recorder)
      expect((yield* recorder.stats).refusedBy.notRunning).toBe(1)
    })
  )
})
