// A scrape: its content, how it is served, and its response when there is nothing to show.
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { MetricsRuntime as PromiseRuntime } from "mvx-metrics/promise"
import { badInputOf } from "./support/badInput.ts"
import { newRecorder, onBothLayers } from "./support/bothLayers.ts"
import { parseExposition } from "./support/expositionParser.ts"
import { decodeFamilies } from "./support/familyDecoder.ts"
import { heldInStart } from "./support/held.ts"
import { Endless, JobSpread, Jobs, JobTime, job, RecentJobs, Unviewable } from "./support/scrape.metrics.ts"

const metrics = new URL("./support/scrape.metrics.ts", import.meta.url)
const openMetrics = "application/openmetrics-text"
const protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

/** The samples of a recorder, as `NAME{labels but those that tell recorders apart}` and their value. */
const scraped = (recorderId: string, format: "text" | "openmetrics" = "text") =>
  Effect.map(Prometheus.render(format), (text) => {
    const samples = [...parseExposition(text, format).values()].flatMap((family) => family.samples)
    return Object.fromEntries(
      samples
        .filter(({ labels }) => labels.recorder === recorderId)
        .filter(({ name }) => !name.startsWith("mvx_metrics"))
        .map(({ labels: { namespace: _namespace, recorder: _, ...labels }, name, value }) => [
          `${name}${JSON.stringify(labels).replaceAll('"', "")}`,
          value
        ])
    )
  })

onBothLayers(
  "a scrape",
  (it) => {
    it.effect("includes every event accepted before, of every recorder", () =>
      Effect.gen(function* () {
        const recorders = [yield* newRecorder(), yield* newRecorder()]
        for (const [i, recorder] of recorders.entries()) {
          yield* recorder.register(Jobs)
          yield* recorder.register(JobTime)
          for (let n = 0; n <= i; n++) yield* recorder.emit(job("x", 1))
          // One that no row holds.
          yield* recorder.emit({ ...job("y", 10), more: [1] } as never)
        }
        for (const [i, { recorderId }] of recorders.entries()) {
          expect(yield* scraped(recorderId)).toMatchObject({
            "jobs_total{queue:x}": i + 1,
            "jobs_total{queue:y}": 1,
            "job_time_seconds_bucket{le:5}": i + 1,
            "job_time_seconds_count{}": i + 2
          })
        }
      })
    )

    it.effect("includes events that are queued while their recorder starts", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const recorder = yield* newRecorder({ onStarting: gate.await })
        yield* recorder.register(Jobs)
        yield* recorder.emit(job())
        const scrape = yield* Effect.forkChild(scraped(recorder.recorderId), { startImmediately: true })
        yield* gate.open
        expect(yield* Fiber.join(scrape)).toMatchObject({ "jobs_total{queue:x}": 1 })
      })
    )

    it.effect("does not wait for a recorder that stays busy, whose events are shown as pending", () =>
      Effect.gen(function* () {
        const busy = yield* heldInStart()
        const other = yield* newRecorder()
        for (const recorder of [busy.recorder, other]) {
          yield* recorder.register(Jobs)
          yield* recorder.emit(job())
        }
        const text = yield* Prometheus.render("text")
        expect(text).toMatch(
          new RegExp(`mvx_metrics_events_pending\\{[^}]*recorder="${busy.recorder.recorderId}"[^}]*\\} 1`)
        )
        expect(yield* scraped(other.recorderId)).toEqual({ "jobs_total{queue:x}": 1 })
        yield* busy.release
        expect(yield* scraped(busy.recorder.recorderId)).toEqual({ "jobs_total{queue:x}": 1 })
      })
    )

    it.effect("a scrape that waited for one recorder shows the others as they were at its start", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const recorder = yield* newRecorder()
        const late = yield* newRecorder({ onStarting: gate.await })
        yield* recorder.register(RecentJobs)
        yield* recorder.emit(job())
        yield* late.register(Jobs)
        yield* late.emit(job())
        const scrape = yield* Effect.forkChild(scraped(late.recorderId), { startImmediately: true })
        yield* TestClock.adjust("30 seconds")
        yield* recorder.emit(job())
        yield* gate.open
        expect(yield* Fiber.join(scrape)).toEqual({ "jobs_total{queue:x}": 1 })
        expect((yield* recorder.snapshot(RecentJobs)).dimensions).toMatchObject({ count: 2 })
      })
    )

    it.effect("waits for a listener that blocks the fold", () =>
      Effect.gen(function* () {
        const reached = yield* Latch.make()
        const gate = yield* Latch.make()
        const recorder = yield* newRecorder({ onMetricChanged: () => Effect.andThen(reached.open, gate.await) })
        yield* recorder.register(Jobs)
        yield* recorder.emit(job())
        yield* reached.await
        yield* recorder.emit(job())
        const scrape = yield* Effect.forkChild(scraped(recorder.recorderId), { startImmediately: true })
        yield* gate.open
        expect(yield* Fiber.join(scrape)).toMatchObject({ "jobs_total{queue:x}": 2 })
      })
    )

    it.effect("leaves out a metric that cannot be shown, and nothing else", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Unviewable, Endless, Jobs]) yield* recorder.register(metric)
        yield* recorder.emit(job())
        expect(yield* scraped(recorder.recorderId)).toEqual({ "jobs_total{queue:x}": 1 })
        const { quarantine } = (yield* recorder.snapshots)[Unviewable.name]!
        expect(quarantine?.error).toContain("no view")
      })
    )

    it.effect("reports when a metric began to count: its registration or its reset", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* TestClock.adjust("10 seconds")
        yield* recorder.register(Jobs)
        yield* recorder.emit(job())
        const created = (yield* scraped(recorder.recorderId, "openmetrics"))["jobs_created{queue:x}"]!
        yield* TestClock.adjust("5 seconds")
        expect((yield* scraped(recorder.recorderId, "openmetrics"))["jobs_created{queue:x}"]).toBe(created)
        yield* recorder.reset(Jobs)
        yield* recorder.emit(job())
        expect((yield* scraped(recorder.recorderId, "openmetrics"))["jobs_created{queue:x}"]).toBe(created + 5)
      })
    )

    it.effect("limits the resolution of native histograms to the requested one", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(JobSpread)
        yield* recorder.emit(job())
        for (const [options, schema] of [
          [{}, 3],
          [{ maxSchema: 8 }, 8],
          [{ maxSchema: -4 }, -4]
        ] as const) {
          const families = decodeFamilies(yield* Prometheus.render("protobuf", options))
          const own = families
            .get("job_spread_seconds")!
            .native.find(({ labels }) => labels.recorder === recorder.recorderId)
          expect([own!.schema, own!.count, own!.sum]).toEqual([schema, 1, 1])
          expect(families.has("mvx_metrics_events_accepted_total")).toBe(true)
        }
      })
    )

    it.effect("shows nothing of a recorder that was removed", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Jobs)
        yield* recorder.emit(job())
        yield* (yield* MetricsRuntime).stopAndRemoveRecorder(recorder.recorderId)
        expect(yield* scraped(recorder.recorderId)).toEqual({})
      })
    )

    it.effect("shows the self-metrics", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Jobs)
        yield* recorder.emit(job())
        const families = parseExposition(yield* Prometheus.render(), "text")
        expect(families.get("mvx_metrics_events_accepted_total")?.samples).toContainEqual({
          name: "mvx_metrics_events_accepted_total",
          labels: { namespace: (yield* MetricsRuntime).namespace, recorder: recorder.recorderId },
          value: 1,
          exemplar: undefined
        })
      })
    )
  },
  [metrics]
)

