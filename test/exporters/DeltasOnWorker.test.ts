// Deltas are computed where the metrics are folded. Their base is kept outside as bytes, so the worker may be a
// different one each time, and the application thread has almost nothing to do.
import { expect, it, vi } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { Stream } from "../../src/internal/formats/otlp/streams.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { countingReads } from "../support/countingReads.ts"
import { differenceOf } from "../support/exactSums.ts"
import { done, Jobs, Times } from "../support/exported.metrics.ts"
import { recordLogs } from "../support/logs.ts"
import { asMany } from "../support/long.ts"
import { Many, many } from "../support/many.metrics.ts"
import { makeSink, numbersBy, pointsOf, type Sunk } from "../support/sink.ts"
import { all, Duration, type LastingEvent, lastingWorkers } from "../worker/fixtures/lasting.metrics.ts"

const { "on the worker": onWorker } = runtimeLayers([
  new URL("../support/exported.metrics.ts", import.meta.url),
  new URL("../support/many.metrics.ts", import.meta.url)
])

/** Series of a large export. */
const most = asMany(100_000, 20_000)

/** An exporter of deltas, which exports when it is told to. */
const exporting = (runtime: RuntimeService, options: Otlp.OtlpOptions) =>
  Layer.build(
    Otlp.layerProtobuf({ temporality: "delta", exportInterval: "100 hours", ...options }).pipe(
      Layer.provide(Layer.succeed(MetricsRuntime, runtime))
    )
  ).pipe(
    Effect.map((context) => Effect.provide(Otlp.Exporter, context)),
    Effect.flatten
  )

it.effect.each(["http/json", "http/protobuf"] as const)(
  "an export reads no series on the application thread, except of removed recorders, over %s",
  (protocol) =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      const runtime = yield* MetricsRuntime
      const { counted, watched } = countingReads(runtime)
      const { flush } = yield* exporting(watched, { url: sink.url, protocol })
      const before = counted.reads
      const [one, other] = [yield* runtime.createRecorder("one"), yield* runtime.createRecorder("other")]
      for (const recorder of [one, other]) yield* recorder.register(Jobs)
      for (let i = 0; i < 300; i++) one.emitUnsafe(done(1, `q${i}`))
      yield* other.emit(done(1))
      yield* flush
      const first = yield* sink.next
      expect(pointsOf(first, "jobs")).toHaveLength(301)
      expect(numbersBy("recorder", pointsOf(first, "mvx_metrics.events.applied"))).toEqual({ one: 300, other: 1 })
      yield* one.emit(done(1, "q7"))
      yield* runtime.stopAndRemoveRecorder("one")
      const again = yield* runtime.createRecorder("one")
      yield* again.register(Jobs)
      for (let i = 0; i < 3; i++) yield* again.emit(done(1, "q299"))
      yield* flush
      const second = pointsOf(yield* sink.next, "jobs")
      expect(second.map(({ asDouble, attributes = [] }) => [attributes[2]?.value.stringValue, asDouble])).toEqual([
        ["q7", 1],
        ["q299", 3]
      ])
      yield* other.emit(done(1))
      yield* flush
      const third = pointsOf(yield* sink.next, "jobs")
      expect(numbersBy("recorder", third)).toEqual({ other: 1 })
      expect(counted.reads).toBe(before)
    }).pipe(Effect.scoped, Effect.provide([onWorker!, FetchHttpClient.layer]))
)

it.effect("a rejected export arrives completely with the next one", () =>
  Effect.gen(function* () {
    const sink = yield* makeSink(200, 400, 413)
    const runtime = yield* MetricsRuntime
    const { flush } = yield* exporting(runtime, { url: sink.url })
    const recorder = yield* runtime.createRecorder("refused")
    for (const metric of [Jobs, Times]) yield* recorder.register(metric)
    const work = (queue: string, seconds: number) => recorder.emit(done(seconds, queue))
    yield* work("a", 1)
    yield* flush
    const first = yield* sink.next
    yield* work("a", 2)
    yield* Effect.flip(flush)
    yield* work("a", 3)
    yield* work("b", 0.25)
    yield* Effect.flip(flush)
    yield* work("b", 0.5)
    yield* flush
    const second = yield* sink.next
    expect(numbersBy("queue", pointsOf(second, "jobs"))).toEqual({ a: 2, b: 2 })
    const times = pointsOf(second, "jobs.time")
    expect(times.map(({ count, sum }) => [Number(count), sum])).toEqual([
      [2, 5],
      [2, 0.75]
    ])
    expect(times[0]!.startTimeUnixNano).toBe(pointsOf(first, "jobs.time")[0]!.timeUnixNano)
    yield* flush
    expect(pointsOf(yield* sink.next, "jobs")).toEqual([])
  }).pipe(Effect.scoped, Effect.provide([onWorker!, FetchHttpClient.layer]))
)

