// An interrupted read causes no further work in process either, where no parts of it have to be received.

import { expect, it, vi } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { Metric, MetricsLayer } from "mvx-metrics"
import { SumPoints } from "../../src/internal/metric/instruments/counter.ts"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { newRecorder } from "../support/bothLayers.ts"

const events = Schema.TaggedUnion({ "many.work": { of: Schema.String } })
const Many = Metric.counter("many", { events, labels: ["of"], maxSeries: 10_000 })

it.effect("an interrupted read ends after the current step", () =>
  Effect.gen(function* () {
    const recorder = yield* newRecorder({ capacity: 10_000 })
    yield* recorder.register(Many)
    for (let i = 0; i < 5000; i++) yield* recorder.emit({ _tag: "many.work", of: `${i}` })
    yield* recorder.snapshot(Many, { labels: { of: "1" } })
    // Each look at the clock is past the end of a slice.
    let now = performance.now()
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 5))
    const points = vi.spyOn(SumPoints.prototype, "point")
    try {
      const reading = yield* Effect.forkChild(recorder.snapshots, { startImmediately: true })
      while (points.mock.calls.length === 0) yield* nextTurn
      yield* Fiber.interrupt(reading)
      const before = points.mock.calls.length
      for (let i = 0; i < 50; i++) yield* nextTurn
      expect(points.mock.calls.length).toBeLessThanOrEqual(before + 128)
    } finally {
      points.mockRestore()
      clock.mockRestore()
    }
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "test", logging: "silent" })))
)
