// The decoded data at a collector equals the snapshots, as converted by OpenTelemetry's own transformer.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Metric, MetricsRuntime, Recorder } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
import manifest from "../../package.json" with { type: "json" }
import { runtimeLayers } from "../support/bothLayers.ts"
import { all, done, JobEvent, Jobs, Spread, Times, waiting } from "../support/exported.metrics.ts"
import { byName, expectedMetrics, type ShownMetrics } from "../support/otlpExpected.ts"
import { encodings, flush, nanos } from "../support/otlpExport.ts"
import { makeSink, numbersBy, pointsOf } from "../support/sink.ts"

const runtimes = runtimeLayers([new URL("../support/exported.metrics.ts", import.meta.url)])

const exporting = (
  options: Otlp.OtlpOptions,
  encoding: keyof typeof encodings = "protobuf",
  where: "in process" | "on the worker" = "in process"
) => encodings[encoding](options).pipe(Layer.provideMerge(runtimes[where]!), Layer.provide(FetchHttpClient.layer))

const events = [
  done(0.2, "a"),
  done(3, "b", false),
  done(-7, "b"),
  done(0, null),
  done(1e-3, 'ü "quoted"\n'),
  waiting(5),
  waiting(-7)
]

describe.each(["json", "protobuf"] as const)("an export in %s", (encoding) => {
  it.effect.each(["in process", "on the worker"] as const)("contains everything the snapshots show, %s", (where) =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      const resource = { serviceName: "jobs", serviceVersion: "1.2.3", attributes: { zone: "x", weight: 2, on: true } }
      yield* TestClock.setTime(1_700_000_000_123)
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        for (const metric of all) yield* recorder.register(metric)
        yield* TestClock.adjust("5 seconds")
        for (const event of events) yield* recorder.emit(event)
        const shown = (yield* recorder.snapshots) as unknown as ShownMetrics & {
          "jobs.quantiles": { dimensions: object }
        }
        yield* flush
        const sunk = yield* sink.next

        const { namespace } = yield* MetricsRuntime
        const when = { namespace, recorder: "one", since: 1_700_000_000_123, now: 1_700_000_005_123 }
        const expected = expectedMetrics(encoding, shown, when)
        const names = new Set(expected.map(({ name }) => name))
        expect(byName(sunk.metrics.filter(({ name }) => names.has(name)))).toEqual(expected)

        // OpenTelemetry's SDK has no summaries.
        const { count, quantiles } = shown["jobs.quantiles"].dimensions as Metric.Dimensions<
          Extract<(typeof all)[number], { readonly name: "jobs.quantiles" }>
        >
        expect(pointsOf(sunk, "jobs.quantiles")).toEqual([
          {
            attributes: [
              { key: "namespace", value: { stringValue: namespace } },
              { key: "recorder", value: { stringValue: "one" } }
            ],
            startTimeUnixNano: nanos(when.since),
            timeUnixNano: nanos(when.now),
            count,
            sum: 0,
            quantileValues: Object.entries(quantiles).map(([quantile, value]) => ({
              quantile: Number(quantile),
              value
            }))
          }
        ])
        expect(sunk).toMatchObject({
          contentType: encoding === "json" ? "application/json" : "application/x-protobuf",
          scope: { name: "mvx-metrics", version: manifest.version },
          resource: {
            attributes: expect.arrayContaining([
              { key: "service.name", value: { stringValue: "jobs" } },
              { key: "service.version", value: { stringValue: "1.2.3" } },
              { key: "weight", value: { intValue: 2 } },
              { key: "on", value: { boolValue: true } }
            ])
          }
        })
      }).pipe(Effect.provide(exporting({ url: sink.url, resource }, encoding, where)))
    })
  )

  it("decodes the output of OpenTelemetry's own encoder", () => {
    const shown = {
      jobs: { dimensions: { value: 2, series: [{ labels: { queue: "ä", ok: false }, value: 2 }] } },
      "jobs.waiting": { dimensions: { value: -3.5 } },
      "jobs.latest": { dimensions: { value: Number.MAX_VALUE, at: 0 } },
      "jobs.time": {
        dimensions: {
          boundaries: [0.5, 5],
          series: [{ labels: { queue: null }, count: 3, sum: 1e300, min: -1, max: 7, counts: [1, 2 ** 40, 0] }]
        }
      },
      "jobs.spread": {
        dimensions: {
          series: [
            {
              labels: { queue: "x" },
              ...{ count: 300, sum: -1, min: -2, max: 2, scale: -3, zeroCount: 200 },
              positive: { offset: -1000, counts: [1, 0, 300] },
              negative: { offset: 5, counts: [] }
            }
          ]
        }
      },
      "jobs.queues": { dimensions: { counts: { a: 1 } } },
      "jobs.few": { dimensions: { value: 2, series: [], overflow: { value: 2 } } },
      "jobs.by_hand": { dimensions: { good: 1, bad: 0 } }
    } as unknown as ShownMetrics
    const when = { namespace: "n", recorder: "r", since: 1, now: 2 }
    expect(expectedMetrics("protobuf", shown, when)).toEqual(expectedMetrics("json", shown, when))
  })
})

