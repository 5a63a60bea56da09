// An exporter without Effect and a collector on a port, with real time.
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { Schedule } from "effect"
import * as Otlp from "mvx-metrics/Otlp"
import { MetricsRuntime } from "mvx-metrics/promise"
import { PbfWriter } from "pbf"
import { afterEach, describe, expect, it } from "vitest"
import { done, Jobs } from "../support/exported.metrics.ts"
import { decodeRequest } from "../support/otlpDecoder.ts"

const servers: Array<Server> = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Received {
  readonly headers: NodeJS.Dict<string | Array<string>>
  readonly body: Buffer
}

/** Answers as told, and then with 200. `port`: 0 for any. */
const collector = async (answers: ReadonlyArray<(response: ServerResponse) => void>, port = 0) => {
  const received: Array<Received> = []
  const server = createServer(async (request, response) => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = answers[received.length]
    received.push({ headers: request.headers, body: Buffer.concat(chunks) })
    if (answer === undefined) response.end()
    else answer(response)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  const { port: own } = server.address() as AddressInfo
  return { received, port: own, url: `http://127.0.0.1:${own}/v1/metrics` }
}

const exporting = async (options: Otlp.OtlpOptions) => {
  const runtime = await MetricsRuntime.start({ namespace: "test.http", inProcess: true, logging: "silent" })
  const recorder = await runtime.createRecorder("one")
  await recorder.registerMetric(Jobs)
  recorder.registerEvent(done(1))
  const otlp = await Otlp.start(runtime, {
    exportInterval: "1 hour",
    shutdownTimeout: 200,
    retry: Schedule.spaced(5),
    ...options
  })
  const stop = async () => {
    await otlp.stop()
    await runtime.shutdown()
  }
  return { runtime, recorder, otlp, stop }
}

const json = { "content-type": "application/json" }
const anyCase = { "content-type": "Application/X-Protobuf" }

/** `ExportMetricsServiceResponse` with a partial success, and `google.rpc.Status`. */
const partial = (rejected: number, message: string): Uint8Array => {
  const pbf = new PbfWriter()
  pbf.writeMessage(
    1,
    (_, inner) => {
      inner.writeVarintField(1, rejected)
      inner.writeStringField(2, message)
    },
    undefined
  )
  return pbf.finish()
}
const status = (message: string): Uint8Array => {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, 3)
  pbf.writeStringField(2, message)
  return pbf.finish()
}

const protobuf = { "content-type": "application/x-protobuf" }

