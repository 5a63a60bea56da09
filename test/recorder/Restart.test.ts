import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

onBothLayers("a restarted recorder", (it) => {
  it.effect("keeps its metrics, their state, its counts and its sequence", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(1))
      yield* recorder.stop
      yield* Effect.ignore(recorder.emit(tick(100)))
      yield* recorder.start
      yield* recorder.emit(tick(2))
      expect(yield* recorder.report).toMatchObject({
        sequence: 2,
        snapshots: { [Ticks.name]: { dimensions: { count: 2, sum: 3 } } },
        stats: { state: "Running", offered: 3, accepted: 2, refused: 1, applied: 2, pending: 0 }
      })
    })
  )

  it.effect("does not start on an event: that is for idle ones", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.start
      yield* recorder.stop
      recorder.emitUnsafe(tick())
      expect(yield* recorder.state).toBe("Stopped")
    })
  )

  it.effect("runs its hooks each time", () =>
    Effect.gen(function* () {
      const steps: Array<string> = []
      const step = (name: string) => Effect.sync(() => void steps.push(name))
      const recorder = yield* newRecorder({ onStarting: step("starting"), onStopped: step("stopped") })
      for (let i = 0; i < 3; i++) {
        yield* recorder.start
        yield* recorder.stop
      }
      expect(steps).toEqual(["starting", "stopped", "starting", "stopped", "starting", "stopped"])
    })
  )

  it.effect("folds nothing before its hook onStarting has finished, as on the first start", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const steps: Array<string> = []
      let starts = 0
      const recorder = yield* newRecorder({
        onStarting: Effect.suspend(() => (++starts === 1 ? Effect.void : gate.pass)).pipe(
          Effect.andThen(Effect.sync(() => void steps.push("started")))
        ),
        onMetricChanged: ({ sequence }) => Effect.sync(() => void steps.push(`event ${sequence}`))
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.stop
      const starting = yield* forkNow(recorder.start)
      yield* gate.reached
      expect(yield* recorder.emit(tick())).toBe(true)
      yield* foldTurn
      yield* gate.open
      yield* Fiber.join(starting)
      yield* recorder.snapshots
      expect(steps).toEqual(["started", "event 1", "started", "event 2"])
    })
  )
})

onBothLayers("the snapshots of a recorder", (it) => {
  it.effect("can be read in every state", () =>
    Effect.gen(function* () {
      const starting = yield* makeGate
      const stopping = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: starting.pass, onStopped: stopping.pass })
      const read = Effect.all([
        recorder.state,
        Effect.map(recorder.snapshot(Ticks), ({ dimensions }) => dimensions.sum)
      ])
      yield* recorder.register(Ticks)
      expect(yield* read).toEqual(["Idle", 0])
      yield* forkNow(recorder.start)
      yield* starting.reached
      expect(yield* read).toEqual(["Starting", 0])
      yield* starting.open
      yield* recorder.emit(tick(5))
      yield* recorder.snapshots
      expect(yield* read).toEqual(["Running", 5])
      const stopped = yield* forkNow(recorder.stop)
      yield* stopping.reached
      expect(yield* read).toEqual(["Stopping", 5])
      yield* stopping.open
      yield* Fiber.join(stopped)
      expect(yield* read).toEqual(["Stopped", 5])
    })
  )

  it.effect("wait for the start if they must include an event accepted before", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: gate.pass })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      const reading = yield* forkNow(recorder.snapshot(Ticks))
      yield* gate.reached
      expect(reading.pollUnsafe()).toBeUndefined()
      yield* gate.open
      expect((yield* Fiber.join(reading)).dimensions).toEqual({ count: 1, sum: 3 })
    })
  )
})
