// Effect's registry shows what the snapshots show, as of the last refresh.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Metric as EffectMetric, Layer } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { badInputOf } from "../support/badInput.ts"
import { HitEvent, hit } from "../support/expiring.metrics.ts"
import { all, done, Jobs, waiting } from "../support/exported.metrics.ts"
import { alone } from "../support/ownRegistry.ts"

const Exported = EffectMetrics.layer({ interval: "30 seconds" }).pipe(
  Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.effect", logging: "silent" }))
)

const shown = Effect.map(EffectMetric.snapshot, (snapshots) =>
  snapshots
    .filter(({ id }) => !id.startsWith("mvx_metrics."))
    .map(({ attributes: { namespace: _namespace, recorder: _, ...attributes } = {}, id, state, type }) => ({
      id,
      type,
      attributes,
      state
    }))
)

const newRecorder = Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder("one"))

describe("Effect's registry", () => {
  it.effect("contains metrics of all kinds", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder
      for (const metric of all) yield* recorder.register(metric)
      for (const seconds of [0.2, 3, 7]) yield* recorder.emit(done(seconds, "a"))
      yield* recorder.emit(done(1, null, false))
      yield* recorder.emit(waiting(-3))
      yield* EffectMetrics.refresh
      const series = yield* shown
      const ofId = (id: string) => series.filter((each) => each.id === id).map(({ id: _, ...rest }) => rest)

      const unit = "{job}"
      expect(ofId("jobs")).toEqual([
        { type: "Counter", attributes: { unit, queue: "a", ok: "true" }, state: { count: 3, incremental: true } },
        { type: "Counter", attributes: { unit, queue: "", ok: "false" }, state: { count: 1, incremental: true } }
      ])
      expect(ofId("jobs.waiting")).toEqual([{ type: "Gauge", attributes: {}, state: { value: -3 } }])
      expect(ofId("jobs.latest")).toEqual([{ type: "Gauge", attributes: { unit: "s" }, state: { value: 1 } }])
      expect(ofId("jobs.time")[0]).toEqual({
        type: "Histogram",
        attributes: { unit: "s", queue: "a" },
        state: {
          count: 3,
          sum: 10.2,
          min: 0.2,
          max: 7,
          buckets: [
            [0.5, 1],
            [5, 2],
            [Number.POSITIVE_INFINITY, 3]
          ]
        }
      })
      const { buckets } = ofId("jobs.spread")[0]!.state as EffectMetric.HistogramState
      for (const [boundary, count] of buckets) {
        expect(count).toBe([0.2, 3, 7].filter((seconds) => seconds <= boundary).length)
      }
      expect(buckets.length).toBeGreaterThan(4)
      expect(ofId("jobs.quantiles")[0]).toMatchObject({ type: "Summary", state: { count: 4, sum: 11.2 } })
      expect(ofId("jobs.queues")).toContainEqual({
        type: "Counter",
        attributes: { value: "a" },
        state: { count: 3, incremental: true }
      })
      expect(ofId("jobs.few")).toContainEqual({
        type: "Counter",
        attributes: { "otel.metric.overflow": "true" },
        state: { count: 1, incremental: true }
      })
      expect(ofId("jobs.by_hand")).toContainEqual({
        type: "Gauge",
        attributes: { dimension: "good" },
        state: { value: 3 }
      })
      expect(yield* PrometheusMetrics.format()).toContain(
        'jobs{recorder="one",namespace="test.effect",queue="a",ok="true"} 3\n'
      )
    }).pipe(Effect.provide(Exported), alone)
  )

  it.effect("is updated at intervals, and by a refresh", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder
      yield* recorder.register(Jobs)
      yield* recorder.emit(done(1))
      expect(yield* shown).toEqual([])
      yield* TestClock.adjust("30 seconds")
      // It is converted in steps, which a busy machine spreads over turns of the event loop.
      yield* Effect.repeat(Effect.andThen(nextTurn, shown), { until: (all) => all.length > 0 })
      expect(yield* shown).toMatchObject([{ state: { count: 1 } }])
      yield* recorder.emit(done(1))
      expect(yield* shown).toMatchObject([{ state: { count: 1 } }])
      yield* EffectMetrics.refresh
      expect(yield* shown).toMatchObject([{ state: { count: 2 } }])
    }).pipe(Effect.provide(Exported), alone)
  )

  it.effect("drops a series that has ended, and all series with the layer", () =>
    Effect.gen(function* () {
      const registry = yield* EffectMetric.MetricRegistry
      const { refresh } = yield* Effect.gen(function* () {
        const recorder = yield* newRecorder
        yield* recorder.register(Jobs)
        yield* recorder.emit(done(1))
        yield* EffectMetrics.refresh
        expect(yield* shown).toHaveLength(1)
        yield* recorder.reset()
        yield* EffectMetrics.refresh
        expect(yield* shown).toEqual([])
        expect(registry.size).toBeGreaterThan(0)
        return yield* EffectMetrics.EffectMetrics
      }).pipe(Effect.provide(Exported))
      expect(registry.size).toBe(0)
      yield* refresh
      expect(registry.size).toBe(0)
    }).pipe(alone)
  )

  it.effect("includes the counts of removed recorders with the same id until they have been read", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const made = Effect.tap(newRecorder, (recorder) => recorder.register(Jobs))
      const count = (recorder: Effect.Success<typeof made>, times: number) =>
        Effect.forEach(Array.from({ length: times }), () => recorder.emit(done(1)), { discard: true })
      const counted = Effect.map(shown, (all) =>
        all.map(({ state }) => (state as EffectMetric.CounterState<number>).count)
      )
      const refreshed = Effect.andThen(EffectMetrics.refresh, counted)
      const first = yield* made
      yield* count(first, 2)
      expect(yield* refreshed).toEqual([2])
      yield* count(first, 3)
      yield* runtime.stopAndRemoveRecorder("one")
      // Nobody reads the registry between these.
      yield* EffectMetrics.refresh
      yield* EffectMetrics.refresh
      expect(yield* counted).toEqual([5])
      const second = yield* made
      yield* count(second, 1)
      expect(yield* refreshed).toEqual([6])
      yield* count(second, 4)
      yield* runtime.stopAndRemoveRecorder("one")
      yield* count(yield* made, 1)
      expect(yield* refreshed).toEqual([11])
      yield* runtime.stopAndRemoveRecorder("one")
      expect(yield* refreshed).toEqual([11])
      expect(yield* refreshed).toEqual([])
    }).pipe(Effect.provide(Exported), alone)
  )

  it.effect("shows the last states of at most 2000 series of a metric, while nobody reads it", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const Latest = Metric.gauge("latest", { events: HitEvent, value: "n", labels: ["page"], maxSeries: 1500 })
      for (const id of ["one", "two"]) {
        const recorder = yield* runtime.createRecorder(id)
        yield* recorder.register(Latest)
        for (let page = 0; page < 1500; page++) yield* recorder.emit(hit(`${page}`, 1))
        yield* runtime.stopAndRemoveRecorder(id)
      }
      yield* EffectMetrics.refresh
      expect((yield* shown).filter(({ id }) => id === "latest")).toHaveLength(2000)
      yield* EffectMetrics.refresh
      expect(yield* shown).toEqual([])
    }).pipe(Effect.provide(Exported), alone)
  )

  it.effect("rejects an invalid interval", () =>
    Effect.gen(function* () {
      const Wrong = EffectMetrics.layer({ interval: "soon" as never }).pipe(
        Layer.provide(MetricsLayer.layerInProcess({ namespace: "test.effect" }))
      )
      expect(yield* badInputOf(Layer.build(Wrong))).toMatchObject({ argument: "interval" })
    }).pipe(Effect.scoped)
  )
})