// --- how it is served

type Ask = (init?: RequestInit) => Promise<Response>

const listening = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`))
  })

const inProcess = MetricsLayer.layerInProcess({ namespace: "test", logging: "silent" })

/** The ways of serving: each gives a way to ask, for as long as the scope is open. */
const ways = {
  "a fetch handler": Effect.map(
    Prometheus.handler(),
    (handle): Ask =>
      (init) =>
        handle(new Request("http://localhost/any", init))
  ),
  "a handler of node:http": Effect.gen(function* () {
    const server = createServer(yield* Prometheus.nodeHandler())
    const url = yield* Effect.acquireRelease(
      Effect.promise(() => listening(server)),
      () => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
    )
    return ((init) => fetch(url, { ...init, headers: { connection: "close", ...init?.headers } })) satisfies Ask
  }),
  "the HttpRouter": Effect.gen(function* () {
    const runtime = Layer.succeed(MetricsRuntime, yield* MetricsRuntime)
    const { dispose, handler } = HttpRouter.toWebHandler(Layer.provide(Prometheus.layerHttp(), runtime), {
      disableLogger: true
    })
    yield* Effect.addFinalizer(() => Effect.promise(() => dispose()))
    return ((init) => handler(new Request("http://localhost/metrics", init))) satisfies Ask
  })
}

for (const [way, served] of Object.entries(ways)) {
  describe(way, () => {
    const asking = Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Jobs)
      yield* recorder.emit(job("é"))
      const ask = yield* served
      return { ask: (init?: RequestInit) => Effect.promise(() => ask(init)), recorder, runtime: yield* MetricsRuntime }
    })

    it.effect("streams a long text in chunks, so that a server that encrypts them stays responsive", () =>
      Effect.gen(function* () {
        const { ask, recorder } = yield* asking
        for (let i = 0; i < 900; i++) yield* recorder.emit(job(`${i} ${"x".repeat(240)}`))
        const response = yield* ask({ headers: { "accept-encoding": "identity" } })
        const length = response.headers.get("content-length")
        const chunks = yield* Effect.promise(async () => {
          const read: Array<Uint8Array> = []
          for await (const chunk of response.body!) read.push(chunk)
          return read
        })
        const whole = Buffer.concat(chunks)
        expect(whole.length).toBeGreaterThan(256 * 1024)
        expect([Number(length), Math.max(...chunks.map((chunk) => chunk.length))]).toEqual([
          whole.length,
          expect.toSatisfy((longest: number) => longest <= 256 * 1024)
        ])
        expect(whole.toString().match(/^jobs_total/gm)).toHaveLength(901)
      }).pipe(Effect.scoped, Effect.provide(inProcess))
    )

    it.effect("responds in the requested format", () =>
      Effect.gen(function* () {
        const { ask, recorder } = yield* asking
        const sample = `jobs_total{recorder="${recorder.recorderId}",namespace="test",queue="é"} 1`
        const text = yield* ask()
        expect([text.status, text.headers.get("content-type")]).toEqual([
          200,
          "text/plain; version=0.0.4; charset=utf-8"
        ])
        expect(yield* Effect.promise(() => text.text())).toContain(`# TYPE jobs_total counter\n${sample}\n`)
        const open = yield* ask({ headers: { accept: openMetrics } })
        expect(open.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8")
        expect(yield* Effect.promise(() => open.text())).toMatch(/# EOF\n$/)
        const bytes = yield* ask({ headers: { accept: protobuf } })
        expect(bytes.headers.get("content-type")).toBe(protobuf)
        const families = decodeFamilies(new Uint8Array(yield* Effect.promise(() => bytes.arrayBuffer())))
        expect(families.get("jobs_total")!.samples[0]).toMatchObject({ labels: { queue: "é" }, value: 1 })
      }).pipe(Effect.scoped, Effect.provide(inProcess))
    )

    it.effect("responds to HEAD without a body, and rejects methods other than GET and HEAD", () =>
      Effect.gen(function* () {
        const { ask } = yield* asking
        const head = yield* ask({ method: "HEAD" })
        expect([head.status, yield* Effect.promise(() => head.text())]).toEqual([200, ""])
        const post = yield* ask({ method: "POST", body: "x" })
        expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"])
      }).pipe(Effect.scoped, Effect.provide(inProcess))
    )

    it.effect("responds with 503 and the reason when the runtime is closed", () =>
      Effect.gen(function* () {
        const { ask, runtime } = yield* asking
        yield* runtime.shutdown
        const response = yield* ask()
        expect([response.status, response.headers.get("content-type")]).toEqual([503, "text/plain; charset=utf-8"])
        expect(yield* Effect.promise(() => response.text())).toMatch(/"test" is Closed: cannot be scraped/)
      }).pipe(Effect.scoped, Effect.provide(inProcess))
    )
  })
}

