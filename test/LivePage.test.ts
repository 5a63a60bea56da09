/**
 * The live page as served. For its appearance and behaviour in a browser see test/e2e/LivePage.e2e.test.ts.
 */
import { execFile } from "node:child_process"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Worker } from "node:worker_threads"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schedule, Scope } from "effect"
import { FetchHttpClient, HttpClient, HttpRouter, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as LivePage from "mvx-metrics/LivePage"
import { MetricsRuntime as PromiseRuntime } from "mvx-metrics/promise"
import { badInputOf } from "./support/badInput.ts"
import { onBothRuntimes, started } from "./support/bothRuntimes.ts"
import { makeGate } from "./support/gate.ts"
import { Fragile, NotesByText, note, ProbeEvent, poison, Ticks, tick } from "./support/probe.metrics.ts"
import { gatedWorker, SlowSteps, slowEvent } from "./support/slow.metrics.ts"

const handlerOf = (runtime: RuntimeService, options?: LivePage.Options) =>
  Effect.provideService(LivePage.handler(options), MetricsRuntime, runtime)

const get = (handle: LivePage.FetchHandler, path: string, init?: RequestInit) =>
  Effect.promise(() => handle(new Request(`http://localhost${path}`, init)))

const idle = started(MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent" }))

/** The next piece of a body, as text. */
const readerOf = (response: Response) => {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  return Effect.promise(async () => (await reader.read()).value)
}

onBothRuntimes("the data of the live page", (make) => {
  it.effect("includes every event accepted before, the accounting, and quarantined metrics", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("probe", { entityId: "probe-1", capacity: 100 })
      yield* recorder.register(Ticks)
      yield* recorder.register(Fragile)
      for (const event of [tick(1), tick(2), poison("spoilt")]) yield* recorder.emit(event)
      yield* recorder.emitUnsafe("no event" as never) ? Effect.die("taken") : Effect.void
      const response = yield* get(yield* handlerOf(runtime), "/metrics/live/data")
      const data = yield* Effect.promise(() => response.json())
      expect(data).toMatchObject({
        namespace: "test",
        at: 0,
        recorderCount: 1,
        recorders: [
          {
            recorderId: "probe",
            entityId: "probe-1",
            stats: { accepted: 3, refused: 1, refusedBy: { invalid: 1 }, capacity: 100 },
            metrics: [
              { name: "probe.ticks", kind: "custom", dimensions: { count: 2, sum: 3 } },
              { name: "probe.fragile", quarantine: { error: "RangeError: spoilt", missed: 1 } }
            ]
          }
        ]
      })
    })
  )

  it.effect(
    "does not wait for a recorder whose hook does not end: it reports that recorder as busy and shows the others",
    () =>
      Effect.gen(function* () {
        const runtime = yield* started(make())
        const gate = yield* makeGate
        const held = yield* runtime.createRecorder("held", { onMetricChanged: () => gate.pass })
        const other = yield* runtime.createRecorder("other")
        for (const recorder of [held, other]) {
          yield* recorder.register(Ticks)
          yield* recorder.emit(tick(1))
        }
        yield* gate.reached
        const response = yield* get(yield* handlerOf(runtime), "/metrics/live/data")
        const { recorders } = yield* Effect.promise(() => response.json())
        expect(recorders[0]).toMatchObject({ recorderId: "held", metrics: [] })
        expect(recorders[0].error).toMatch(/its read did not end within 1s; 0 of the 1 events before it are folded/)
        expect(recorders[1].metrics).toMatchObject([{ name: "probe.ticks", dimensions: { count: 1, sum: 1 } }])
        yield* gate.open
      })
  )

  it.effect("shows the largest series of a metric and their total number", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("probe")
      yield* recorder.register(NotesByText)
      for (const text of ["a", "b", "b", "c", "c", "c"]) yield* recorder.emit(note(text))
      const response = yield* get(yield* handlerOf(runtime, { maxSeries: 2 }), "/metrics/live/data")
      const { recorders } = yield* Effect.promise(() => response.json())
      expect(recorders[0].metrics[0]).toEqual({
        name: "probe.notes_by_text",
        kind: "counter",
        labels: ["text"],
        seriesCount: 3,
        dimensions: {
          value: 6,
          series: [
            { labels: { text: "c" }, value: 3 },
            { labels: { text: "b" }, value: 2 }
          ]
        }
      })
    })
  )

  it.effect("shows the queries of a metric in PromQL", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder('the "probe"')
      yield* recorder.register(NotesByText)
      const handle = yield* handlerOf(runtime)
      const queries = (recorder: string, metric: string) =>
        get(handle, `/metrics/live/queries?${new URLSearchParams({ recorder, metric })}`)
      const found = yield* queries('the "probe"', "probe.notes_by_text")
      expect(yield* Effect.promise(() => found.json())).toEqual([
        {
          title: "probe.notes_by_text",
          expr: 'label_replace(sum by (job, instance, namespace, recorder, text, otel_metric_overflow) (rate(probe_notes_by_text_total{namespace="test",recorder="the \\"probe\\""}[5m])), "beyond_limit", "others, beyond the limit", "otel_metric_overflow", "true")'
        }
      ])
      for (const [recorder, metric] of [
        ["nobody", "probe.notes_by_text"],
        ['the "probe"', "nothing"]
      ] as const) {
        expect((yield* queries(recorder, metric)).status).toBe(404)
      }
    })
  )

  it.effect("sends an update once a second as server-sent events", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("probe")
      yield* recorder.register(Ticks)
      const response = yield* get(yield* handlerOf(runtime), "/metrics/live/events")
      expect(response.headers.get("content-type")).toBe("text/event-stream")
      const next = readerOf(response)
      expect(yield* next).toBe("retry: 1000\n\n")
      expect(yield* next).toMatch(/^data: \{.*\[\ndata: \{.*"count":0.*\}\ndata: \]\}\n\n$/)
      yield* recorder.emit(tick())
      yield* TestClock.adjust("1 second")
      expect(yield* next).toMatch(/^data: \{.*"at":1000.*\[\ndata: \{.*"count":1.*\}\ndata: \]\}\n\n$/)
    })
  )
})