it.effect("a worker that is replaced between two exports, or ends during one, changes no delta", () =>
  Effect.gen(function* () {
    const sink = yield* makeSink()
    const { spawn, workers } = lastingWorkers()
    const restart = Schedule.spaced("1 milli")
    const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test.deltas", logging: "silent", spawn, restart })
    yield* runtime.start
    const { flush } = yield* exporting(runtime, { url: sink.url })
    const recorder = yield* runtime.createRecorder("lasting")
    for (const metric of all) yield* recorder.register(metric)
    const kill = Effect.promise(() => workers.at(-1)!.terminate())
    const emitted: Array<number> = []
    const emit = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const millis = ((emitted.length * 37) % 1500) + 0.1
        emitted.push(millis)
        recorder.emitUnsafe({ _tag: "lasting.work", kind: "k", millis } satisfies typeof LastingEvent.Type)
      }
    }
    let [arrived, from] = [0, 0]
    const look = (sunk: Sunk): void => {
      for (const { asDouble } of pointsOf(sunk, "lasting.count")) arrived += asDouble!
      if (arrived === from) return
      const [point] = pointsOf(sunk, Duration.name)
      expect([Number(point!.count), point!.sum]).toEqual([
        arrived - from,
        differenceOf(emitted.slice(0, arrived), emitted.slice(0, from))
      ])
      from = arrived
    }
    const exportOnce = Effect.andThen(flush, Effect.map(sink.next, look))

    emit(500)
    yield* exportOnce
    expect(arrived).toBe(500)
    emit(300)
    yield* kill
    emit(200)
    yield* recorder.snapshots
    yield* exportOnce
    expect(arrived).toBe(1000)
    // The worker ends while it makes an export: what is not in this one is in the next.
    emit(100)
    const exported = Effect.andThen(Effect.ignore(flush), Effect.map(sink.next, look))
    yield* Effect.all([exported, kill], { concurrency: "unbounded" })
    emit(50)
    yield* recorder.snapshots
    yield* exportOnce
    expect(arrived).toBe(1150)
    expect(workers).toHaveLength(3)
  }).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer))
)

it.live(`an export of ${most} series leaves little work to the application thread`, () =>
  Effect.gen(function* () {
    const count = most
    /** Bytes of each request of an export. */
    let requests: Array<number> = []
    const sent: Array<number> = []
    const client = HttpClient.make((request) =>
      Effect.sync(() => {
        requests.push(request.body._tag === "Uint8Array" ? request.body.body.length : Number.NaN)
        return HttpClientResponse.fromWeb(request, new Response())
      })
    )
    const runtime = yield* MetricsRuntime
    const { counted, watched } = countingReads(runtime)
    const { flush } = yield* Effect.provideService(
      exporting(watched, { compression: "none" }),
      HttpClient.HttpClient,
      client
    )
    const before = counted.reads
    const recorder = yield* runtime.createRecorder("many", { capacity: 2 * count })
    yield* recorder.register(Many)
    const emit = (every: number): void => {
      for (let i = 0; i < count; i += every) recorder.emitUnsafe(many(i))
    }

    // What is looked at here, and the most bytes that are copied at once.
    const told = vi.spyOn(Stream.prototype, "add")
    let longest = 0
    const set = Uint8Array.prototype.set
    Uint8Array.prototype.set = function (source, offset) {
      longest = Math.max(longest, source.length)
      return set.call(this, source, offset)
    }
    yield* Effect.gen(function* () {
      for (const every of [1, 100, count]) {
        emit(every)
        yield* flush
        sent.push(requests.reduce((sum, bytes) => sum + bytes, 0))
        // 5000 points of up to 300 bytes.
        expect(Math.max(...requests)).toBeLessThan(1.5e6)
        requests = []
      }
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          Uint8Array.prototype.set = set
          told.mockRestore()
        })
      )
    )
    expect((yield* recorder.stats).accepted).toBe(count + count / 100 + 1)
    const [whole, some, few] = sent
    expect(whole).toBeGreaterThan(60 * count)
    expect(some).toBeGreaterThan((60 * count) / 100)
    expect(some).toBeLessThan((300 * count) / 100)
    expect(few).toBeLessThan(20_000)
    expect(counted.reads).toBe(before)
    const points = told.mock.calls.reduce((sum, [points]) => sum + points.length, 0)
    expect(points).toBeLessThan(300)
    expect(longest).toBeLessThanOrEqual(1 << 18)
  }).pipe(Effect.scoped, Effect.provide(onWorker!))
)

it.effect("metrics that cannot be read in time are in a later export, and the flush reports them", () => {
  const logs = recordLogs()
  return Effect.gen(function* () {
    const sink = yield* makeSink()
    const { spawn, workers } = lastingWorkers()
    // Another worker comes when the export has been given up.
    const restart = Schedule.spaced("1500 millis")
    const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test.unread", spawn, restart })
    yield* runtime.start
    const { flush } = yield* exporting(runtime, { url: sink.url, exportTimeout: 300 })
    const recorder = yield* runtime.createRecorder("lasting")
    for (const metric of all) yield* recorder.register(metric)
    recorder.emitUnsafe({ _tag: "lasting.work", kind: "k", millis: 1 } satisfies typeof LastingEvent.Type)
    yield* recorder.snapshots
    yield* Effect.promise(() => workers.at(-1)!.terminate())
    expect(yield* Effect.flip(flush)).toMatchObject({ _tag: "mvx-metrics/ExportFailed", attempts: 0, points: 0 })
    expect(pointsOf(yield* sink.next, "lasting.count")).toEqual([])
    expect((yield* runtime.stats).exports).toMatchObject([{ failing: "unread", failed: 1, delivered: 0 }])
    expect(logs.lines.filter(({ text }) => /no metrics were exported/.test(text))).toHaveLength(1)
    yield* recorder.snapshots
    yield* flush
    expect(pointsOf(yield* sink.next, "lasting.count").map(({ asDouble }) => asDouble)).toEqual([1])
  }).pipe(Effect.scoped, Effect.provide([FetchHttpClient.layer, logs.layer]))
})
