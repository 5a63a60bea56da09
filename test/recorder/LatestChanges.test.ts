import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { makeGate } from "../support/gate.ts"
import { listen } from "../support/listen.ts"
import { Notes, note, Ticks, tick } from "../support/probe.metrics.ts"

onBothLayers("the latest changes", (it) => {
  it.effect("never slow the fold, whatever the listener does, and the last one arrives", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ capacity: 100 })
      yield* recorder.register(Ticks)
      const { fiber, heard } = yield* listen(recorder.latestChanges, () => gate.pass)
      for (let round = 0; round < 20; round++) {
        for (let n = 0; n < 100; n++) recorder.emitUnsafe(tick())
        // The read is answered although the listener is held.
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(100 * (round + 1))
      }
      expect(yield* recorder.stats).toMatchObject({ applied: 2000, refused: 0, pending: 0 })
      yield* recorder.stop
      yield* gate.open
      yield* Fiber.join(fiber)
      expect(heard.length).toBeLessThan(2000)
      expect(heard.at(-1)).toMatchObject({
        recorderId: recorder.recorderId,
        tag: "probe.tick",
        sequence: 2000,
        snapshot: { name: Ticks.name, dimensions: { count: 2000 } }
      })
    })
  )

  it.effect("have the latest change of each metric", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.register(Notes)
      const { fiber, heard } = yield* listen(recorder.latestChanges, () => gate.pass)
      yield* recorder.emit(note("a"))
      for (let n = 0; n < 1000; n++) recorder.emitUnsafe(tick())
      yield* recorder.stop
      yield* gate.open
      yield* Fiber.join(fiber)
      const last = (name: string) => heard.findLast(({ snapshot }) => snapshot.name === name)
      expect(last(Notes.name)).toMatchObject({ sequence: 1, snapshot: { dimensions: { notes: ["a"] } } })
      expect(last(Ticks.name)).toMatchObject({ sequence: 1001, snapshot: { dimensions: { count: 1000 } } })
    })
  )

  it.effect("come in order, and reach a listener while the recorder runs", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const { heard } = yield* listen(recorder.latestChanges, ({ sequence }) =>
        sequence === 500 ? gate.pass : Effect.void
      )
      for (let n = 0; n < 500; n++) yield* recorder.emit(tick())
      yield* gate.reached
      const sequences = heard.map(({ sequence }) => sequence)
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
      expect(yield* recorder.state).toBe("Running")
    })
  )

  it.effect("leave listeners to every change with every change", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const latest = yield* listen(recorder.latestChanges)
      const every = yield* listen(recorder.changes)
      for (let n = 0; n < 1000; n++) recorder.emitUnsafe(tick())
      yield* recorder.stop
      yield* Fiber.joinAll([latest.fiber, every.fiber])
      expect(every.heard).toHaveLength(1000)
      expect(latest.heard.at(-1)).toMatchObject({ sequence: 1000 })
    })
  )
})
