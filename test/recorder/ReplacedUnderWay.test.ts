// A read in progress while its metric is replaced uses the definition that the metric had at the turn of the read, in
// all its data.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import { collect } from "../../src/internal/exporters/collect.ts"
import { liveData } from "../../src/internal/live/server/readRuntime.ts"
import { newRecorder } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { ProbeEvent, tick } from "../support/probe.metrics.ts"

const parts = {
  events: ProbeEvent,
  merge: (left: { n: number }, right: { n: number }) => ({ n: left.n + right.n }),
  minus: (left: { n: number }, right: { n: number }) => ({ n: left.n - right.n })
}

const Old = Metric.make("replaced", {
  ...parts,
  initial: { n: 0 },
  reduce: { "probe.tick": ({ n }) => ({ n: n + 1 }) },
  view: ({ n }) => ({ old: n })
})

/** Its view throws for a state of the old one. */
const New = Metric.make("replaced", {
  events: ProbeEvent,
  initial: { list: [] as ReadonlyArray<number> },
  reduce: { "probe.tick": ({ list }, { n }) => ({ list: [...list, n] }) },
  view: ({ list }) => ({ new: list.length }),
  minus: (later, earlier) => ({ list: later.list.slice(earlier.list.length) })
})

const held = Effect.gen(function* () {
  const gate = yield* makeGate
  const recorder = yield* newRecorder({ onStarting: gate.pass })
  yield* recorder.register(Old)
  return { gate, recorder }
})

const inProcess = Effect.provide(MetricsLayer.layerInProcess({ namespace: "test", logging: "silent" }))

describe("while its metric is replaced,", () => {
  it.effect("a delta shows the events until then by the old definition, and the next one those since", () =>
    Effect.gen(function* () {
      const { gate, recorder } = yield* held
      const { read } = yield* recorder.deltaReader
      yield* recorder.emit(tick(1))
      yield* recorder.emit(tick(2))
      const reading = yield* forkNow(read)
      yield* recorder.register(New, { replace: true })
      yield* recorder.emit(tick(3))
      yield* gate.open
      expect(yield* Fiber.join(reading)).toEqual({ replaced: { name: "replaced", dimensions: { old: 2 } } })
      expect(yield* read).toEqual({ replaced: { name: "replaced", dimensions: { new: 1 } } })
      yield* recorder.emit(tick(4))
      expect(yield* read).toEqual({ replaced: { name: "replaced", dimensions: { new: 1 } } })
    }).pipe(inProcess)
  )

  it.effect("a read of one metric has the requested definition", () =>
    Effect.gen(function* () {
      const { gate, recorder } = yield* held
      yield* recorder.emit(tick(1))
      const reading = yield* forkNow(recorder.snapshot(Old))
      yield* recorder.register(New, { replace: true })
      yield* gate.open
      expect((yield* Fiber.join(reading)).dimensions).toEqual({ old: 1 })
      expect(yield* Effect.flip(recorder.snapshot(Old))).toMatchObject({ _tag: "mvx-metrics/MetricNotRegistered" })
    }).pipe(inProcess)
  )

  it.effect("exporters and the live page have the data of the old one with its name and description", () =>
    Effect.gen(function* () {
      const { gate, recorder } = yield* held
      const runtime = yield* MetricsRuntime
      const Level = Metric.gauge("replaced", { events: ProbeEvent, when: "probe.tick", value: "n", unit: "s" })
      yield* recorder.emit(tick(7))
      const collecting = yield* forkNow(collect(runtime))
      const living = yield* forkNow(liveData(runtime, { maxRecorders: 9, maxSeries: 9 }))
      yield* recorder.register(Level, { replace: true })
      yield* gate.open
      const ofRecorder = (attributes: { readonly recorder?: unknown }) => attributes.recorder === recorder.recorderId
      const { all } = yield* Fiber.join(collecting)
      const [data] = all.filter(
        (each) =>
          each.data.name === "replaced" && each.data.points.some(({ attributes }) => ofRecorder(attributes as object))
      )
      expect(data?.data).toMatchObject({ unit: undefined, points: [{ value: 1, attributes: { dimension: "old" } }] })
      const live = (yield* Fiber.join(living)).recorders.find(({ recorderId }) => recorderId === recorder.recorderId)
      expect(live?.metrics).toMatchObject([{ kind: "custom", dimensions: { old: 1 } }])
    }).pipe(inProcess)
  )
})
