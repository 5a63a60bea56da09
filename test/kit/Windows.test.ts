// Time windows and expiring series: time comes from emitters and readers, so a TestClock controls it exactly, on both
// layers.
import { expect } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Prometheus from "mvx-metrics/Prometheus"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { done, dropped, Expiring, ExpiringLevels, Quantiles, Rate, RateOfN, Recent } from "../support/kit.metrics.ts"

/** Moves the clock to a full minute, where a slot of any of these windows begins, and says when that is. */
const fullMinute = Effect.gen(function* () {
  const start = (Math.floor((yield* Clock.currentTimeMillis) / 60_000) + 1) * 60_000
  yield* TestClock.setTime(start)
  return start
})

onBothLayers(
  "time-dependent metrics under a TestClock",
  (it) => {
    it.effect("a rate covers the last window: it begins, lasts and fades slot by slot", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Rate)
        yield* recorder.register(RateOfN)
        yield* fullMinute
        const both = Effect.gen(function* () {
          const { dimensions } = yield* recorder.snapshot(Rate)
          const perQueue = dimensions.series.map(({ labels, perSecond }) => [labels.queue, perSecond])
          return [dimensions.perSecond, Object.fromEntries(perQueue), (yield* recorder.snapshot(RateOfN)).dimensions]
        })
        expect(yield* both).toEqual([0, {}, { perSecond: 0 }])
        yield* recorder.emit(done(7, "a"))
        yield* recorder.emit(done(-2, "b"))
        yield* TestClock.adjust("999 millis")
        yield* recorder.emit(dropped(3, "a"))
        expect(yield* both).toEqual([0.3, { a: 0.2, b: 0.1 }, { perSecond: 0.8 }])
        yield* TestClock.adjust("1 millis")
        yield* recorder.emit(done(10, "a"))
        expect(yield* both).toEqual([0.4, { a: 0.3, b: 0.1 }, { perSecond: 1.8 }])
        // The first slot is in the window for the last millisecond; then what it had is gone.
        yield* TestClock.adjust("8999 millis")
        expect(yield* both).toEqual([0.4, { a: 0.3, b: 0.1 }, { perSecond: 1.8 }])
        yield* TestClock.adjust("1 millis")
        expect(yield* both).toEqual([0.1, { a: 0.1, b: 0 }, { perSecond: 1 }])
        yield* TestClock.adjust("1 hour")
        expect(yield* both).toEqual([0, { a: 0, b: 0 }, { perSecond: 0 }])
      })
    )

    it.effect("a window shows only the events in it", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Recent)
        yield* fullMinute
        const nothing = { count: 0, sum: 0, min: null, max: null, average: null }
        const shown = Effect.map(recorder.snapshot(Recent), ({ dimensions }) => dimensions)
        expect(yield* shown).toEqual({ ...nothing, series: [] })
        for (const n of [5, -1, 0.1, 0.2]) yield* recorder.emit(done(n))
        yield* TestClock.adjust("2 seconds")
        yield* recorder.emit(done(3))
        const all = { count: 5, sum: 5 - 1 + 0.1 + 0.2 + 3, min: -1, max: 5 }
        const own = { labels: { queue: "main" }, ...all, average: all.sum / 5 }
        expect(yield* shown).toEqual({ ...all, average: all.sum / 5, series: [own] })
        yield* TestClock.adjust("8 seconds")
        const last = { count: 1, sum: 3, min: 3, max: 3, average: 3 }
        expect(yield* shown).toEqual({ ...last, series: [{ labels: { queue: "main" }, ...last }] })
        yield* TestClock.adjust("2 seconds")
        expect(yield* shown).toEqual({ ...nothing, series: [{ labels: { queue: "main" }, ...nothing }] })
      })
    )

    it.effect("a summary has the quantiles of its window, and count and sum of all values", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Quantiles)
        yield* fullMinute
        const shown = Effect.map(recorder.snapshot(Quantiles), ({ dimensions }) => dimensions)
        expect(yield* shown).toEqual({ count: 0, sum: 0, quantiles: { "0": null, "0.5": null, "1": null } })
        yield* recorder.emit(done(1))
        yield* TestClock.adjust("6 seconds")
        for (const n of [10, 10, 20]) yield* recorder.emit(done(n))
        expect(yield* shown).toMatchObject({ count: 4, sum: 41, quantiles: { "0": 1, "1": 20 } })
        expect((yield* shown).quantiles["0.5"]).toBeCloseTo(10, 1)
        yield* TestClock.adjust("6 seconds")
        expect(yield* shown).toMatchObject({ count: 4, sum: 41, quantiles: { "0": 10, "1": 20 } })
        yield* TestClock.adjust("6 seconds")
        expect(yield* shown).toEqual({ count: 4, sum: 41, quantiles: { "0": null, "0.5": null, "1": null } })
      })
    )

    it.effect("a series expires when it had no event for the configured time; the total keeps its counts", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Expiring)
        yield* recorder.register(ExpiringLevels)
        const start = yield* fullMinute
        const counts = Effect.gen(function* () {
          const { dimensions } = yield* recorder.snapshot(Expiring)
          const { overflow, series, value } = dimensions
          return [value, Object.fromEntries(series.map(({ labels, value }) => [labels.queue, value])), overflow?.value]
        })
        yield* recorder.emit(done(1, "a"))
        yield* TestClock.adjust("10 seconds")
        yield* recorder.emit(done(2, "b"))
        yield* recorder.emit(done(4, "c"))
        expect(yield* counts).toEqual([7, { a: 1, b: 2 }, 4])
        yield* TestClock.adjust("19999 millis")
        expect(yield* counts).toEqual([7, { a: 1, b: 2 }, 4])
        yield* TestClock.adjust("1 millis")
        expect(yield* counts, "hidden from the very moment on, though no event has come").toEqual([7, { b: 2 }, 4])
        yield* recorder.emit(done(8, "d"))
        expect(yield* counts, "there is room for another one").toEqual([15, { b: 2, d: 8 }, 4])
        yield* TestClock.adjust("10 seconds")
        yield* recorder.emit(done(16, "a"))
        expect(yield* counts, "one that comes back begins anew").toEqual([31, { d: 8, a: 16 }, undefined])
        const levels = (yield* recorder.snapshot(ExpiringLevels)).dimensions.series
        expect(levels.map(({ at, labels, value }) => [labels.queue, value, at - start])).toEqual([
          ["d", 8, 30_000],
          ["a", 16, 40_000]
        ])
        yield* TestClock.adjust("1 hour")
        expect(yield* counts).toEqual([31, {}, undefined])
        expect((yield* recorder.snapshot(ExpiringLevels)).dimensions).toEqual({ series: [] })
      })
    )

    it.effect("every time-dependent metric is right one window after the clock was set back", () =>
      Effect.gen(function* () {
        const start = Math.ceil((yield* Clock.currentTimeMillis) / 60_000) * 60_000
        const ahead = start + 8 * 3_600_000
        yield* TestClock.setTime(ahead)
        const recorder = yield* newRecorder()
        for (const metric of [Rate, RateOfN, Recent, Quantiles, Expiring, ExpiringLevels]) {
          yield* recorder.register(metric)
        }
        for (const queue of ["a", "b"]) yield* recorder.emit(done(100, queue))
        yield* TestClock.setTime(start)
        const count = 30
        for (let i = 0; i < count; i++) {
          yield* recorder.emit(done(2, "a"))
          yield* TestClock.adjust("1 second")
        }
        const shown = (yield* recorder.snapshots) as unknown as {
          readonly [name: string]: { readonly dimensions: object }
        }
        const of = ({ name }: { readonly name: string }) => shown[name]!.dimensions
        // The reader is at the begin of a slot that has nothing yet.
        expect(of(Rate)).toMatchObject({ perSecond: 0.9 })
        expect(of(RateOfN)).toEqual({ perSecond: 1.8 })
        expect(of(Recent)).toMatchObject({ min: 2, max: 2 })
        expect(of(Quantiles)).toMatchObject({ count: count + 2, quantiles: { "0": 2, "1": 2 } })
        expect(of(Expiring)).toMatchObject({ value: 200 + 2 * count, series: [{ labels: { queue: "a" } }] })
        const at = start + (count - 1) * 1000
        expect(of(ExpiringLevels)).toEqual({ series: [{ labels: { queue: "a" }, value: 2, at }] })

        // And nothing of it comes back when the clock gets there by itself.
        yield* TestClock.setTime(ahead)
        expect((yield* recorder.snapshot(Rate)).dimensions).toMatchObject({ perSecond: 0 })
      })
    )

    it.effect("no metric reports a creation time in the future", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(9 * 3_600_000)
        const recorder = yield* newRecorder()
        yield* recorder.register(Quantiles)
        yield* recorder.emit(done(1))
        yield* TestClock.setTime(3_600_000)
        const text = yield* Prometheus.render("openmetrics")
        const created = text
          .split("\n")
          .filter((line) => line.includes("_created") && line.includes(recorder.recorderId))
        expect(created.map((line) => line.split(" ").at(-1))).toEqual(["3600"])
      })
    )
  },
  [new URL("../support/kit.metrics.ts", import.meta.url)]
)
