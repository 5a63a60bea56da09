// Cumulative metrics are encoded where they are folded, with the same result as on the application thread.
import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { collect, collectOwn } from "../../src/internal/exporters/collect.ts"
import { CurrentWaitTimeout } from "../../src/internal/recorder/waitTimeout.ts"
import { internalsOf, type Source, withInternals } from "../../src/internal/runtime/internals.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { countingReads } from "../support/countingReads.ts"
import { encode } from "../support/encodeOtlp.ts"
import { all, done, Fragile, Jobs, waiting } from "../support/exported.metrics.ts"
import { byName } from "../support/otlpExpected.ts"
import { metricsOfRequest, renderedOtlp } from "../support/renderedOtlp.ts"
import { makeSink, numbersBy, pointsOf } from "../support/sink.ts"
import { Calls, CallTime, call } from "../support/spans.metrics.ts"
import { streams } from "../support/streams.ts"

const runtimes = runtimeLayers([
  new URL("../support/exported.metrics.ts", import.meta.url),
  new URL("../support/spans.metrics.ts", import.meta.url)
])

const events = [
  ...[done(0.2, "a"), done(3, "b", false), done(-7, "b"), done(0, null), done(1e-3, 'ü "quoted"\n'), done(1, "fatal")],
  ...[done(Number.NaN), waiting(5), waiting(-7), done(2, "a")]
]

const exporterOf = (runtime: RuntimeService, options: Otlp.OtlpOptions) =>
  Otlp.layer(options).pipe(Layer.provide(Layer.succeed(MetricsRuntime, runtime)), Layer.provide(FetchHttpClient.layer))

/** Exports by a flush, and at the end. */
const exportedOnce = (runtime: RuntimeService, options: Otlp.OtlpOptions) =>
  Effect.provide(
    Effect.flatMap(Otlp.Exporter, ({ flush }) => flush),
    exporterOf(runtime, options)
  )

describe.each(Object.entries(runtimes))("data encoded by the fold, %s", (_, layer) => {
  it.effect.each(["http/json", "http/protobuf"] as const)(
    "equals the encoding on the application thread, in %s",
    (protocol) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_700_000_000_123)
        const runtime = yield* MetricsRuntime
        for (const id of ["one", "other"]) {
          const recorder = yield* runtime.createRecorder(id)
          for (const metric of all) yield* recorder.register(metric)
          yield* TestClock.adjust("1 second")
          yield* recorder.register(Calls)
          yield* recorder.register(CallTime)
          for (const event of events) yield* recorder.emit(event)
          yield* recorder.emit(call("/a", 0.25))
          yield* recorder.reset(Jobs)
          yield* TestClock.adjust("1 second")
          yield* recorder.emit(done(1, "again"))
        }
        const begun = BigInt(yield* Clock.currentTimeMillis) * 1_000_000n
        const { metrics, points } = yield* renderedOtlp(runtime, protocol)
        const collected = yield* collect(runtime)
        const own = new Set(collectOwn(runtime).map(({ data }) => data.name))
        const read = collected.all.filter(({ data }) => !own.has(data.name))
        const [expected] = streams(read, undefined, { temporality: "cumulative", begun, now: begun })
        const request = encode(protocol, expected)
        expect(byName(metrics)).toEqual(byName(metricsOfRequest(protocol, request)))
        expect(points).toBe(expected.reduce((sum, { points }) => sum + points.length, 0))
        expect(points).toBeGreaterThan(50)
      }).pipe(Effect.provide(layer))
  )

  it.effect("leaves out recorders", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      for (const id of ["one", "other"]) yield* (yield* runtime.createRecorder(id)).register(Fragile)
      const [one] = internalsOf(runtime).sources()
      const { metrics } = yield* renderedOtlp(runtime, "http/json", new Set([one!.instance]))
      expect(JSON.stringify(metrics)).toContain('"other"')
      expect(JSON.stringify(metrics)).not.toContain('"one"')
    }).pipe(Effect.provide(layer))
  )
})

