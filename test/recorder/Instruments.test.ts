// A recorder folds built-in metrics to the same state as their reducers, on both layers, with or without a listener.
import { expect, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Metric } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import {
  HttpEvent as events,
  Faulty,
  type HttpEvent,
  instruments,
  request,
  upload
} from "../support/instruments.metrics.ts"
import { listen } from "../support/listen.ts"
import { reasonOf } from "../support/registerReason.ts"

const metrics = [new URL("../support/instruments.metrics.ts", import.meta.url)]

/** Events of all kinds; of some, what is measured is no number or is not there. */
const all: ReadonlyArray<HttpEvent> = Array.from({ length: 300 }, (_, i): HttpEvent => {
  if (i % 10 === 9) return { _tag: "http.closed" }
  if (i % 10 === 8) return upload(i / 50, ...Array.from({ length: i % 4 }, (_, part) => part))
  const user = [undefined, null, "Ann", "Bob", "x".repeat(300)][i % 5]
  const bytes = [null, undefined, 5, -1, NaN, -0][i % 6]
  const seconds = i % 40 === 7 ? NaN : i % 40 === 11 ? -Infinity : (i % 23) / 10
  return request({ method: i % 3 === 0 ? "PUT" : "GET", ok: i % 4 > 0, seconds, ...(i % 5 > 0 && { user }), bytes })
})

/** What the reducers say, each event emitted a second after the one before. */
const expected = Object.fromEntries(
  instruments.map((metric: Metric.Any) => {
    const state = all.reduce((state, event, i) => Metric.reduce(metric, state, event, i * 1000), metric.initial)
    return [metric.name, Metric.snapshot(metric, state)]
  })
)

const emitAll = (recorder: Effect.Success<ReturnType<typeof newRecorder>>) =>
  Effect.gen(function* () {
    const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    for (const [i, event] of all.entries()) {
      yield* TestClock.setTime(start + i * 1000)
      yield* recorder.emit(event)
    }
    return start
  })

/** Moves the times that a gauge shows back to where the clock began. */
const since = (start: number, snapshots: object): unknown =>
  JSON.parse(JSON.stringify(snapshots), (key, value) => (key === "at" && value !== null ? value - start : value))

onBothLayers(
  "built-in metrics",
  (it) => {
    it.effect("show the same as their reducers", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of instruments) yield* recorder.register(metric)
        const start = yield* emitAll(recorder)
        const { snapshots, stats } = yield* recorder.report
        expect(since(start, snapshots)).toEqual(since(0, expected))
        expectBalanced(stats)
        expect(stats).toMatchObject({ applied: all.length, ignored: 0 })
      })
    )

    it.effect("show the same while someone listens, and report each event that concerned them", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of instruments) yield* recorder.register(metric)
        const { fiber, heard } = yield* listen(recorder.changes)
        const start = yield* emitAll(recorder)
        const { snapshots } = yield* recorder.report
        expect(since(start, snapshots)).toEqual(since(0, expected))
        yield* recorder.stop
        yield* Fiber.join(fiber)
        for (const metric of instruments as ReadonlyArray<Metric.Any>) {
          const own = heard.filter(({ snapshot }) => snapshot.name === metric.name)
          const concerned = all.filter((event) => Metric.reduce(metric, metric.initial, event) !== metric.initial)
          expect(own.map(({ tag }) => tag)).toEqual(concerned.map(({ _tag }) => _tag))
          expect(own.at(-1)?.snapshot).toEqual(snapshots[metric.name])
        }
      })
    )

    it.effect("that are registered later measure from then on", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        const [All, Requests] = instruments
        yield* recorder.register(All)
        yield* recorder.emit(request())
        yield* recorder.register(Requests)
        yield* recorder.emit(request())
        const { snapshots } = yield* recorder.report
        expect([snapshots[All.name]?.dimensions, snapshots[Requests.name]?.dimensions]).toMatchObject([
          { value: 2 },
          { value: 1 }
        ])
      })
    )

    it.effect("an event that none of them measures is ignored", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        const Bytes = instruments[2]
        yield* recorder.register(Bytes)
        for (const bytes of [null, undefined, 5, NaN]) yield* recorder.emit(request({ bytes }))
        yield* recorder.emit(upload(1))
        const { snapshots, stats } = yield* recorder.report
        expect(snapshots[Bytes.name]?.dimensions).toMatchObject({ value: 5, rejected: 1 })
        expect(stats).toMatchObject({ applied: 2, ignored: 3 })
      })
    )

    it.effect("a metric whose function throws is quarantined from then on, and the others continue", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        const [All] = instruments
        yield* recorder.register(All)
        yield* recorder.register(Faulty)
        for (const user of ["Ann", "nobody", "Bob"]) yield* recorder.emit(request({ user }))
        const { snapshots } = yield* recorder.report
        expect(snapshots[All.name]).toEqual({ name: All.name, dimensions: { value: 3 } })
        expect(snapshots[Faulty.name]).toEqual({
          name: Faulty.name,
          dimensions: { value: 1, series: [{ labels: { user: "Ann" }, value: 1 }] },
          quarantine: { error: expect.stringContaining("not to be named"), missed: 2 }
        })
      })
    )
  },
  metrics
)

layer(runtimeLayers(metrics)["on the worker"]!)("a built-in metric that differs on the worker in its", (it) => {
  it.effect.each<readonly [string, object, string]>([
    ["other labels", { labels: ["method", "user", "ok"] }, "labels"],
    ["another limit", { maxSeries: 5 }, "maxSeries"],
    ["another value", { value: "seconds" }, "value"],
    ["other events", { when: undefined }, "when"]
  ])("%s is rejected, and the difference is named", ([, options, part]) =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const own = { events, when: "http.request", labels: ["method", "ok", "user"], ...options }
      const error = yield* reasonOf(recorder.register(Metric.counter("http.requests", own as never)))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/DefinitionMismatch",
        differences: expect.arrayContaining([part])
      })
    })
  )

  it.effect("buckets, of another kind, is rejected as well", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const options = { events, when: ["http.request", "http.upload"], value: "seconds", unit: "s" } as const
      const differences = (other: Metric.Any) =>
        Effect.map(reasonOf(recorder.register(other)), (reason) => "differences" in reason && reason.differences)
      const finer = Metric.histogram("http.durations", { ...options, boundaries: [1] })
      expect(yield* differences(finer)).toEqual(["boundaries"])
      expect(yield* differences(Metric.gauge("http.durations", options))).toEqual(["kind", "boundaries", "mode"])
      yield* recorder.register(Metric.histogram("http.durations", options))
    })
  )
})
