// A recorder made by Recorder.make: it has no runtime, and folds in process.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Recorder, type RecorderService } from "mvx-metrics"
import { recordLogs } from "../support/logs.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

it.effect("a recorder made alone has the same lifecycle as any other", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make()
    yield* recorder.register(Ticks)
    expect(yield* recorder.state).toBe("Idle")
    yield* recorder.emit(tick(1))
    yield* recorder.stop
    expect(yield* recorder.state).toBe("Stopped")
    yield* recorder.start
    yield* recorder.emit(tick(2))
    expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 3 })
  })
)

it.effect("its entity id is its id, and is generated if it is blank or missing", () =>
  Effect.gen(function* () {
    const given = yield* Recorder.make({ entityId: " document 7 " })
    expect([given.recorderId, given.entityId]).toEqual(["document 7", "document 7"])
    const generated = [yield* Recorder.make(), yield* Recorder.make({ entityId: " " })]
    for (const { entityId, recorderId } of generated) {
      expect(entityId.trim()).not.toBe("")
      expect(recorderId).toBe(entityId)
    }
    expect(generated[0]!.entityId).not.toBe(generated[1]!.entityId)
  })
)

it.effect("when its scope closes it folds the accepted events and runs onStopped, and then it is gone", () =>
  Effect.gen(function* () {
    const steps: Array<string> = []
    const recorder: RecorderService = yield* Effect.scoped(
      Effect.gen(function* () {
        const made = yield* Recorder.make({ onStopped: Effect.sync(() => void steps.push("stopped")) })
        yield* made.register(Ticks)
        for (let n = 0; n < 3000; n++) made.emitUnsafe(tick(n))
        return made
      })
    )
    expect(steps).toEqual(["stopped"])
    expect(yield* recorder.stats).toMatchObject({ state: "Stopped", accepted: 3000, applied: 3000, pending: 0 })
    expect(yield* Effect.flip(recorder.snapshots)).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
  })
)

it.effect("a stop that fails when its scope closes is logged, and fails nothing", () =>
  Effect.gen(function* () {
    const { layer, lines } = recordLogs()
    const use = Effect.flatMap(Recorder.make({ onStopped: Effect.fail("a closed sink") }), ({ start }) => start)
    yield* Effect.provide(Effect.scoped(use), layer)
    // The line is written at the next turn.
    yield* Effect.yieldNow
    const errors = lines.filter(({ level }) => level === "Error")
    expect(errors.map(({ text }) => text)).toEqual([expect.stringContaining("a closed sink")])
  })
)
