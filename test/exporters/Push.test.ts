// Pushes to a Pushgateway and by remote write: their content, their timing and their results.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Queue, Schedule, Scope } from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
import { groupUrl } from "../../src/internal/exporters/push.ts"
import { OutsideClock } from "../../src/internal/util/liveClock.ts"
import { badInputOf } from "../support/badInput.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { done, JobEvent, Jobs, Spread, Times } from "../support/exported.metrics.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { recordLogs } from "../support/logs.ts"
import { decodeWrite, decodeWrite2, Stale, unsnap } from "../support/remoteWriteDecoder.ts"

const runtimes = runtimeLayers([new URL("../support/exported.metrics.ts", import.meta.url)])
const inProcess = runtimes["in process"]!
const gateway = "http://gateway.test:9091"

interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array
}

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest): Uint8Array =>
  body._tag === "Uint8Array" ? body.body : new Uint8Array()

/** A client that keeps what is sent. It answers with these statuses one after the other, and then with 200; 0: never. */
const recording = (...statuses: Array<number>) =>
  Effect.map(Queue.unbounded<Sent>(), (queue) => {
    const client = HttpClient.make((request, url) => {
      const { headers, method } = request
      Queue.offerUnsafe(queue, { method, url: url.href, headers, body: bodyOf(request) })
      const status = statuses.shift() ?? 200
      return status === 0
        ? Effect.never
        : Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status })))
    })
    return { layer: Layer.succeed(HttpClient.HttpClient, client), next: Queue.take(queue), size: Queue.size(queue) }
  })

/** A recorder that has accepted jobs of these seconds. */
const withJobs = Effect.fnUntraced(function* (...seconds: ReadonlyArray<number>) {
  const runtime = yield* MetricsRuntime
  const recorder = yield* runtime.createRecorder("one")
  for (const metric of [Jobs, Times, Spread]) yield* recorder.register(metric)
  for (const each of seconds) yield* recorder.emit(done(each))
  return { runtime, recorder, emit: (each: number) => recorder.emit(done(each)) }
})

describe.each(Object.entries(runtimes))("a push, %s", (_, runtime) => {
  it.effect("sends every event accepted before to the group of a Pushgateway", () =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording()
      yield* withJobs(1, 2)
      const pushed = yield* Effect.provide(
        Prometheus.push({ url: gateway, job: "nightly", labels: { instance: "a/b", empty: "" } }),
        layer
      )
      const { body, headers, method, url } = yield* next
      expect([method, url]).toEqual([
        "PUT",
        `${gateway}/metrics/job/nightly/instance@base64/${Buffer.from("a/b").toString("base64url")}/empty@base64/=`
      ])
      expect(headers["content-type"]).toBe(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
      )
      const families = decodeFamilies(body)
      expect(families.get("jobs_total")!.samples[0]).toMatchObject({
        value: 2,
        labels: { queue: "a", recorder: "one" }
      })
      expect(families.get("jobs_spread_seconds")!.native[0]).toMatchObject({ count: 2, sum: 3, schema: 3 })
      expect(pushed).toEqual({ requests: 1, attempts: 1, bytes: body.length })
    }).pipe(Effect.provide(runtime))
  )

  it.effect("sends remote write requests", () =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording()
      yield* TestClock.setTime(1_764_484_000_000)
      const { runtime } = yield* withJobs(1)
      const url = "http://mimir.test/api/v1/push?x=1"
      const options = { protocol: "remote-write", url, headers: { "x-scope-orgid": "team" } } as const
      yield* Effect.provide(Prometheus.push({ ...options, labels: { instance: "i" }, nativeHistograms: true }), layer)
      const sent = yield* next
      expect([sent.method, sent.url]).toEqual(["POST", url])
      expect(sent.headers).toMatchObject({
        "content-type": "application/x-protobuf",
        "content-encoding": "snappy",
        "x-prometheus-remote-write-version": "0.1.0",
        "x-scope-orgid": "team"
      })
      const { histograms, samples } = decodeWrite(unsnap(sent.body))
      expect(samples.find(({ name }) => name === "jobs_total")).toMatchObject({
        value: 1,
        time: 1_764_484_000_000,
        labels: { job: runtime.namespace, instance: "i", namespace: runtime.namespace, queue: "a" }
      })
      expect(histograms).toMatchObject([{ name: "jobs_spread_seconds", count: 1, schema: 3 }])
      yield* Effect.provide(Prometheus.push(options), layer)
      expect(decodeWrite(unsnap((yield* next).body)).histograms).toEqual([])
      yield* Effect.provide(Prometheus.push({ ...options, version: "2.0" as const }), layer)
      const second = yield* next
      expect(second.headers).toMatchObject({
        "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        "content-encoding": "snappy",
        "x-prometheus-remote-write-version": "2.0.0"
      })
      expect(decodeWrite2(unsnap(second.body)).samples.find(({ name }) => name === "jobs_total")).toMatchObject({
        value: 1,
        labels: { job: runtime.namespace, queue: "a" }
      })
    }).pipe(Effect.provide(runtime))
  )
})