describe("exports", () => {
  it.effect("have at most the allowed points per request, and the rest in the next ones", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one", { capacity: 30_000 })
        const Many = Metric.counter("many", {
          events: JobEvent,
          when: "job.done",
          labels: ["seconds"],
          maxSeries: 30_000
        })
        yield* recorder.register(Many)
        for (let i = 0; i < 25_000; i++) recorder.emitUnsafe(done(i))
        yield* flush
        const requests = yield* Effect.replicateEffect(sink.next, yield* sink.size)
        const points = requests.map((sunk) => pointsOf(sunk, "many"))
        // What the library says of itself comes first.
        expect(points.map(({ length }) => length > 0)).toEqual([false, true, true, true])
        for (const each of requests) {
          expect(each.metrics.filter(({ name }) => name === "many").length).toBeLessThanOrEqual(1)
          const all = [...new Set(each.metrics.map(({ name }) => name))].flatMap((name) => pointsOf(each, name))
          expect(all.length).toBeLessThanOrEqual(10_000)
        }
        const values = new Set(points.flat().map(({ attributes }) => JSON.stringify(attributes)))
        expect([points.flat().length, values.size]).toEqual([25_000, 25_000])
      }).pipe(Effect.provide(exporting({ url: sink.url, maxExportBatchSize: 10_000 })))
    })
  )

  it.effect("are sent at intervals, each with the state just before", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        yield* recorder.register(Jobs)
        yield* recorder.emit(done(1))
        yield* TestClock.adjust("30 seconds")
        expect(pointsOf(yield* sink.next, "jobs").map((point) => point.asDouble)).toEqual([1])
        yield* recorder.emit(done(1))
        yield* TestClock.adjust("30 seconds")
        expect(pointsOf(yield* sink.next, "jobs").map((point) => point.asDouble)).toEqual([2])
      }).pipe(Effect.provide(exporting({ url: sink.url, exportInterval: "30 seconds", compression: "gzip" })))
    })
  )

  it.effect("include the last state of a recorder, whether it is removed before or after the exporter starts", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      const inside = Recorder.layer("inside")
      yield* Effect.gen(function* () {
        yield* Recorder.register(Jobs)
        yield* Recorder.emit(done(1))
        const runtime = yield* MetricsRuntime
        const gone = yield* runtime.createRecorder("gone")
        yield* gone.register(Jobs)
        yield* gone.emit(done(1))
        yield* gone.emit(done(1))
        yield* runtime.stopAndRemoveRecorder("gone")
      }).pipe(Effect.provide(Layer.provideMerge(inside, exporting({ url: sink.url }))))
      const last = yield* sink.next
      expect(numbersBy("recorder", pointsOf(last, "jobs"))).toEqual({ gone: 2, inside: 1 })
      expect(numbersBy("recorder", pointsOf(last, "mvx_metrics.events.applied"))).toEqual({ gone: 2, inside: 1 })
      expect(yield* sink.size).toBe(0)
    })
  )

  it.effect("report when a metric began to count, and its reset", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(1000)
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        yield* recorder.register(Jobs)
        yield* recorder.emit(done(1))
        yield* flush
        yield* TestClock.setTime(2000)
        yield* recorder.reset()
        yield* recorder.emit(done(1))
        yield* TestClock.setTime(3000)
        yield* flush
        const [first, second] = [yield* sink.next, yield* sink.next].map((sunk) => pointsOf(sunk, "jobs"))
        expect(first).toMatchObject([{ startTimeUnixNano: nanos(1000), timeUnixNano: nanos(1000), asDouble: 1 }])
        expect(second).toMatchObject([{ startTimeUnixNano: nanos(2000), timeUnixNano: nanos(3000), asDouble: 1 }])
      }).pipe(Effect.provide(exporting({ url: sink.url })))
    })
  )
})