describe("a delta export", () => {
  const limits = [
    ["10 seconds", {}],
    ["2 seconds", { exportTimeout: "2 seconds" }]
  ] as const

  it.effect.each(limits)(
    "waits for the fold for up to %s, whatever the waitTimeout of a recorder is",
    ([most, options]) =>
      Effect.gen(function* () {
        const sink = yield* makeSink()
        const runtime = yield* MetricsRuntime
        const internals = internalsOf(runtime)
        const limits: Array<Duration.Input> = []
        const watched = withInternals(runtime, {
          ...internals,
          otlp: (request) => {
            limits.push(request.timeout)
            return internals.otlp!(request)
          }
        })
        yield* runtime.createRecorder("one", { waitTimeout: "1 second" })
        yield* exportedOnce(watched, { url: sink.url, temporality: "delta", ...options })
        // By a flush, and at the end.
        expect(limits).toEqual(Array(2).fill(Duration.fromInputUnsafe(most)))
      }).pipe(Effect.provide(runtimes["in process"]!))
  )

  it.effect.each(limits)(
    "of recorders folded on another thread waits for a recorder for up to %s, whatever its waitTimeout is",
    ([most, options]) =>
      Effect.gen(function* () {
        const sink = yield* makeSink()
        const runtime = yield* MetricsRuntime
        const internals = internalsOf(runtime)
        const limits: Array<Duration.Input | undefined> = []
        const limited = (source: Source): Source => ({
          ...source,
          shown: Effect.flatMap(CurrentWaitTimeout, (limit) => {
            limits.push(limit)
            return source.shown
          })
        })
        const { otlp: _, ...elsewhere } = internals
        const watched = withInternals(runtime, { ...elsewhere, sources: () => internals.sources().map(limited) })
        yield* runtime.createRecorder("one", { waitTimeout: "1 second" })
        yield* exportedOnce(watched, { url: sink.url, temporality: "delta", ...options })
        // By a flush, and at the end. What it goes on from is read as others read.
        expect(limits.filter((limit) => limit !== undefined)).toEqual(Array(2).fill(Duration.fromInputUnsafe(most)))
      }).pipe(Effect.provide(runtimes["in process"]!))
  )
})

describe("a cumulative export", () => {
  it.effect.each(["http/json", "http/protobuf"] as const)(
    "reads no series on the application thread, except of removed recorders, in %s",
    (protocol) =>
      Effect.gen(function* () {
        const sink = yield* makeSink()
        const runtime = yield* MetricsRuntime
        const { counted, watched } = countingReads(runtime)
        const exporting = exporterOf(watched, { url: sink.url, protocol, compression: "gzip" })
        yield* Effect.gen(function* () {
          const { flush } = yield* Otlp.Exporter
          const [one, other] = [yield* runtime.createRecorder("one"), yield* runtime.createRecorder("other")]
          for (const recorder of [one, other]) yield* recorder.register(Jobs)
          for (let i = 0; i < 300; i++) one.emitUnsafe(done(1, `q${i}`))
          yield* other.emit(done(1))
          yield* flush
          const first = yield* sink.next
          expect(pointsOf(first, "jobs")).toHaveLength(301)
          expect(numbersBy("recorder", pointsOf(first, "mvx_metrics.events.applied"))).toEqual({ one: 300, other: 1 })
          yield* runtime.stopAndRemoveRecorder("one")
          // One of the same id counts from 0, and comes behind.
          const again = yield* runtime.createRecorder("one")
          yield* again.register(Jobs)
          for (const recorder of [again, again, other]) yield* recorder.emit(done(1, "q299"))
          yield* flush
          const second = yield* sink.next
          expect(pointsOf(second, "jobs")).toHaveLength(303)
          expect(numbersBy("recorder", pointsOf(second, "jobs"))).toEqual({ one: 2, other: 1 })
          yield* flush
          expect(pointsOf(yield* sink.next, "jobs")).toHaveLength(3)
          expect(counted.reads).toBe(0)
        }).pipe(Effect.provide(exporting))
      }).pipe(Effect.provide(runtimes["on the worker"]!))
  )
})
