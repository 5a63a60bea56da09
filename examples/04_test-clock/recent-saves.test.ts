// How to test a metric of your own: alone, as pure functions, and in a recorder under a TestClock.
import { describe, expect, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
import { type DocumentEvent, DocumentMetrics, RecentSaves } from "./recent-saves.metrics.ts"

const saved = (id: string): typeof DocumentEvent.Type => ({ _tag: "document.saved", id })

describe("recent saves, alone", () => {
  const state = Metric.fold(RecentSaves, [saved("a"), saved("b")], 0)

  it.each([
    { now: 0, shown: 2 },
    { now: 59_999, shown: 2 },
    { now: 60_000, shown: 0 }
  ])("shows $shown at $now ms", ({ now, shown }) => {
    expect(Metric.snapshot(RecentSaves, state, now).dimensions).toEqual({ last_minute: shown })
  })

  it("drops counts outside the window, so that its state does not grow", () => {
    expect(Metric.reduce(RecentSaves, state, saved("c"), 60_000)).toEqual({ "60": 1 })
  })
})

const runtimes = {
  "in process": MetricsLayer.layerInProcess({ namespace: "example.test" }),
  "on the worker": MetricsLayer.layerWorker({ namespace: "example.test" })
}

for (const [where, runtime] of Object.entries(runtimes)) {
  layer(Recorder.layer("documents").pipe(Layer.provide(runtime)))(`recent saves, ${where}`, (it) => {
    it.effect("leave the window as the clock moves, and not before", () =>
      Effect.gen(function* () {
        const metrics = yield* Recorder.register(DocumentMetrics)
        const shown = Effect.map(
          Recorder.use((recorder) => recorder.snapshot(RecentSaves)),
          ({ dimensions }) => dimensions.last_minute
        )
        yield* metrics.emit(saved("a"))
        yield* TestClock.adjust("30 seconds")
        yield* metrics.emit(saved("b"))
        expect(yield* shown).toBe(2)

        yield* TestClock.adjust("30 seconds")
        expect(yield* shown).toBe(1)

        yield* TestClock.adjust("1 hour")
        expect(yield* shown).toBe(0)
      })
    )
  })
}
