// Effect's own OTLP exporter with the registry: with delta temporality it subtracts the last value sent with the same
// attributes, and forgets series that were missing.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Metric as EffectMetric, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { OtlpExporter, OtlpMetrics, OtlpSerialization, PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import { HitEvent, Hits, hit, Sizes, Spread } from "../support/expiring.metrics.ts"
import { makeSink, pointsOf } from "../support/sink.ts"

const exporting = Effect.gen(function* () {
  const sink = yield* makeSink()
  const layer = OtlpMetrics.layer({
    url: sink.url,
    resource: { serviceName: "test" },
    temporality: "delta",
    exportInterval: "100 hours"
  }).pipe(
    Layer.provideMerge(OtlpExporter.layerFlusher),
    Layer.provide([OtlpSerialization.layerJson, FetchHttpClient.layer]),
    Layer.provideMerge(EffectMetrics.layer({ interval: "100 hours" })),
    Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.effect", logging: "silent" })),
    Layer.provideMerge(Layer.succeed(EffectMetric.MetricRegistry, new Map()))
  )
  const sent = Effect.andThen(
    Effect.flatMap(OtlpExporter.Flusher, (flusher) => flusher.flush),
    sink.next
  )
  return { layer, sent, refreshed: Effect.andThen(EffectMetrics.refresh, sent) }
})

const recorder = Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder("r"))

describe("Effect's delta exporter", () => {
  it.effect("sends everything since the last export, whatever became of the series", () =>
    Effect.gen(function* () {
      const { layer, refreshed } = yield* exporting
      yield* Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        let { emit, register, reset } = yield* recorder
        for (const metric of [Hits, Sizes, Spread]) yield* register(metric)
        const visit = (n: number, times: number) =>
          Effect.forEach(Array.from({ length: times }), () => emit(hit("a", n)), { discard: true })
        const expectSent = (count: number, sum: number, bucketCounts: ReadonlyArray<number>) =>
          Effect.map(refreshed, (all) => {
            expect(pointsOf(all, "hits")).toMatchObject([{ asDouble: count }])
            expect(pointsOf(all, "hits.sizes")).toMatchObject([{ count, sum, bucketCounts }])
            expect(pointsOf(all, "hits.spread")).toMatchObject([{ count, sum }])
          })

        yield* visit(1, 5)
        yield* expectSent(5, 5, [5, 0, 0])
        // It expires, and is there again before the registry is brought up to date.
        yield* TestClock.adjust("2 minutes")
        yield* visit(3, 7)
        yield* expectSent(7, 21, [0, 7, 0])
        yield* reset()
        yield* visit(9, 8)
        yield* expectSent(8, 72, [0, 0, 8])
        yield* runtime.stopAndRemoveRecorder("r")
        ;({ emit, register, reset } = yield* recorder)
        for (const metric of [Hits, Sizes, Spread]) yield* register(metric)
        yield* visit(1, 9)
        yield* expectSent(9, 9, [9, 0, 0])
        // It has gone, and an export saw that.
        yield* TestClock.adjust("2 minutes")
        expect(pointsOf(yield* refreshed, "hits")).toEqual([])
        yield* visit(1, 4)
        yield* expectSent(4, 4, [4, 0, 0])
        // It has gone, and nobody saw that.
        yield* TestClock.adjust("2 minutes")
        yield* EffectMetrics.refresh
        yield* visit(1, 6)
        yield* expectSent(6, 6, [6, 0, 0])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("has buckets of an exponential histogram that match their boundaries after rescaling", () =>
    Effect.gen(function* () {
      const { layer, refreshed } = yield* exporting
      yield* Effect.gen(function* () {
        const { emit, register } = yield* recorder
        yield* register(Spread)
        for (const values of [
          [1.01, 1.02],
          [0.001, 1e6, 3],
          [1.01, 70_000]
        ]) {
          for (const n of values) yield* emit(hit("a", n))
          const [point] = pointsOf(yield* refreshed, "hits.spread")
          const { bucketCounts, explicitBounds } = point as unknown as Record<string, ReadonlyArray<number>>
          let total = 0
          for (const [i, boundary] of explicitBounds!.entries()) {
            total += bucketCounts![i]!
            expect(total, `up to ${boundary}`).toBe(values.filter((n) => n <= boundary).length)
          }
          expect(total + bucketCounts!.at(-1)!).toBe(values.length)
        }
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("never sends values below 0 when a histogram is replaced by one with other buckets", () =>
    Effect.gen(function* () {
      const { layer, refreshed } = yield* exporting
      const sizes = (boundaries: ReadonlyArray<number>) =>
        Metric.histogram("sizes", { events: HitEvent, value: "n", boundaries })
      yield* Effect.gen(function* () {
        const { emit, register } = yield* recorder
        yield* register(sizes([2, 5]))
        for (const n of [1, 1, 3]) yield* emit(hit("a", n))
        const shown = Effect.map(refreshed, (all) =>
          pointsOf(all, "sizes").map(({ bucketCounts, count, explicitBounds }) => [explicitBounds, bucketCounts, count])
        )
        expect(yield* shown).toEqual([[[2, 5], [2, 1, 0], 3]])
        yield* register(sizes([4, 9]), { replace: true })
        yield* emit(hit("a", 1))
        // The exporter has to see first that the other one is gone.
        expect(yield* shown).toEqual([])
        yield* emit(hit("a", 5))
        expect(yield* shown).toEqual([[[4, 9], [1, 1, 0], 2]])
        yield* emit(hit("a", 5))
        expect(yield* shown).toEqual([[[4, 9], [0, 1, 0], 1]])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("has no sum once a value was below 0", () =>
    Effect.gen(function* () {
      const { layer, refreshed } = yield* exporting
      yield* Effect.gen(function* () {
        const { emit, register } = yield* recorder
        yield* register(Metric.histogram("classic", { events: HitEvent, value: "n", boundaries: [1, 10] }))
        yield* register(Metric.average("mean", { events: HitEvent, value: "n" }))
        for (const [n, sum] of [
          [5, 5],
          [-2, "NaN"],
          [90, "NaN"]
        ] as const) {
          yield* emit(hit("a", n))
          const all = yield* refreshed
          expect(pointsOf(all, "classic")).toMatchObject([{ count: 1, sum }])
          expect(pointsOf(all, "mean")).toMatchObject([{ sum }])
        }
        const text = yield* PrometheusMetrics.format()
        expect(text).toMatch(/^classic_sum\{.*\} NaN$/m)
        expect(text).toMatch(/^classic_count\{.*\} 3$/m)
      }).pipe(Effect.provide(layer))
    })
  )
})
