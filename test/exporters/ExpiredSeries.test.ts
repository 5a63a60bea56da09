// A series that expires and returns is a new one: it counts from its first event since then, and its previous counts
// are exported once.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Metric, MetricsRuntime } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import { runtimeLayers } from "../support/bothLayers.ts"
import { expiring, Few, Hits, hit } from "../support/expiring.metrics.ts"
import { flush } from "../support/otlpExport.ts"
import { makeSink, pointsOf, type Sunk } from "../support/sink.ts"

const runtimes = runtimeLayers([new URL("../support/expiring.metrics.ts", import.meta.url)])

/** Each point as its attributes but namespace and recorder, its interval in seconds, and its number. */
const shown = (sunk: Sunk, name: string) =>
  pointsOf(sunk, name).map(({ asDouble, attributes = [], count, startTimeUnixNano, timeUnixNano }) => [
    attributes
      .filter(({ key }) => key !== "recorder" && key !== "namespace")
      .map(({ value }) => Object.values(value)[0]),
    [startTimeUnixNano, timeUnixNano].map((nanos) => Number(nanos) / 1e9),
    asDouble ?? Number(count)
  ])

it.effect("a series keeps its number among series whose labels have the same text, whichever of them exist", () =>
  Effect.gen(function* () {
    const events = Schema.TaggedUnion({ hit: { page: Schema.Union([Schema.String, Schema.Number, Schema.Null]) } })
    const Hits = Metric.counter("hits", { events, labels: ["page"], expireAfter: "1 minute" })
    const recorder = yield* Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder("r"))
    yield* recorder.register(Hits)
    const visit = (page: string | number, times: number) =>
      Effect.forEach(Array.from({ length: times }), () => recorder.emit({ _tag: "hit", page }), { discard: true })
    const samples = Effect.map(Prometheus.render("text"), (text) =>
      text.split("\n").filter((line) => line.startsWith("hits_total"))
    )
    const first = 'hits_total{recorder="r",namespace="test.in_process",page="1"}'
    const second = 'hits_total{recorder="r",namespace="test.in_process",page="1",duplicate="2"}'
    yield* visit(1, 5)
    expect(yield* samples).toEqual([`${first} 5`])
    yield* visit("1", 7)
    expect(yield* samples).toEqual([`${first} 5`, `${second} 7`])
    yield* TestClock.adjust("50 seconds")
    yield* visit("1", 1)
    yield* TestClock.adjust("30 seconds")
    expect(yield* samples).toEqual([`${second} 8`])
    yield* visit(1, 2)
    expect(yield* samples).toEqual(expect.arrayContaining([`${first} 2`, `${second} 8`]))
    yield* TestClock.adjust("2 minutes")
    expect(yield* samples).toEqual([])
    // Both have gone, and come back in the other order.
    yield* visit("1", 3)
    yield* visit(1, 4)
    expect(yield* samples).toEqual([`${second} 3`, `${first} 4`])
  }).pipe(Effect.provide(runtimes["in process"]!))
)

const both = ["in process", "on the worker"] as const
type Where = (typeof both)[number]