describe.each(["1.0", "2.0"] as const)("remote write %s at intervals", (version) => {
  it.effect("marks removed series as stale once, later than their last sample", () =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording()
      const { runtime } = yield* withJobs(1)
      const decode = version === "2.0" ? decodeWrite2 : decodeWrite
      const nextSamples = Effect.map(next, ({ body }) => decode(unsnap(body)).samples)
      const options = { protocol: "remote-write", version, url: gateway, selfMetrics: false } as const
      yield* Effect.gen(function* () {
        yield* runtime.flush()
        const before = yield* nextSamples
        const ended = before.filter(({ labels }) => labels.recorder === "one")
        expect(ended.length).toBeGreaterThan(2)
        yield* runtime.stopAndRemoveRecorder("one")
        yield* runtime.flush()
        const markers = yield* nextSamples
        expect(markers.map(({ labels, name, value }) => [name, labels, value])).toEqual(
          ended.map(({ labels, name }) => [name, labels, Stale])
        )
        for (const { time } of markers) expect(time).toBeGreaterThan(before[0]!.time)
        const after = yield* nextSamples
        expect(after.map(({ labels }) => labels.recorder)).not.toContain("one")
        expect(after.map(({ value }) => value)).not.toContain(Stale)
        yield* runtime.flush()
        expect((yield* nextSamples).map(({ labels, name }) => [name, labels])).toEqual(
          after.map(({ labels, name }) => [name, labels])
        )
      }).pipe(Effect.provide(Layer.provide(Prometheus.layerPush(options), layer)))
      // A process that ends leaves its last values, as Prometheus does when it ends itself.
      expect((yield* nextSamples).map(({ value }) => value)).not.toContain(Stale)
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("treats an undelivered push as not sent", () =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording(200, 400, 400)
      const { runtime } = yield* withJobs(1)
      const decode = version === "2.0" ? decodeWrite2 : decodeWrite
      const options = { protocol: "remote-write", version, url: gateway, selfMetrics: false } as const
      yield* Effect.gen(function* () {
        yield* runtime.flush()
        yield* runtime.stopAndRemoveRecorder("one")
        yield* Effect.ignore(runtime.flush())
        yield* runtime.flush()
        const hasMarkers: Array<boolean> = []
        while (hasMarkers.length < 5) {
          const { samples } = decode(unsnap((yield* next).body))
          hasMarkers.push(samples.some(({ value }) => value === (Stale as never)))
        }
        expect(hasMarkers).toEqual([false, true, false, true, false])
      }).pipe(Effect.provide(Layer.provide(Prometheus.layerPush(options), layer)))
    }).pipe(Effect.provide(inProcess))
  )
})

it.effect("remote write marks removed series whose markers did not arrive with the next push", () =>
  Effect.gen(function* () {
    // Three requests of series, the markers of those series in as many, and everything after that.
    const { layer, next, size } = yield* recording(200, 200, 200, 200, 503)
    const runtime = yield* MetricsRuntime
    const recorder = yield* runtime.createRecorder("one", { totalOfRemoved: false })
    yield* recorder.register(Jobs)
    yield* recorder.register(Times)
    for (let i = 0; i < 700; i++) yield* recorder.emit(done(1, `queue ${i}`))
    const sent = Effect.gen(function* () {
      const all: Array<ReturnType<typeof decodeWrite>["samples"]> = []
      while ((yield* size) > 0) all.push(decodeWrite(unsnap((yield* next).body)).samples)
      return all
    })
    const seriesOf = (samples: ReturnType<typeof decodeWrite>["samples"]) =>
      samples.map(({ labels, name }) => JSON.stringify([name, labels]))
    const markersIn = (samples: ReturnType<typeof decodeWrite>["samples"]) =>
      seriesOf(samples.filter(({ value }) => value === (Stale as never)))
    const options = { protocol: "remote-write", url: gateway, selfMetrics: false, retry: Schedule.recurs(0) } as const
    yield* Effect.gen(function* () {
      yield* runtime.flush()
      const before = seriesOf((yield* sent).flat())
      expect(before).toHaveLength(4200)
      yield* runtime.stopAndRemoveRecorder("one")
      yield* Effect.ignore(runtime.flush())
      const [accepted, refused, ...more] = yield* sent
      expect([markersIn(accepted!).length, markersIn(refused!).length, more.length]).toEqual([2000, 2000, 0])
      yield* runtime.flush()
      const later = (yield* sent).flatMap(markersIn)
      expect([...new Set([...markersIn(accepted!), ...later])].toSorted()).toEqual(before.toSorted())
    }).pipe(Effect.provide(Layer.provide(Prometheus.layerPush(options), layer)))
  }).pipe(Effect.provide(inProcess))
)

