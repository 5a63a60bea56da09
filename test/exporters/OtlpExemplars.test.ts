// The exemplars of counters and histograms at a collector: the same ids, values and times in both encodings.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Schema, Tracer } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import type * as Otlp from "mvx-metrics/Otlp"
import { encodings, flush, nanos } from "../support/otlpExport.ts"
import { makeSink, pointsOf } from "../support/sink.ts"
import { Calls, CallTime, call } from "../support/spans.metrics.ts"

const exporting = (encoding: keyof typeof encodings, options: Otlp.OtlpOptions) =>
  encodings[encoding](options).pipe(
    Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.otlp.exemplars", logging: "silent" })),
    Layer.provide(FetchHttpClient.layer)
  )

const traceId = (i: number) => `${i}`.padStart(32, "a")
const spanId = (i: number) => `${i}`.padStart(16, "b")
const inSpan = (i: number) =>
  Effect.withParentSpan(Tracer.externalSpan({ traceId: traceId(i), spanId: spanId(i), sampled: true }))

const exemplarsIn = (points: ReadonlyArray<{ readonly [field: string]: unknown }>) =>
  points.map(({ exemplars }) => exemplars)

describe.each(["json", "protobuf"] as const)("exemplars in %s", (encoding) => {
  it.effect("are attached to the points of counters and histograms", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* TestClock.setTime(1_700_000_000_000)
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        for (const metric of [Calls, CallTime]) yield* recorder.register(metric)
        yield* TestClock.adjust("1 second")
        yield* recorder.emit(call("/a", 0.25)).pipe(inSpan(1))
        yield* recorder.emit(call("/b", 20)).pipe(inSpan(2))
        yield* recorder.emit(call("/c", 0.5))
        yield* TestClock.adjust("1 second")
        yield* flush
        const sunk = yield* sink.next
        const exemplar = (i: number, asDouble: number) => ({
          timeUnixNano: nanos(1_700_000_001_000),
          asDouble,
          traceId: traceId(i),
          spanId: spanId(i)
        })
        const calls = pointsOf(sunk, "span.calls")
        expect(exemplarsIn(calls)).toEqual([[exemplar(1, 1)], [exemplar(2, 1)], undefined])
        expect(calls.map(({ asDouble }) => asDouble)).toEqual([1, 1, 1])
        const [time] = pointsOf(sunk, "span.call_time")
        expect(time).toMatchObject({
          startTimeUnixNano: nanos(1_700_000_000_000),
          timeUnixNano: nanos(1_700_000_002_000),
          count: 3,
          sum: 20.75,
          min: 0.25,
          max: 20,
          bucketCounts: [2, 0, 1],
          explicitBounds: [1, 10],
          exemplars: [exemplar(1, 0.25), exemplar(2, 20)]
        })
        const metrics = Object.fromEntries(sunk.metrics.map((metric) => [metric.name, metric]))
        expect(metrics["span.calls"]).toMatchObject({ sum: { isMonotonic: true, aggregationTemporality: 2 } })
        expect(metrics["span.call_time"]).toMatchObject({ unit: "s", histogram: { aggregationTemporality: 2 } })
      }).pipe(Effect.provide(exporting(encoding, { url: sink.url })))
    })
  )

  it.effect("belong to the interval of a delta", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* TestClock.setTime(1_700_000_000_000)
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        for (const metric of [Calls, CallTime]) yield* recorder.register(metric)
        yield* TestClock.adjust("1 second")
        yield* recorder.emit(call("/a", 0.25)).pipe(inSpan(1))
        yield* TestClock.adjust("1 second")
        yield* flush
        expect(exemplarsIn(pointsOf(yield* sink.next, "span.calls"))).toHaveLength(1)
        yield* TestClock.adjust("1 second")
        yield* recorder.emit(call("/a", 20)).pipe(inSpan(2))
        yield* recorder.emit(call("/b", 20))
        yield* TestClock.adjust("1 second")
        yield* flush
        const sunk = yield* sink.next
        const ids = (name: string) =>
          exemplarsIn(pointsOf(sunk, name)).map((all) =>
            (all as ReadonlyArray<{ readonly traceId: string }> | undefined)?.map((each) => each.traceId)
          )
        expect(ids("span.calls")).toEqual([[traceId(2)], undefined])
        expect(ids("span.call_time")).toEqual([[traceId(2)]])
      }).pipe(Effect.provide(exporting(encoding, { url: sink.url, temporality: "delta" })))
    })
  )

  it.effect("are omitted if the trace id is invalid, and have no span id if that is invalid", () =>
    Effect.gen(function* () {
      const events = Schema.TaggedUnion({ call: { route: Schema.String, trace: Schema.String, span: Schema.String } })
      const exemplar = { traceId: "trace", spanId: "span" } as const
      const Odd = Metric.counter("odd", { events, labels: ["route"], exemplar })
      const sink = yield* makeSink()
      yield* Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
        yield* recorder.register(Odd)
        yield* recorder.emit({ _tag: "call", route: "/a", trace: "t1", span: spanId(1) })
        yield* recorder.emit({ _tag: "call", route: "/b", trace: traceId(2).toUpperCase(), span: "s1" })
        yield* flush
        const [a, b] = exemplarsIn(pointsOf(yield* sink.next, "odd"))
        expect(a).toBe(undefined)
        expect(b).toEqual([{ timeUnixNano: expect.anything(), asDouble: 1, traceId: traceId(2) }])
      }).pipe(Effect.provide(exporting(encoding, { url: sink.url })))
    })
  )
})
