// A set of metrics is registered as a whole or not at all.
import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Metric } from "mvx-metrics"
import { newRecorder, onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import { HttpEvent, request } from "../support/instruments.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"
import { Count, Shapes, Sum, Users } from "../support/shapes.metrics.ts"

const events = HttpEvent

const modules = [new URL("../support/shapes.metrics.ts", import.meta.url)]

const users = {
  events,
  initial: Users.initial,
  reduce: {
    "http.request": (state: Metric.State<typeof Users>, event: typeof HttpEvent.Type) =>
      Metric.reduce(Users, state, event)
  },
  view: (state: Metric.State<typeof Users>) => ({ users: state })
}

/** The definition `Users` once more. */
const SameUsers = Metric.make(Users.name, users)

/** Another definition of this name. */
const OtherUsers = Metric.make(Users.name, { ...users, unit: "{user}" })

const names = [Sum.name, "shape.set.count", Users.name]

onBothLayers(
  "a set of metrics",
  (it) => {
    it.effect("registers all of them, in its order", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Count)
        yield* recorder.register(Shapes)
        yield* recorder.emit(request({ seconds: 2, user: "Ann" }))
        const snapshots = yield* recorder.snapshots
        expect(Object.keys(snapshots)).toEqual([Count.name, ...names])
        expect(names.map((name) => snapshots[name]?.dimensions)).toEqual([
          { value: 2 },
          { value: 1 },
          { users: ["Ann"] }
        ])
        expect((yield* recorder.metrics).map(({ name }) => name)).toEqual([Count.name, ...names])
      })
    )

    it.effect("changes nothing when it is registered again, and neither does a part of it", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Sum)
        yield* recorder.emit(request({ seconds: 1 }))
        for (const part of [Shapes, Users, Shapes]) yield* recorder.register(part)
        yield* recorder.emit(request({ seconds: 2, user: "Ann" }))
        expect((yield* recorder.snapshot(Sum)).dimensions).toEqual({ value: 3 })
        expect((yield* recorder.snapshot(Users)).dimensions).toEqual({ users: ["Ann"] })
      })
    )

    it.effect("with one taken name registers none", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Users)
        expect(yield* reasonOf(recorder.register(Metric.combine(Sum, OtherUsers)))).toMatchObject({
          _tag: "mvx-metrics/MetricNameTaken",
          metric: Users.name
        })
        expect(yield* recorder.metrics).toEqual([Users])
        expect(Object.keys(yield* recorder.snapshots)).toEqual([Users.name])
      })
    )

    it.effect("replaces other metrics if requested; registered ones stay unchanged", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Shapes)
        yield* recorder.emit(request({ seconds: 1, user: "Ann" }))
        yield* recorder.register(Metric.combine(Sum, SameUsers), { replace: true })
        yield* recorder.emit(request({ seconds: 2, user: "Bob" }))
        expect((yield* recorder.snapshot(SameUsers)).dimensions).toEqual({ users: ["Bob"] })
        expect((yield* recorder.snapshot(Sum)).dimensions).toEqual({ value: 3 })
      })
    )
  },
  modules
)

layer(runtimeLayers(modules)["on the worker"]!)("a set, on the worker", (it) => {
  it.effect("with a metric that the worker does not know registers none", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const Unknown = Metric.counter("shape.unknown", { events })
      const error = yield* reasonOf(recorder.register(Metric.combine(Sum, Unknown)))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/UnknownMetric",
        metric: Unknown.name,
        known: expect.arrayContaining(names)
      })
      expect(yield* recorder.metrics).toEqual([])
      expect(yield* recorder.snapshots).toEqual({})
    })
  )
})