describe("a push", () => {
  it.effect("can be text, and merge with the content of the group", () =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording()
      yield* withJobs(1)
      yield* Effect.provide(Prometheus.push({ url: `${gateway}/sub/`, format: "text", method: "POST" }), layer)
      const { body, headers, method, url } = yield* next
      expect([method, url]).toEqual(["POST", `${gateway}/sub/metrics/job/test.in_process`])
      expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8")
      expect(parseExposition(new TextDecoder().decode(body), "text").get("jobs_total")!.samples[0]!.value).toBe(1)
    }).pipe(Effect.provide(inProcess))
  )

  it.effect.each(["text", "protobuf"] as const)("omits labels with the names of its group labels, in %s", (format) =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording()
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("one")
      yield* recorder.register(
        Metric.counter("c", { events: JobEvent, when: "job.done", labels: { job: "queue", zone: "ok" } })
      )
      yield* recorder.emit(done(1))
      yield* Effect.provide(Prometheus.push({ url: gateway, format, labels: { zone: "z" } }), layer)
      const { body } = yield* next
      const families =
        format === "text" ? parseExposition(new TextDecoder().decode(body), "text") : decodeFamilies(body)
      expect(families.get("c_total")!.samples[0]!.labels).toEqual({
        recorder: "one",
        namespace: "test.in_process",
        exported_job: "a",
        exported_zone: "true"
      })
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("reports what was not delivered, without secrets", () =>
    Effect.gen(function* () {
      const { layer, size } = yield* recording(503, 503, 400)
      yield* withJobs(1)
      const url = "http://user:secret@gateway.test:9091/?token=secret"
      const push = Prometheus.push({ url, retry: Schedule.recurs(9) })
      const error = yield* Effect.flip(Effect.provide(push, layer))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/PushFailed",
        url: "http://gateway.test:9091/",
        reason: "the receiver answered 400",
        kind: "400",
        delivered: 0,
        requests: 1,
        attempts: 3
      })
      expect(yield* size).toBe(3)
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("continues with the other requests if one is rejected, but not if nobody responds", () =>
    Effect.gen(function* () {
      const { recorder } = yield* withJobs()
      for (let n = 0; n < 130; n++) yield* recorder.emit(done(1, `${n}`))
      const push = Prometheus.push({ protocol: "remote-write", url: gateway, retry: Schedule.recurs(1) })
      const refused = yield* recording(200, 400)
      expect(yield* Effect.flip(Effect.provide(push, refused.layer))).toMatchObject({
        delivered: 2,
        requests: 3,
        attempts: 3,
        kind: "400"
      })
      const gone = yield* recording(200, 503, 503)
      expect(yield* Effect.flip(Effect.provide(push, gone.layer))).toMatchObject({
        delivered: 1,
        requests: 3,
        attempts: 3,
        kind: "503"
      })
      expect(yield* gone.size).toBe(3)
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("fails with the reason of a runtime that cannot be read", () =>
    Effect.gen(function* () {
      const { layer } = yield* recording()
      yield* (yield* MetricsRuntime).shutdown
      const error = yield* Effect.flip(Effect.provide(Prometheus.push({ url: gateway }), layer))
      expect(error._tag).toBe("mvx-metrics/InvalidState")
    }).pipe(Effect.provide(Layer.fresh(inProcess)))
  )

  it.effect.each([
    [{}, "url"],
    [{ url: "gateway:9091" }, "url"],
    [{ url: "ftp://gateway" }, "url"],
    [{ url: gateway, job: " " }, "job"],
    [{ url: gateway, labels: { job: "x" } }, "labels"],
    [{ url: gateway, labels: { recorder: "x" } }, "labels"],
    [{ url: gateway, labels: { "a-b": "x" } }, "labels"],
    [{ url: gateway, labels: { __x: "x" } }, "labels"],
    [{ url: gateway, labels: { a: 1 } }, "labels"],
    [{ url: gateway, method: "DELETE" }, "method"],
    [{ url: gateway, nativeHistograms: true }, "nativeHistograms"],
    [{ url: gateway, protocol: "remote-write", method: "PUT" }, "method"],
    [{ url: gateway, protocol: "remote-write", version: "3.0" }, "version"],
    [{ url: gateway, version: "1.0" }, "version"],
    [{ url: gateway, atEnd: "delete" }, "atEnd"],
    [{ url: gateway, protocol: "graphite" }, "protocol"],
    [{ url: gateway, maxSchema: 9 }, "maxSchema"],
    [{ url: gateway, retry: 3 }, "retry"],
    [{ url: gateway, pushInterval: "1 second" }, "pushInterval"]
  ] as ReadonlyArray<[object, string]>)("dies of the options %j", ([options, argument]) =>
    Effect.gen(function* () {
      const { layer } = yield* recording()
      const error = yield* badInputOf(Effect.provide(Prometheus.push(options as Prometheus.PushOptions), layer))
      expect(error.argument).toBe(argument)
    }).pipe(Effect.provide(inProcess))
  )

  it("has a distinct URL for any labels", () => {
    const pathOf = (job: string) => new URL(groupUrl({ url: gateway }, job)).pathname
    const encoded = (job: string) => `/metrics/job@base64/${Buffer.from(job).toString("base64url")}`
    for (const job of [".", "..", "a b", "a/b", "é", "%2e", "a?b", "a#b", "@", "=", "+"])
      expect(pathOf(job)).toBe(encoded(job))
    for (const job of ["a", "a.b-c_d~e", "A9"]) expect(pathOf(job)).toBe(`/metrics/job/${job}`)
  })
})

describe("pushes at intervals", () => {
  const pushes = (options: Partial<Prometheus.PushingOptions>, client: Layer.Layer<HttpClient.HttpClient>) =>
    Prometheus.layerPush({ url: gateway, job: "j", ...options } as Prometheus.PushingOptions).pipe(
      Layer.provide(client)
    )

  const countIn = (sent: Sent): number => decodeFamilies(sent.body).get("jobs_total")!.samples[0]!.value

  it.effect("run after each interval, on each flush of the runtime, and at the end", () =>
    Effect.gen(function* () {
      const { layer, next, size } = yield* recording()
      const { emit, runtime } = yield* withJobs(1)
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(pushes({ pushInterval: "1 minute" }, layer), scope)
      yield* TestClock.adjust("59 seconds")
      expect(yield* size).toBe(0)
      yield* TestClock.adjust("1 second")
      expect(countIn(yield* next)).toBe(1)
      yield* emit(1)
      yield* runtime.flush()
      expect(countIn(yield* next)).toBe(2)
      yield* emit(1)
      yield* Scope.close(scope, Exit.void)
      expect(countIn(yield* next)).toBe(3)
      yield* TestClock.adjust("10 minutes")
      yield* runtime.flush()
      expect(yield* size).toBe(0)
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("end when the layer is released, before its recorder and its runtime", () =>
    Effect.gen(function* () {
      const { layer, next } = yield* recording()
      const Metrics = pushes({}, layer).pipe(
        Layer.provideMerge(Recorder.layer("job")),
        Layer.provideMerge(Layer.fresh(inProcess))
      )
      const job = Effect.gen(function* () {
        const metrics = yield* Recorder.register(Jobs)
        yield* metrics.emit({ _tag: "job.done", queue: "a", seconds: 1, ok: true })
      })
      yield* Effect.provide(job, Metrics)
      expect(countIn(yield* next)).toBe(1)
    })
  )

  it.effect("end with the removal of the group if configured", () =>
    Effect.gen(function* () {
      const { layer, next, size } = yield* recording(200, 503, 202, 200)
      const { runtime } = yield* withJobs(1)
      const scope = yield* Scope.make()
      const retry = Schedule.recurs(1)
      const options = {
        atEnd: "delete",
        headers: { authorization: "Basic a" },
        labels: { instance: "i" },
        retry
      } as const
      yield* Layer.buildWithScope(pushes(options, layer), scope)
      yield* runtime.flush()
      const pushed = yield* next
      yield* Scope.close(scope, Exit.void)
      expect(yield* size).toBe(2)
      yield* next
      const { body, headers, method, url } = yield* next
      expect([method, url, body.length]).toEqual(["DELETE", pushed.url, 0])
      expect(headers).toMatchObject({ authorization: "Basic a" })
      expect(headers).not.toHaveProperty("content-type")
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("die of the removal of a group with remote write, which has none", () =>
    Effect.gen(function* () {
      const { layer } = yield* recording()
      const options = { protocol: "remote-write", atEnd: "delete" } as never
      expect((yield* badInputOf(Effect.scoped(Layer.build(pushes(options, layer))))).argument).toBe("atEnd")
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("log the first of several failures and the recovery, and attempt the last push", () =>
    Effect.gen(function* () {
      const { layer: logs, lines } = recordLogs()
      const { layer, size } = yield* recording(400, 400, 200, 400)
      const told = () => lines.filter(({ level }) => level !== "Debug").map(({ level, text }) => [level, text])
      yield* Effect.gen(function* () {
        const { runtime } = yield* withJobs(1)
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(pushes({}, layer), scope)
        expect(yield* Effect.flip(runtime.flush())).toMatchObject({
          _tag: "mvx-metrics/FlushFailed",
          exports: [{ exporter: `push to ${gateway}/`, reason: expect.stringContaining("answered 400") }]
        })
        yield* Effect.flip(runtime.flush())
        expect(told()).toEqual([["Warn", expect.stringContaining("answered 400")]])
        yield* runtime.flush()
        expect(told().slice(1)).toEqual([["Info", expect.stringContaining("failed exports: 2")]])
        expect((yield* runtime.stats).exports).toEqual([
          {
            exporter: `push to ${gateway}/`,
            delivered: 1,
            partial: 0,
            failed: 2,
            rejectedPoints: 0,
            failing: undefined,
            lastError: { at: expect.any(Number), message: expect.stringContaining("answered 400") }
          }
        ])
        yield* Scope.close(scope, Exit.void)
        expect(yield* size).toBe(4)
        expect(told().slice(2)).toEqual([["Warn", expect.stringContaining("the last export is lost")]])
      }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "test.logged" })), Effect.provide(logs))
    })
  )

  it.effect("end within their time limit if nobody responds", () =>
    Effect.gen(function* () {
      const outside = yield* TestClock.make()
      const { layer, next, size } = yield* recording(0, 0, 0)
      yield* withJobs(1)
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(pushes({ pushInterval: "1 minute", shutdownTimeout: "2 seconds" }, layer), scope)
      yield* TestClock.adjust("1 minute")
      yield* next
      const closing = yield* Effect.forkChild(
        Effect.provideService(Scope.close(scope, Exit.void), OutsideClock, outside)
      )
      yield* next
      yield* outside.adjust("1999 millis")
      expect(closing.pollUnsafe()).toBeUndefined()
      yield* outside.adjust("1 milli")
      yield* Fiber.join(closing)
      expect(yield* size).toBe(0)
    }).pipe(Effect.provide(inProcess))
  )
})

it("a program without Effect pushes once, at intervals and at the end", async () => {
  const counts: Array<number> = []
  const server = createServer(async (request, response) => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    counts.push(decodeFamilies(Buffer.concat(chunks)).get("jobs_total")!.samples[0]!.value)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using runtime = await Facade.start({ namespace: "test", inProcess: true, logging: "silent" })
  const recorder = await runtime.createRecorder("a")
  await recorder.registerMetric(Jobs)
  recorder.registerEvent(done(1))
  expect(await Prometheus.pushFrom(runtime, { url })).toMatchObject({ requests: 1, attempts: 1 })
  const pushing = await Prometheus.startPush(runtime, { url, pushInterval: "1 hour" })
  recorder.registerEvent(done(1))
  await pushing.push()
  recorder.registerEvent(done(1))
  await pushing.stop()
  await pushing.stop()
  expect(counts).toEqual([1, 2, 3])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await expect(Prometheus.pushFrom(runtime, { url, retry: Schedule.recurs(0) })).rejects.toMatchObject({
    _tag: "mvx-metrics/PushFailed",
    reason: expect.stringContaining("ECONNREFUSED")
  })
  await expect(Prometheus.startPush(runtime, { url: "" })).rejects.toMatchObject({ argument: "url" })
})