describe("the live page", () => {
  it.effect("loads only same-origin assets, and its content security policy allows no others", () =>
    Effect.gen(function* () {
      const handle = yield* handlerOf(yield* idle)
      for (const [path, type] of [
        ["/metrics/live", "text/html; charset=utf-8"],
        ["/metrics/live/page.js", "text/javascript; charset=utf-8"],
        ["/metrics/live/page.css", "text/css; charset=utf-8"],
        ["/metrics/live/data", "application/json; charset=utf-8"]
      ] as const) {
        const { headers, status } = yield* get(handle, path)
        expect(status).toBe(200)
        expect(headers.get("content-type")).toBe(type)
        expect(headers.get("x-content-type-options")).toBe("nosniff")
        expect(headers.get("content-security-policy")).toBe(
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
      }
    })
  )

  it.effect("resolves its assets relative to the address in the browser", () =>
    Effect.gen(function* () {
      const html = (handle: LivePage.FetchHandler, path: string) =>
        Effect.flatMap(get(handle, path), (response) => Effect.promise(() => response.text()))
      const runtime = yield* idle
      const handle = yield* handlerOf(runtime)
      expect(yield* html(handle, "/metrics/live")).toContain('src="./live/page.js"')
      expect(yield* html(handle, "/metrics/live/")).toContain('src="./page.js"')
      const quoted = yield* handlerOf(runtime, { path: "/it's/a&b" })
      expect(yield* html(quoted, "/it's/a&b")).toContain('src="./a&#38;b/page.js"')
      expect(yield* html(yield* handlerOf(runtime, { path: "/" }), "/")).toContain('src="./page.js"')
    })
  )

  it.effect("is read-only", () =>
    Effect.gen(function* () {
      const handle = yield* handlerOf(yield* idle)
      const posted = yield* get(handle, "/metrics/live", { method: "POST" })
      expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"])
      const head = yield* get(handle, "/metrics/live", { method: "HEAD" })
      expect([head.status, yield* Effect.promise(() => head.text())]).toEqual([200, ""])
      for (const path of ["/metrics", "/metrics/live/toString", "/metrics/lively"]) {
        expect((yield* get(handle, path)).status).toBe(404)
      }
    })
  )

  it.effect("shows up to the configured number of recorders, and the total number", () =>
    Effect.gen(function* () {
      const runtime = yield* idle
      for (const id of ["a", "b", "c"]) yield* runtime.createRecorder(id)
      const response = yield* get(yield* handlerOf(runtime, { maxRecorders: 2 }), "/metrics/live/data")
      const data = yield* Effect.promise(() => response.json())
      expect(data.recorders.map(({ recorderId }: { recorderId: string }) => recorderId)).toEqual(["a", "b"])
      expect(data.recorderCount).toBe(3)
    })
  )

  it.effect("rejects invalid options", () =>
    Effect.gen(function* () {
      const runtime = yield* idle
      for (const [argument, options] of [
        ["path", { path: "metrics" }],
        ["maxSeries", { maxSeries: 0 }],
        ["colour", { colour: "blue" }]
      ] as const) {
        expect(yield* badInputOf(handlerOf(runtime, options as never))).toMatchObject({ argument })
      }
    })
  )

  it.live("shows why a recorder cannot be read after the worker has died, and keeps running", () =>
    Effect.gen(function* () {
      let worker: Worker | undefined
      const spawn = (): Worker => {
        worker = new Worker(new URL("./support/probe.worker.ts", import.meta.url))
        return worker
      }
      const runtime = yield* started(
        MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", spawn, restart: Schedule.recurs(0) })
      )
      const recorder = yield* runtime.createRecorder("probe")
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      yield* Effect.promise(async () => worker?.terminate())
      const response = yield* get(yield* handlerOf(runtime), "/metrics/live/data")
      expect(yield* Effect.promise(() => response.json())).toMatchObject({
        recorders: [{ recorderId: "probe", metrics: [], error: expect.any(String), stats: { accepted: 1 } }]
      })
    })
  )

  it.effect("marks values that are not JSON, and shows the rest unchanged", () =>
    Effect.gen(function* () {
      const runtime = yield* idle
      const recorder = yield* runtime.createRecorder("probe")
      const Big = Metric.make("big", {
        events: ProbeEvent,
        initial: 0,
        reduce: { "probe.tick": (total) => total + 1 },
        view: (total) => ({ total: BigInt(total) })
      })
      yield* recorder.register(Big)
      yield* recorder.register(Ticks)
      const response = yield* get(yield* handlerOf(runtime), "/metrics/live/data")
      const { recorders } = yield* Effect.promise(() => response.json())
      expect(recorders[0].metrics).toMatchObject([
        { name: "big", dimensions: { error: expect.stringContaining("cannot be shown as JSON") } },
        { name: "probe.ticks", dimensions: { count: 0, sum: 0 } }
      ])
    })
  )

  it.effect("ends its streams when the scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const handle = yield* Scope.provide(handlerOf(yield* idle), scope)
      const response = yield* get(handle, "/metrics/live/events")
      const next = readerOf(response)
      yield* next
      yield* next
      yield* Scope.close(scope, Exit.void)
      expect(yield* next).toBe(undefined)
    })
  )

  it.effect("limits the number of open streams, and accepts others when those have closed", () =>
    Effect.gen(function* () {
      const handle = yield* handlerOf(yield* idle)
      const opened: Array<ReturnType<typeof readerOf>> = []
      const aborts: Array<AbortController> = []
      const open = Effect.gen(function* () {
        const abort = new AbortController()
        const request = new Request("http://localhost/metrics/live/events", { signal: abort.signal })
        const response = yield* Effect.promise(() => handle(request))
        if (response.status !== 200) return response.status
        const next = readerOf(response)
        yield* next
        opened.push(next)
        aborts.push(abort)
        return response.status
      })
      for (let i = 0; i < 100; i++) expect(yield* open).toBe(200)
      expect(yield* open).toBe(503)
      aborts[0]!.abort()
      yield* Effect.exit(opened[0]!)
      expect(yield* open).toBe(200)
    })
  )
})