describe("delta temporality", () => {
  it.effect("exports what came since the last delivered export", () =>
    Effect.gen(function* () {
      // The second is refused for good.
      const sink = yield* makeSink(200, 400)
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(1000)
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        for (const metric of [Jobs, Times, Spread]) yield* recorder.register(metric)
        yield* recorder.emit(done(1))
        yield* TestClock.setTime(2000)
        yield* flush
        const first = yield* sink.next
        expect(pointsOf(first, "jobs")).toMatchObject([{ startTimeUnixNano: nanos(1000), asDouble: 1 }])
        expect(pointsOf(first, "jobs.time")).toMatchObject([
          { count: 1, sum: 1, min: 1, max: 1, bucketCounts: [0, 1, 0] }
        ])

        yield* recorder.emit(done(1))
        yield* recorder.emit(done(1e6))
        yield* flush
        yield* TestClock.setTime(62_000)
        yield* recorder.emit(done(0.1))
        yield* recorder.emit(done(1, "b"))
        yield* flush
        const second = yield* sink.next
        expect(numbersBy("queue", pointsOf(second, "jobs"))).toEqual({ a: 3, b: 1 })
        expect(pointsOf(second, "jobs")[0]).toMatchObject({
          startTimeUnixNano: nanos(2000),
          timeUnixNano: nanos(62_000)
        })
        const [times, others] = pointsOf(second, "jobs.time")
        expect(times).toMatchObject({ count: 3, sum: 1_000_001.1, bucketCounts: [1, 1, 1] })
        // Of that interval they are not known.
        expect(times).not.toHaveProperty("min")
        expect(others).toMatchObject({ count: 1, min: 1, max: 1 })
        const [spread] = pointsOf(second, "jobs.spread")
        const { bucketCounts } = spread!.positive as { readonly bucketCounts: ReadonlyArray<number> }
        expect(bucketCounts.reduce((sum, count) => sum + count, 0)).toBe(3)
        expect(spread).toMatchObject({ count: 3 })

        yield* flush
        const third = yield* sink.next
        // What has not grown is not there.
        for (const name of ["jobs", "jobs.time", "jobs.spread"]) expect(pointsOf(third, name)).toEqual([])
      }).pipe(Effect.provide(exporting({ url: sink.url, temporality: "delta", exportInterval: "1 hour" })))
    })
  )

  it.effect("applies to monotonic sums only: other metrics are exported with their current values", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        for (const metric of all) yield* recorder.register(metric)
        yield* recorder.emit(waiting(3))
        yield* flush
        yield* recorder.emit(waiting(1))
        yield* flush
        yield* sink.next
        const second = yield* sink.next
        const temporalities = Object.fromEntries(
          second.metrics.map(({ histogram, name, sum }) => [
            name,
            ((sum ?? histogram) as { readonly aggregationTemporality: number } | undefined)?.aggregationTemporality
          ])
        )
        expect(temporalities).toMatchObject({ "jobs.waiting": 2, "mvx_metrics.events.accepted": 1 })
        expect(pointsOf(second, "jobs.waiting")).toMatchObject([{ asDouble: 4 }])
      }).pipe(Effect.provide(exporting({ url: sink.url, temporality: "delta" })))
    })
  )
})

describe("OTLP without Effect", () => {
  it.effect("the last export has the final state of a runtime that was shut down before", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      const warnings: Array<unknown> = []
      const logger = (line: { readonly level: string }) =>
        void (/^(Info|Debug)$/i.test(line.level) || warnings.push(line))
      yield* Effect.promise(async () => {
        const runtime = await Facade.start({ namespace: "test.otlp", inProcess: true, logger })
        const otlp = await Otlp.start(runtime, { url: sink.url, protocol: "http/protobuf" })
        const recorder = await runtime.createRecorder("one")
        await recorder.registerMetric(Jobs)
        recorder.registerEvent(done(1))
        await otlp.flush()
        recorder.registerEvent(done(1))
        await runtime.shutdown()
        await otlp.stop()
      })
      expect(warnings).toEqual([])
      const [first, last] = [yield* sink.next, yield* sink.next]
      expect(numbersBy("recorder", pointsOf(first, "jobs"))).toEqual({ one: 1 })
      expect(numbersBy("recorder", pointsOf(last, "jobs"))).toEqual({ one: 2 })
      // Without a name of the service it is the namespace.
      expect(first.resource.attributes).toContainEqual({ key: "service.name", value: { stringValue: "test.otlp" } })
    })
  )

  it("rejects invalid options", async () => {
    await using runtime = await Facade.start({ namespace: "test.otlp", inProcess: true })
    const start = (options: object, of: unknown = runtime) => Otlp.start(of as Facade, options as Otlp.OtlpOptions)
    const refused = (argument: string) => expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument })
    await expect(start({ url: "" })).rejects.toEqual(refused("url"))
    await expect(start({ url: "localhost" })).rejects.toEqual(refused("url"))
    await expect(start({ retry: "often" })).rejects.toEqual(refused("retry"))
    await expect(start({ url: "http://localhost", temporality: "daily" })).rejects.toEqual(refused("temporality"))
    await expect(start({ url: "http://localhost", protocol: "grpc" })).rejects.toEqual(refused("protocol"))
    await expect(start({ url: "http://localhost", intervall: 1 })).rejects.toEqual(refused("intervall"))
    await expect(start({ url: "http://localhost" }, {})).rejects.toEqual(refused("runtime"))
  })
})
