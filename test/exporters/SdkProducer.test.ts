// A reader of OpenTelemetry's SDK with a runtime as its metric producer.
import { describe, expect, it } from "@effect/vitest"
import { DataPointType, type MetricData, type MetricProducer } from "@opentelemetry/sdk-metrics"
import { Effect, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
import { all, done, Jobs, Quantiles } from "../support/exported.metrics.ts"
import { makeGate } from "../support/gate.ts"
import { Calls, CallTime, call } from "../support/spans.metrics.ts"

const collected = async (producer: MetricProducer, options?: Parameters<MetricProducer["collect"]>[0]) => {
  const { errors, resourceMetrics } = await producer.collect(options)
  const [{ metrics, scope } = { metrics: [], scope: undefined }, ...others] = resourceMetrics.scopeMetrics
  expect(others).toEqual([])
  return { errors, scope, of: (name: string) => metrics.filter(({ descriptor }) => descriptor.name === name), metrics }
}

const inProcess = Effect.provide(MetricsLayer.layerInProcess({ namespace: "test.producer", logging: "silent" }))

const valuesOf = (metrics: ReadonlyArray<MetricData>) =>
  metrics.flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value))

describe("a producer", () => {
  it.effect("has all metrics as kinds of the SDK, once each, in the scope of this package", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const producer = OpenTelemetry.producer(runtime)
      for (const id of ["one", "two"]) {
        const recorder = yield* runtime.createRecorder(id)
        for (const metric of all) yield* recorder.register(metric)
        for (const seconds of [0.2, 3, 7]) yield* recorder.emit(done(seconds))
      }
      const { errors, metrics, of, scope } = yield* Effect.promise(() => collected(producer))
      expect(errors).toEqual([])
      expect(scope).toEqual({ name: "mvx-metrics", version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
      const kinds = metrics
        .filter(({ descriptor }) => descriptor.name.startsWith("jobs"))
        .map(({ dataPointType, descriptor }) => `${descriptor.name} ${DataPointType[dataPointType]}`)
      expect(kinds.sort()).toEqual([
        "jobs SUM",
        "jobs.by_hand GAUGE",
        "jobs.few SUM",
        "jobs.fragile GAUGE",
        "jobs.latest GAUGE",
        "jobs.quantiles GAUGE",
        "jobs.quantiles.count SUM",
        "jobs.quantiles.sum SUM",
        "jobs.queues SUM",
        "jobs.spread EXPONENTIAL_HISTOGRAM",
        "jobs.time HISTOGRAM",
        "jobs.waiting SUM"
      ])
      expect(of("jobs.time")[0]).toMatchObject({
        descriptor: { unit: "s" },
        dataPoints: ["one", "two"].map((recorder) => ({
          attributes: { namespace: "test.producer", recorder, queue: "a" },
          value: { count: 3, sum: 10.2, min: 0.2, max: 7, buckets: { boundaries: [0.5, 5], counts: [1, 1, 1] } }
        }))
      })
      expect(valuesOf(of("mvx_metrics.events.accepted"))).toEqual([3, 3])
    }).pipe(inProcess)
  )

  it.effect("has the start time of each metric, and exemplars", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_001)
      const runtime = yield* MetricsRuntime
      const producer = OpenTelemetry.producer(runtime)
      const recorder = yield* runtime.createRecorder("one")
      yield* recorder.register(Calls)
      yield* TestClock.adjust("1 second")
      yield* recorder.register(CallTime)
      yield* TestClock.adjust("1 second")
      const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"]
      const span = Tracer.externalSpan({ traceId, spanId, sampled: true })
      yield* recorder.emit(call("/a", 0.25)).pipe(Effect.withParentSpan(span))
      yield* TestClock.adjust("1 second")
      const { of } = yield* Effect.promise(() => collected(producer))
      const exemplar = { timestamp: [1_700_000_002, 1_000_000], traceId, spanId, filteredAttributes: {} }
      expect(of("span.calls").flatMap(({ dataPoints }) => dataPoints as ReadonlyArray<unknown>)).toEqual([
        {
          startTime: [1_700_000_000, 1_000_000],
          endTime: [1_700_000_003, 1_000_000],
          attributes: { recorder: "one", namespace: "test.producer", route: "/a" },
          value: 1,
          exemplars: [{ ...exemplar, value: 1 }]
        }
      ])
      expect(of("span.call_time")[0]?.dataPoints).toMatchObject([
        { startTime: [1_700_000_001, 1_000_000], exemplars: [{ ...exemplar, value: 0.25 }] }
      ])
      yield* recorder.reset(Calls)
      yield* recorder.emit(call("/a"))
      const after = yield* Effect.promise(() => collected(producer))
      expect(after.of("span.calls")[0]?.dataPoints).toMatchObject([{ startTime: [1_700_000_003, 1_000_000], value: 1 }])
    }).pipe(inProcess)
  )

  it("has the last state of a removed recorder once, and the last states of all after a shutdown", async () => {
    const runtime = await Facade.start({ namespace: "test.producer", inProcess: true, logging: "silent" })
    const producer = OpenTelemetry.producer(runtime)
    const counted = async () => valuesOf((await collected(producer)).of("jobs"))
    const short = await runtime.createRecorder("short")
    await short.registerMetric(Jobs)
    short.registerEvent(done(1))
    await runtime.stopAndRemoveRecorder("short")
    expect(await counted()).toEqual([1])
    expect(await counted()).toEqual([])
    const last = await runtime.createRecorder("last")
    await last.registerMetric(Jobs)
    for (let i = 0; i < 3; i++) last.registerEvent(done(1))
    await runtime.shutdown()
    expect(await counted()).toEqual([3])
  })

  it.effect("has no sum of values that may be below 0, and no quantiles before the first value", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const producer = OpenTelemetry.producer(runtime)
      const recorder = yield* runtime.createRecorder("one")
      yield* recorder.register(Quantiles)
      const before = yield* Effect.promise(() => collected(producer))
      expect(before.of("jobs.quantiles")).toEqual([])
      yield* recorder.emit(done(-1))
      const after = yield* Effect.promise(() => collected(producer))
      expect(after.of("jobs.quantiles.sum")).toEqual([])
      expect(valuesOf(after.of("jobs.quantiles.count"))).toEqual([1])
    }).pipe(inProcess)
  )

  it.effect("responds within the time limit of the reader, with an error", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const producer = OpenTelemetry.producer(runtime)
      const gate = yield* makeGate
      const recorder = yield* runtime.createRecorder("one", { onMetricChanged: () => gate.pass })
      yield* recorder.register(Jobs)
      yield* recorder.emit(done(1))
      yield* gate.reached
      const { errors, metrics } = yield* Effect.promise(() => collected(producer, { timeoutMillis: 1 }))
      expect(errors).toEqual([new Error("the metrics could not be read within 1 ms")])
      expect(metrics).toEqual([])
      yield* gate.open
    }).pipe(inProcess)
  )

  it("rejects an invalid runtime", () => {
    expect(() => OpenTelemetry.producer({} as never)).toThrow("runtime: must be a MetricsRuntime")
  })
})
