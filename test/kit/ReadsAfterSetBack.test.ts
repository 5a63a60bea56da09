// The clock is set back without an event that would show it to the metrics: then any read does.
import { expect } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime, Snapshot } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import {
  Derived,
  DerivedByQueue,
  done,
  Expiring,
  ExpiringLevels,
  Quantiles,
  Rate,
  RateOfN,
  Recent
} from "../support/kit.metrics.ts"

const metrics = [Rate, RateOfN, Recent, Quantiles, Expiring, ExpiringLevels, Derived, DerivedByQueue]
const Ahead = 8 * 3_600_000

type Recorder = Effect.Success<ReturnType<typeof newRecorder>>

const sourceOf = (recorder: Recorder) =>
  Effect.map(
    MetricsRuntime,
    (runtime) =>
      internalsOf(runtime)
        .sources()
        .find(({ recorderId }) => recorderId === recorder.recorderId)!
  )

/** Every way to read. */
const reads: { readonly [way: string]: (recorder: Recorder) => Effect.Effect<unknown, unknown, MetricsRuntime> } = {
  snapshots: (recorder) => recorder.snapshots,
  states: (recorder) => recorder.states,
  deltas: (recorder) => recorder.deltaReader.pipe(Effect.flatMap((reader) => reader.read)),
  exporters: (recorder) => Effect.flatMap(sourceOf(recorder), ({ shown }) => shown),
  "the live page": (recorder) => Effect.flatMap(sourceOf(recorder), ({ largest }) => largest(10)),
  scrapes: () => Prometheus.render()
}

onBothLayers(
  "reads without events after the clock was set back",
  (it) => {
    for (const [way, read] of Object.entries(reads)) {
      it.effect(`${way} let series expire, and nothing old appears when the clock returns`, () =>
        Effect.gen(function* () {
          const recorder = yield* newRecorder()
          for (const metric of metrics) yield* recorder.register(metric)
          const now = (Math.floor((yield* Clock.currentTimeMillis) / 60_000) + 1) * 60_000
          yield* TestClock.setTime(now + Ahead)
          yield* recorder.emit(done(7, "a"))
          yield* TestClock.setTime(now)
          yield* read(recorder)
          const shown = Effect.map(recorder.snapshots, (snapshots) =>
            metrics.map(({ name }) => snapshots[name]?.dimensions)
          )
          yield* TestClock.setTime(now + 29_999)
          yield* read(recorder)
          expect(
            (yield* recorder.snapshot(Expiring)).dimensions.series,
            "it lives on from the first read"
          ).toHaveLength(1)
          const nothing = { count: 0, sum: 0, min: null, max: null, average: null }
          const level = { labels: { queue: "a" }, perSecond: 0, living: 0 }
          const over = [
            { perSecond: 0, series: [{ labels: { queue: "a" }, perSecond: 0 }] },
            { perSecond: 0 },
            { ...nothing, series: [{ ...nothing, labels: { queue: "a" } }] },
            { count: 1, sum: 7, quantiles: { "0": null, "0.5": null, "1": null } },
            { value: 7, series: [] },
            { series: [] },
            { perSecond: 0, living: 0 },
            { perSecond: 0, living: 0, series: [level] }
          ]
          for (const at of [now + 30_000, now + Ahead]) {
            yield* TestClock.setTime(at)
            yield* read(recorder)
            expect(yield* shown).toEqual(over)
            const states = yield* recorder.states
            const merged = yield* Snapshot.merge(metrics, [states], at)
            expect(metrics.map(({ name }) => merged[name]?.dimensions)).toEqual(over)
          }
        })
      )
    }
  },
  [new URL("../support/kit.metrics.ts", import.meta.url)]
)
