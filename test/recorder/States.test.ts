// The states of a recorder: plain data that includes every event accepted before, and can be merged.
import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { MetricsRuntime, type RecorderService, Snapshot } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { inAnyOrder } from "../support/inAnyOrder.ts"
import { request } from "../support/instruments.metrics.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { Count, Durations, Expiring, Latest, Longest, Opaque, Shapes, Sum, Users } from "../support/shapes.metrics.ts"

const modules = [new URL("../support/shapes.metrics.ts", import.meta.url)]
const all = [Count, Durations, Longest, Latest, Expiring, Sum] as const

/** The states themselves, without their definitions. */
const statesOf = (states: Snapshot.States) =>
  Object.fromEntries(Object.entries(states).map(([name, { state }]) => [name, state]))

const emit = (recorder: RecorderService, ...seconds: ReadonlyArray<number>) =>
  Effect.forEach(seconds, (each) => recorder.emit(request({ seconds: each, user: `u${each}` })), { discard: true })

onBothLayers(
  "the states of a recorder",
  (it) => {
    it.effect("include every event accepted before the request, and none after", () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ onStarting: gate.pass })
        yield* recorder.register(Sum)
        yield* emit(recorder, 1, 2, 3)
        const asked = yield* forkNow(recorder.states)
        yield* emit(recorder, 100)
        yield* gate.open
        expect(statesOf(yield* Fiber.join(asked))).toEqual({ [Sum.name]: 6 })
        expect(statesOf(yield* recorder.states)).toEqual({ [Sum.name]: 106 })
      })
    )

    it.effect("exist before the first event and after the stop", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Shapes)
        expect(statesOf(yield* recorder.states)).toEqual(
          Object.fromEntries(Shapes.metrics.map(({ initial, name }) => [name, initial]))
        )
        yield* emit(recorder, 2)
        yield* recorder.stop
        expect(statesOf(yield* recorder.states)).toMatchObject({ [Sum.name]: 2, [Users.name]: ["u2"] })
      })
    )

    it.effect("are those of one moment, which later events do not change", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of all) yield* recorder.register(metric)
        yield* emit(recorder, 1, 2)
        const states = yield* recorder.states
        const before = structuredClone(states)
        yield* emit(recorder, 3, 1)
        yield* recorder.states
        expect(states).toEqual(before)
      })
    )

    it.effect("survive JSON, and then show the same as the recorder", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of all) yield* recorder.register(metric)
        yield* emit(recorder, 0.5, 2, 0, 7)
        const states = yield* recorder.states
        const { at, snapshots } = yield* recorder.report
        const read = JSON.parse(JSON.stringify(states))
        expect(read).toEqual(states)
        expect(yield* Snapshot.merge(all, [read], at)).toEqual(snapshots)
      })
    )

    it.effect("of several recorders show together what one with all events would show", () =>
      Effect.gen(function* () {
        const parts = [yield* newRecorder(), yield* newRecorder(), yield* newRecorder()]
        const whole = yield* newRecorder()
        for (const recorder of [...parts, whole]) for (const metric of all) yield* recorder.register(metric)
        for (const [i, recorder] of parts.entries()) {
          for (const each of [recorder, whole]) yield* emit(each, i, 0.25, i * 4)
        }
        const states = yield* Effect.all(parts.map((recorder) => recorder.states))
        const { at, snapshots } = yield* whole.report
        expect(inAnyOrder(yield* Snapshot.merge(all, states, at))).toEqual(inAnyOrder(snapshots))
        expect(inAnyOrder(yield* Snapshot.merge(all, [yield* Snapshot.mergeStates(all, states)], at))).toEqual(
          inAnyOrder(snapshots)
        )
      })
    )

    it.effect("leave out one that cannot be cloned, whose metric stays in use", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Opaque, Sum]) yield* recorder.register(metric)
        yield* emit(recorder, 1, 1)
        expect(statesOf(yield* recorder.states)).toEqual({ [Sum.name]: 2 })
        expect(yield* recorder.snapshot(Opaque)).toEqual({ name: Opaque.name, dimensions: { value: 2 } })
      })
    )

    it.effect("of a removed recorder are gone with it, which is a typed error", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Sum)
        const { stopAndRemoveRecorder } = yield* MetricsRuntime
        yield* stopAndRemoveRecorder(recorder.recorderId)
        expect(yield* Effect.flip(recorder.states)).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
      })
    )
  },
  modules
)

onBothLayers("the beforeRemoval listener of a recorder", (it) => {
  it.effect("a listener is notified when it has stopped and can be read for the last time", () =>
    Effect.gen(function* () {
      const { beforeRemoval, stopAndRemoveRecorder } = yield* MetricsRuntime
      const recorder = yield* newRecorder()
      const told: Array<unknown> = []
      yield* beforeRemoval((removed) =>
        removed === recorder
          ? Effect.gen(function* () {
              told.push([yield* recorder.state, (yield* recorder.snapshot(Ticks)).dimensions])
              return yield* Effect.die("what becomes of it changes nothing")
            })
          : Effect.void
      )
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      yield* stopAndRemoveRecorder(recorder.recorderId)
      expect(told).toEqual([["Stopped", { count: 1, sum: 3 }]])
    })
  )
})
