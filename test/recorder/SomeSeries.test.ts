// A few series of a metric can be read by their labels.
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { Metric, Recorder, type RecorderService } from "mvx-metrics"
import { TestRecorder } from "mvx-metrics/testing"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { All, Bytes, Durations, DurationsByUser, Requests, request } from "../support/instruments.metrics.ts"
import { ByQueue, DerivedByQueue, done, Failing, LastQueue, RateOfN } from "../support/kit.metrics.ts"

const modules = ["instruments", "kit"].map((name) => new URL(`../support/${name}.metrics.ts`, import.meta.url))

const emitAll = (recorder: RecorderService): void => {
  for (const method of ["GET", "PUT"] as const) {
    for (const user of ["ann", "bob", "cid", null]) recorder.emitUnsafe(request({ method, user, ok: user !== "bob" }))
    recorder.emitUnsafe(request({ method, user: "ann", bytes: 7 }))
  }
}

const byLabels = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Requests)
    emitAll(recorder)
    const read = (labels: Parameters<typeof recorder.snapshot>[1] & object) => recorder.snapshot(Requests, labels)

    expect((yield* read({ labels: { method: "PUT", user: "ann", ok: true } })).dimensions).toEqual({
      value: 2,
      series: [{ labels: { method: "PUT", ok: true, user: "ann" }, value: 2 }]
    })
    expect((yield* read({ labels: { user: "ann" } })).dimensions).toMatchObject({
      value: 4,
      series: [{ labels: { method: "GET" } }, { labels: { method: "PUT" } }]
    })
    expect((yield* read({ labels: { ok: false } })).dimensions).toMatchObject({ value: 2 })
    expect((yield* read({ labels: { user: null } })).dimensions).toMatchObject({ value: 2 })
    // 1 is not "1", and true is not "true".
    expect((yield* read({ labels: { ok: "true" } })).dimensions).toEqual({ value: 0, series: [] })
    expect((yield* read({ labels: {} })).dimensions).toEqual((yield* recorder.snapshot(Requests)).dimensions)
  })

const beyondTheLimit = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(DurationsByUser)
    emitAll(recorder)
    const { dimensions } = yield* recorder.snapshot(DurationsByUser, { labels: { user: "ann" } })
    expect(dimensions).toMatchObject({ count: 4, series: [{ labels: { user: "ann" }, count: 4 }] })
    expect(dimensions).not.toHaveProperty("overflow")
    expect((yield* recorder.snapshot(DurationsByUser, { labels: { user: "bob" } })).dimensions).toMatchObject({
      count: 0,
      series: []
    })
  })

const ofASet = (recorder: RecorderService) =>
  Effect.gen(function* () {
    const set = Metric.combine(Requests, Bytes)
    yield* recorder.register(set)
    emitAll(recorder)
    const snapshots = yield* recorder.snapshot(set, { labels: { user: "ann" } })
    expect(snapshots["http.requests"].dimensions.value).toBe(4)
    expect(snapshots["http.bytes"].dimensions.value).toBe(14)
  })

const withoutInstrument = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Metric.combine(DerivedByQueue, ByQueue))
    for (const queue of ["a", "a", "b"]) recorder.emitUnsafe(done(1, queue))
    const all = (yield* recorder.snapshot(DerivedByQueue)).dimensions as unknown as { series: ReadonlyArray<object> }
    const { dimensions } = yield* recorder.snapshot(DerivedByQueue, { labels: { queue: "a" } })
    expect(dimensions).toMatchObject({ living: 1, series: [all.series[0]] })
    expect((yield* recorder.snapshot(ByQueue, { labels: { queue: "a" } })).dimensions.value).toBe(2)
  })

/** Whether a metric is folded in place, derived, or written by hand. */
const withoutLabels = (recorder: RecorderService) =>
  Effect.gen(function* () {
    const metrics = [All, RateOfN, Failing, LastQueue]
    for (const metric of metrics) yield* recorder.register(metric)
    emitAll(recorder)
    for (const queue of ["a", "b"]) recorder.emitUnsafe(done(1, queue))
    for (const metric of metrics) {
      const { dimensions } = yield* recorder.snapshot(metric)
      expect((yield* recorder.snapshot(metric, { labels: {} })).dimensions).toEqual(dimensions)
    }
    expect((yield* recorder.snapshot(All, { labels: {} })).dimensions).toEqual({ value: 10 })
    expect((yield* recorder.snapshot(LastQueue, { labels: {} })).dimensions).toEqual({ value: "b" })
    expect(yield* recorder.state).toBe("Running")
  })

const filterByValue = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Requests)
    emitAll(recorder)
    const wanted = { user: "ann" }
    const labels = new Proxy(wanted, {})
    const reading = yield* Effect.forkChild(recorder.snapshot(Requests, { labels }), { startImmediately: true })
    wanted.user = "bob"
    expect((yield* Fiber.join(reading)).dimensions.value).toBe(4)
    expect((yield* recorder.snapshot(Requests, { labels })).dimensions.value).toBe(2)
  })

const refused = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Metric.combine(All, Requests, Durations))
    const why = (metric: Metric.Any, labels: unknown) =>
      Effect.map(Effect.exit(recorder.snapshot(metric, { labels } as never)), (exit) =>
        Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      )
    const argument = { _tag: "mvx-metrics/InvalidArgument", argument: "labels" }
    expect(yield* why(Requests, { usr: "ann" })).toMatchObject({
      ...argument,
      reason: expect.stringContaining('no label "usr", but method, ok, user. Did you mean "user"?')
    })
    expect(yield* why(All, { user: "ann" })).toMatchObject({
      ...argument,
      reason: expect.stringContaining("no labels")
    })
    for (const labels of [[], "ann", { user: ["ann"] }, { user: 1n }, null]) {
      expect(yield* why(Requests, labels)).toMatchObject(argument)
    }
    const unknown = yield* Effect.exit(recorder.snapshot(Requests, { label: {} } as never))
    expect(Exit.isFailure(unknown)).toBe(true)
    expect((yield* recorder.snapshot(Requests)).dimensions.value).toBe(0)
  })

const tests = {
  "returns the series with these values, and their total": byLabels,
  "leaves out the overflow": beyondTheLimit,
  "reads the metrics of a set": ofASet,
  "reads a metric without an instrument": withoutInstrument,
  "reads all of a metric without labels if it asks for none": withoutLabels,
  "takes the labels by value": filterByValue,
  "rejects labels that the metric does not have": refused
}

onBothLayers(
  "a read by labels",
  (it) => {
    for (const [name, test] of Object.entries(tests)) it.effect(name, () => Effect.flatMap(newRecorder(), test))
  },
  modules
)

describe("a read by labels, in a test", () => {
  for (const [name, test] of Object.entries(tests)) {
    it.effect(name, () => Effect.provide(Recorder.use(test), TestRecorder.layerSync()))
  }
})
