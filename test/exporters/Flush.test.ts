// A flush of a runtime reaches its OTLP exporters, and reports whether their data was delivered.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { MetricsRuntime } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
import { runtimeLayers } from "../support/bothLayers.ts"
import { done, Jobs } from "../support/exported.metrics.ts"
import { makeSink, pointsOf } from "../support/sink.ts"

const runtimes = runtimeLayers([new URL("../support/exported.metrics.ts", import.meta.url)])

const exporting = (options: Otlp.OtlpOptions, runtime = runtimes["in process"]!) =>
  Otlp.layerJson({ exportInterval: "1 hour", ...options }).pipe(
    Layer.provideMerge(runtime),
    Layer.provide(FetchHttpClient.layer)
  )

/** A recorder of the runtime that has accepted one event. */
const withOneJob = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime
  const recorder = yield* runtime.createRecorder("one")
  yield* recorder.register(Jobs)
  yield* recorder.emit(done(1, "a"))
  return { runtime, recorder }
})

/** A collector that takes requests and does not answer. */
const silent = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer(() => {})
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`))

describe.each(Object.entries(runtimes))("a flush of a runtime with an OTLP exporter, %s", (_, runtime) => {
  it.effect("ends when everything accepted before has been delivered", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink()
      yield* Effect.gen(function* () {
        const { runtime } = yield* withOneJob
        yield* runtime.flush()
        expect(yield* sink.size).toBe(1)
        expect(pointsOf(yield* sink.next, "jobs")).toMatchObject([{ asDouble: 1 }])
      }).pipe(Effect.provide(exporting({ url: sink.url }, runtime)))
    })
  )
})

describe("a flush of a runtime", () => {
  it.effect("names the exporter whose collector rejected it, and the next export contains the data", () =>
    Effect.gen(function* () {
      const sink = yield* makeSink(400)
      yield* Effect.gen(function* () {
        const { runtime, recorder } = yield* withOneJob
        const error = yield* Effect.flip(runtime.flush())
        expect(error).toMatchObject({
          _tag: "mvx-metrics/FlushFailed",
          flushed: ["one"],
          failures: [],
          exports: [{ exporter: `OTLP to ${sink.url}`, reason: expect.stringContaining("the collector answered 400") }]
        })
        expect(yield* recorder.stats).toMatchObject({ accepted: 1, applied: 1, pending: 0 })
        yield* runtime.flush()
        expect(pointsOf(yield* sink.next, "jobs")).toMatchObject([{ asDouble: 1 }])
      }).pipe(Effect.provide(exporting({ url: sink.url, temporality: "delta" })))
    })
  )

  it.effect.each([
    ["its own limit", { exportTimeout: 5 }, undefined, "within 5ms"],
    ["the limit of the flush", {}, { timeout: 20 }, "did not end within"]
  ] as const)("does not wait for a silent collector longer than %s", ([_, options, flush, reason]) =>
    Effect.gen(function* () {
      const url = yield* silent
      yield* Effect.gen(function* () {
        const { recorder, runtime } = yield* withOneJob
        yield* recorder.flush()
        expect(yield* Effect.flip(runtime.flush(flush))).toMatchObject({
          flushed: ["one"],
          exports: [{ exporter: `OTLP to ${url}`, reason: expect.stringContaining(reason) }]
        })
      }).pipe(Effect.provide(exporting({ url, shutdownTimeout: 5, ...options })))
    })
  )

  it("reaches the exporters started on the runtime of mvx-metrics/promise, until they are stopped", async () => {
    await using runtime = await Facade.start({ namespace: "test.flush", inProcess: true, logging: "silent" })
    const recorder = await runtime.createRecorder("one")
    await recorder.registerMetric(Jobs)
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const sink = yield* makeSink()
          const otlp = yield* Effect.promise(() => Otlp.start(runtime, { url: sink.url, exportInterval: "1 hour" }))
          recorder.registerEvent(done(1, "a"))
          yield* Effect.promise(() => runtime.flush())
          expect(pointsOf(yield* sink.next, "jobs")).toMatchObject([{ asDouble: 1 }])
          yield* Effect.promise(() => otlp.stop())
          yield* sink.next
          yield* Effect.promise(() => runtime.flush())
          expect(yield* sink.size).toBe(0)
        })
      )
    )
  })
})