it("a program without Effect gets the handlers from its runtime", async () => {
  await using runtime = await PromiseRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
  const recorder = await runtime.createRecorder("a")
  await recorder.registerMetric(Jobs)
  recorder.registerEvent(job())
  const { handler, nodeHandler } = runtime.prometheus()
  const sample = 'jobs_total{recorder="a",namespace="test",queue="x"} 1'
  expect(await (await handler(new Request("http://localhost/"))).text()).toContain(sample)
  const server = createServer(nodeHandler)
  try {
    const response = await fetch(await listening(server), { headers: { connection: "close" } })
    expect(await response.text()).toContain(sample)
  } finally {
    server.close()
  }
  expect(() => runtime.prometheus({ timeout: "soon" as never })).toThrow(/timeout/)
})

it.effect("invalid options are rejected by name", () =>
  Effect.gen(function* () {
    expect(yield* badInputOf(Prometheus.handler({ path: "/x" } as never))).toMatchObject({ argument: "path" })
    expect(yield* badInputOf(Prometheus.render("text", { timeout: "soon" as never }))).toMatchObject({
      argument: "timeout"
    })
    expect(yield* badInputOf(Prometheus.render("protobuf", { maxSchema: 9 }))).toMatchObject({ argument: "maxSchema" })
    expect(yield* badInputOf(Layer.build(Prometheus.layerHttp({ path: "x" as never })))).toMatchObject({
      argument: "path"
    })
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(inProcess, HttpRouter.layer)))
)