describe("the live page of a hanging worker", () => {
  it.effect("responds, and shows that its recorders cannot be read", () =>
    Effect.gen(function* () {
      const worker = gatedWorker()
      const runtime = yield* started(
        MetricsRuntime.makeWorker({ namespace: "test.hung", spawn: worker.spawn, logging: "silent" })
      )
      const recorder = yield* runtime.createRecorder("hung")
      yield* recorder.register(SlowSteps)
      worker.close()
      recorder.emitUnsafe(slowEvent(1))
      const response = yield* get(yield* handlerOf(runtime), "/metrics/live/data")
      const { recorders } = yield* Effect.promise(() => response.json())
      expect(recorders).toMatchObject([
        { recorderId: "hung", metrics: [], error: expect.stringContaining("did not end within 1s") }
      ])
      worker.open()
      expect((yield* recorder.snapshot(SlowSteps)).dimensions.count).toBe(1)
    })
  )
})

describe("the live page on a server", () => {
  // Connections that nothing is asked on any more are not kept for the next request.
  const impatient = { keepAliveTimeout: 1 }

  it.live("responds under any prefix of a router, and does not delay its shutdown", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const App = LivePage.layerHttp().pipe(
        Layer.provide(
          Layer.effect(
            HttpRouter.HttpRouter,
            Effect.map(HttpRouter.HttpRouter, (router) => router.prefixed("/internal"))
          )
        )
      )
      const Server = HttpRouter.serve(App, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(HttpServer.layerTestClient.pipe(Layer.provide(FetchHttpClient.layer))),
        Layer.provideMerge(NodeHttpServer.layer(() => createServer(impatient), { host: "127.0.0.1", port: 0 })),
        Layer.provide(MetricsLayer.layerInProcess({ namespace: "test", logging: "silent" }))
      )
      const context = yield* Layer.buildWithScope(Server, scope)
      const at = (path: string) => Effect.provideContext(HttpClient.get(path), context)
      const page = yield* at("/internal/metrics/live")
      expect(yield* page.text).toContain('src="./live/page.js"')
      expect(yield* (yield* at("/internal/metrics/live/data")).json).toMatchObject({ namespace: "test" })
      const events = yield* at("/internal/metrics/live/events")
      expect(events.status).toBe(200)
      yield* Effect.timeout(Scope.close(scope, Exit.void), "10 seconds")
    })
  )

  it.live("responds through node:http", () =>
    Effect.gen(function* () {
      const handle = yield* Effect.provideService(LivePage.nodeHandler(), MetricsRuntime, yield* idle)
      const server = createServer(impatient, handle)
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const data = yield* Effect.promise(() => fetch(`${origin}/metrics/live/data?now`).then((each) => each.json()))
      expect(data).toMatchObject({ namespace: "test", recorders: [] })
      const missing = yield* Effect.promise(() => fetch(`${origin}/elsewhere`))
      expect([missing.status, yield* Effect.promise(() => missing.text())]).toEqual([404, "There is no such page\n"])
      // The server waits for this stream, which ends because the server does.
      const events = yield* Effect.callback<number>((resume) => {
        request(`${origin}/metrics/live/events`, (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode!))
        }).end()
      })
      expect(events).toBe(200)
    })
  )
})

it("the live page works without Effect", async () => {
  const runtime = await PromiseRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
  const { handler } = await runtime.livePage({ path: "/live" })
  const data = await handler(new Request("http://localhost/live/data"))
  expect(await data.json()).toMatchObject({ namespace: "test" })
  await expect(runtime.livePage({ path: "live" as never })).rejects.toMatchObject({
    _tag: "mvx-metrics/InvalidArgument"
  })
  const events = await handler(new Request("http://localhost/live/events"))
  const ended = events.text()
  await runtime.shutdown()
  expect(await ended).toContain("data: ")
})

it("the served page is built from its sources", async () => {
  const script = fileURLToPath(new URL("../scripts/live-assets.ts", import.meta.url))
  await promisify(execFile)(process.execPath, [script, "--check"])
})
