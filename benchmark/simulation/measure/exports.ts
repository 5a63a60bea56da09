/**
 * What a process sends to Prometheus and to a collector, in bytes: scrapes in the text format, and in protobuf with native
 * histograms; OTLP in protobuf; remote write with native histograms.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import { metrics } from "../kinds.ts"
import { byKind } from "./byKind.ts"
import { recorded } from "./recorded.ts"

const formats = ["text", "protobuf", "otlp", "remoteWrite"] as const
type Format = (typeof formats)[number]
/** Of the text, how many samples it has; and the bytes. */
export type ExportBytes = Effect.Success<typeof measureExports>

/** The bytes of the requests that something sends. */
const sentBy = async (send: (url: string) => Promise<unknown>): Promise<number> => {
  let bytes = 0
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength
    })
    request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.close()
  }
  return bytes
}

const ways: { readonly [format in Format]: (runtime: RuntimeService) => Promise<number> } = {
  text: (runtime) => rendered(runtime, "text"),
  protobuf: (runtime) => rendered(runtime, "protobuf"),
  otlp: (runtime) =>
    sentBy(async (url) => {
      // It exports when it is stopped.
      await (await Otlp.start(runtime, { url, protocol: "http/protobuf" })).stop()
    }),
  remoteWrite: (runtime) =>
    sentBy((url) => Prometheus.pushFrom(runtime, { url, protocol: "remote-write", nativeHistograms: true }))
}

const rendered = async (runtime: RuntimeService, format: "text" | "protobuf"): Promise<number> => {
  const render: Effect.Effect<string | Uint8Array, unknown, MetricsRuntime> =
    format === "text" ? Prometheus.render("text") : Prometheus.render("protobuf")
  return Buffer.from(await Effect.runPromise(Effect.provideService(render, MetricsRuntime, runtime))).byteLength
}

export const measureExports = byKind(["samples", ...formats], (kind, series) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { runtime } = yield* recorded([metrics[kind]], series)
      const bytes: Array<readonly [Format, number]> = []
      for (const format of formats) bytes.push([format, yield* Effect.promise(() => ways[format](runtime))])
      const text = yield* Effect.provideService(Prometheus.render("text"), MetricsRuntime, runtime)
      return {
        samples: text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length,
        ...(Object.fromEntries(bytes) as { readonly [format in Format]: number })
      }
    })
  )
)