describe("OTLP over HTTP", () => {
  it("a request has the configured headers and the expected body", async () => {
    const { received, url } = await collector([])
    const headers = { authorization: "Bearer t", "x-tenant": "a" }
    const { otlp, stop } = await exporting({ url, headers, protocol: "http/protobuf", compression: "gzip" })
    await otlp.flush()
    await stop()
    expect(received[0]!.headers).toMatchObject({
      authorization: "Bearer t",
      "x-tenant": "a",
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "user-agent": expect.stringMatching(/^OTel-OTLP-Exporter-JavaScript-mvx-metrics\//)
    })
    expect(decodeRequest(gunzipSync(received[0]!.body))).toHaveProperty("resourceMetrics")
  })

  it("an exporter that starts before its collector delivers everything", async () => {
    const { port } = await collector([])
    await new Promise((resolve) => servers.pop()!.close(resolve))
    const url = `http://127.0.0.1:${port}/v1/metrics`
    const { otlp, recorder, stop } = await exporting({ url, temporality: "delta", retry: Schedule.spaced(20) })
    const flushed = otlp.flush()
    await new Promise((resolve) => setTimeout(resolve, 50))
    recorder.registerEvent(done(1))
    const { received } = await collector([], port)
    await flushed
    await otlp.flush()
    await stop()
    const points = received.flatMap(({ body }) => jobsIn(body))
    expect(points).toEqual([1, 1])
  })

  it("a hanging collector is aborted after the timeout, and a lost connection is re-established", async () => {
    const { received, url } = await collector([
      () => {},
      (response) => response.destroy(),
      (response) => response.writeHead(503, { "retry-after": "0" }).end()
    ])
    // Longer than a busy machine takes to answer: each attempt but the first is answered at once.
    const { otlp, stop } = await exporting({ url, timeout: 250, temporality: "delta" })
    await otlp.flush()
    const bodies = received.map(({ body }) => body.toString("base64"))
    expect(bodies).toHaveLength(4)
    expect(new Set(bodies).size).toBe(1)
    await stop()
  })

  it("a response whose body does not end counts as a response", async () => {
    const { received, url } = await collector([(response) => response.writeHead(200).write("{")])
    const { otlp, runtime, stop } = await exporting({ url, timeout: 250 })
    await otlp.flush()
    expect(received).toHaveLength(1)
    expect(runtime.stats.exports).toMatchObject([{ delivered: 1, failed: 0 }])
    await stop()
  })

  it.each([
    ["protobuf", protobuf, partial(3, "too old"), { partial: 1, rejectedPoints: 3 }],
    ["protobuf", protobuf, partial(0, "deprecated"), { delivered: 1, rejectedPoints: 0 }],
    ["JSON", json, partialJson("3"), { partial: 1, rejectedPoints: 3 }],
    ["a text", { "content-type": "text/plain" }, Buffer.from("thanks"), { delivered: 1, rejectedPoints: 0 }],
    ["broken protobuf", protobuf, Uint8Array.of(0x0a, 0xff, 0xff), { delivered: 1, rejectedPoints: 0 }],
    ["protobuf of another case", anyCase, partial(3, "too old"), { partial: 1, rejectedPoints: 3 }],
    ["protobuf with a negative number", protobuf, partial(-3, "odd"), { delivered: 1, rejectedPoints: 0 }],
    ["JSON without an integer", json, partialJson("Infinity"), { delivered: 1, rejectedPoints: 0 }]
  ] as const)("a success response in %s is parsed", async (_, headers, body, stats) => {
    const { url } = await collector([(response) => response.writeHead(200, headers).end(body)])
    const { otlp, runtime, stop } = await exporting({ url, protocol: "http/protobuf" })
    await otlp.flush()
    expect(runtime.stats.exports).toMatchObject([stats])
    await stop()
  })

  it("the reason of a partial success is one line of limited length, and nothing if it is no text", async () => {
    const reason = `a\n${"b".repeat(100_000)}`
    for (const [given, shown] of [
      [reason, /^the collector rejected 1 points: a b{100,2000}/],
      [null, /^the collector rejected 1 points$/]
    ] as const) {
      const body = JSON.stringify({ partialSuccess: { rejectedDataPoints: 1, errorMessage: given } })
      const { url } = await collector([(response) => response.writeHead(200, json).end(body)])
      const { otlp, runtime, stop } = await exporting({ url })
      await otlp.flush()
      const { message } = runtime.stats.exports![0]!.lastError!
      expect(message).toMatch(shown)
      expect(message.length).toBeLessThan(2000)
      await stop()
    }
  })

  it.each([
    ["protobuf", protobuf, partial(2 ** 53, "all")],
    ["JSON", json, partialJson("9223372036854775807")]
  ] as const)("a response in %s that rejects more points than a request has counts those", async (_, headers, body) => {
    const { received, url } = await collector([(response) => response.writeHead(200, headers).end(body)])
    const { otlp, runtime, stop } = await exporting({ url, protocol: "http/protobuf" })
    await otlp.flush()
    expect(runtime.stats.exports).toMatchObject([{ partial: 1, rejectedPoints: pointsIn(received[0]!.body) }])
    await stop()
  })

  it.each([
    ["protobuf", protobuf, status("no such tenant"), ": no such tenant"],
    ["JSON", json, Buffer.from('{"code":3,"message":"no such tenant"}'), ": no such tenant"],
    ["a text", { "content-type": "text/plain" }, Buffer.from(" no such\n tenant "), ": no such tenant"],
    ["nothing", {}, Buffer.alloc(0), ""]
  ] as const)("the reason of a rejection in %s is in the error", async (_, headers, body, said) => {
    const { url } = await collector([(response) => response.writeHead(403, headers).end(body)])
    const { otlp, stop } = await exporting({ url })
    await expect(otlp.flush()).rejects.toMatchObject({
      _tag: "mvx-metrics/ExportFailed",
      attempts: 1,
      reason: `the collector answered 403${said}`
    })
    await stop()
  })

  it("a refused connection yields an error with its code, and closing ends within its limit", async () => {
    const { url } = await collector([])
    await new Promise((resolve) => servers.pop()!.close(resolve))
    const { otlp, stop } = await exporting({ url, exportTimeout: 400, retry: Schedule.spaced(10) })
    const failed = await otlp.flush().then(
      () => undefined,
      (error: unknown) => error
    )
    expect(failed).toMatchObject({ url, reason: `fetch failed: connect ECONNREFUSED ${new URL(url).host}` })
    expect((failed as { attempts: number }).attempts).toBeGreaterThan(1)
    const begun = performance.now()
    await stop()
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  it("variables are read from the environment when the exporter starts", async () => {
    const { received, url } = await collector([])
    process.env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT = url
    try {
      const { otlp, stop } = await exporting({})
      await otlp.flush()
      await stop()
      expect(received.length).toBeGreaterThan(0)
    } finally {
      delete process.env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT
    }
  })
})

const pointsIn = (body: Buffer): number =>
  (decodeRequest(body) as unknown as Exported).resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .reduce((sum, { gauge, sum: { dataPoints } = gauge! }) => sum + dataPoints.length, 0)

function partialJson(rejectedDataPoints: string): Buffer {
  return Buffer.from(JSON.stringify({ partialSuccess: { rejectedDataPoints, errorMessage: "too old" } }))
}

interface Exported {
  readonly resourceMetrics: ReadonlyArray<{
    readonly scopeMetrics: ReadonlyArray<{
      readonly metrics: ReadonlyArray<{
        readonly name: string
        readonly sum?: { readonly dataPoints: ReadonlyArray<{ readonly asDouble: number }> }
        readonly gauge?: { readonly dataPoints: ReadonlyArray<{ readonly asDouble: number }> }
      }>
    }>
  }>
}

const jobsIn = (body: Buffer): ReadonlyArray<number> =>
  (decodeRequest(body) as unknown as Exported).resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter(({ name }) => name === "jobs")
    .flatMap(({ sum }) => sum!.dataPoints.map(({ asDouble }) => asDouble))