describe("an exported series", () => {
  const exporting = (temporality: "cumulative" | "delta", where: Where = "in process") =>
    Effect.map(makeSink(), (sink) => ({
      sink,
      layer: Otlp.layerJson({ url: sink.url, temporality, exportInterval: "100 hours" }).pipe(
        Layer.provideMerge(runtimes[where]!),
        Layer.provide(FetchHttpClient.layer)
      )
    }))

  const recorder = Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder("r"))

  it.effect.each(["delta", "cumulative"] as const)("gets a new start time when it returns: %s", (temporality) =>
    Effect.gen(function* () {
      const { layer, sink } = yield* exporting(temporality)
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const { emit, register } = yield* recorder
        yield* register(Hits)
        yield* TestClock.setTime(1_010_000)
        for (let i = 0; i < 5; i++) yield* emit(hit("a"))
        yield* TestClock.setTime(1_020_000)
        yield* flush
        expect(shown(yield* sink.next, "hits")).toEqual([[["a"], [1010, 1020], 5]])

        yield* TestClock.setTime(1_100_000)
        for (let i = 0; i < 7; i++) yield* emit(hit("a"))
        yield* TestClock.setTime(1_101_000)
        yield* flush
        expect(shown(yield* sink.next, "hits")).toEqual([[["a"], [1100, 1101], 7]])

        yield* emit(hit("a"))
        yield* TestClock.setTime(1_102_000)
        yield* flush
        const [start, value] = temporality === "delta" ? [1101, 1] : [1100, 8]
        expect(shown(yield* sink.next, "hits")).toEqual([[["a"], [start, 1102], value]])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect.each(both)("reports events after the last export as expired when it has gone, for each kind, %s", (where) =>
    Effect.gen(function* () {
      const { layer, sink } = yield* exporting("delta", where)
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const { emit, register } = yield* recorder
        for (const metric of expiring) yield* register(metric)
        yield* emit(hit("a", 1))
        yield* TestClock.setTime(1_001_000)
        yield* flush
        yield* sink.next
        for (const n of [2, 3, 9]) yield* emit(hit("a", n))
        yield* TestClock.setTime(1_100_000)
        yield* emit(hit("b", 1))
        yield* TestClock.setTime(1_101_000)
        yield* flush
        const second = yield* sink.next
        for (const name of ["hits", "hits.sizes", "hits.spread"]) {
          expect(shown(second, name)).toEqual([
            [["b"], [1100, 1101], 1],
            [[true], [1001, 1101], 3]
          ])
        }
        expect(shown(second, "hits.pages")).toEqual([
          [["b", "b"], [1100, 1101], 1],
          [[true], [1001, 1101], 3]
        ])
        expect(pointsOf(second, "hits.sizes")[1]).toMatchObject({ sum: 14, bucketCounts: [1, 1, 1] })
        yield* flush
        expect(shown(yield* sink.next, "hits")).toEqual([])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("for the overflow expires and returns like any other", () =>
    Effect.gen(function* () {
      const { layer, sink } = yield* exporting("delta")
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const { emit, register } = yield* recorder
        yield* register(Few)
        for (const page of ["a", "b", "c"]) yield* emit(hit(page))
        yield* TestClock.setTime(1_001_000)
        yield* flush
        expect(shown(yield* sink.next, "hits.few")).toEqual([
          [["a"], [1000, 1001], 1],
          [[true], [1000, 1001], 2]
        ])
        yield* TestClock.setTime(1_050_000)
        yield* emit(hit("a"))
        yield* TestClock.setTime(1_100_000)
        for (let i = 0; i < 3; i++) yield* emit(hit("d"))
        yield* flush
        expect(shown(yield* sink.next, "hits.few")).toEqual([
          [["a"], [1001, 1100], 1],
          [[true], [1100, 1100], 3]
        ])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("that has expired, but is not yet removed, reports the rest with its own labels", () =>
    Effect.gen(function* () {
      const { layer, sink } = yield* exporting("delta")
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const { emit, register } = yield* recorder
        yield* register(Hits)
        yield* emit(hit("a"))
        yield* TestClock.setTime(1_001_000)
        yield* flush
        yield* sink.next
        yield* emit(hit("a"))
        for (const [at, expected] of [
          [1_100_000, [[["a"], [1001, 1100], 1]]],
          [1_101_000, []]
        ] as const) {
          yield* TestClock.setTime(at)
          yield* flush
          expect(shown(yield* sink.next, "hits")).toEqual(expected)
        }
        yield* emit(hit("a"))
        yield* flush
        expect(shown(yield* sink.next, "hits")).toEqual([[["a"], [1101, 1101], 1]])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect.each(both)("has its creation time in OpenMetrics, %s", (where) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { emit, register } = yield* recorder
      for (const metric of expiring) yield* register(metric)
      yield* TestClock.setTime(1_010_000)
      for (const page of ["a", "b"]) yield* emit(hit(page))
      yield* TestClock.setTime(1_060_000)
      yield* emit(hit("b"))
      yield* TestClock.setTime(1_090_000)
      yield* emit(hit("a"))
      const text = yield* Prometheus.render("openmetrics")
      const created = text.split("\n").filter((line) => /^hits_(\w+_)?created/.test(line))
      const byPage = (page: string) =>
        new Set(created.filter((line) => line.includes(`page="${page}"`)).map((line) => Number(line.split(" ").at(-1))))
      expect([byPage("a"), byPage("b")]).toEqual([new Set([1090]), new Set([1010])])
      expect(created.filter((line) => line.includes('page="a"'))).toHaveLength(expiring.length)
    }).pipe(Effect.provide(runtimes[where]!))
  )
})
