/** Invalid options of an exporter are a defect of its layer, because an application does not handle them. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { MetricsLayer, type MetricsRuntime } from "mvx-metrics"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import * as PromClient from "mvx-metrics/PromClient"
import * as Prometheus from "mvx-metrics/Prometheus"
import { badInputOf } from "../support/badInput.ts"

const runtime = MetricsLayer.layerInProcess({ namespace: "test.exporters", logging: "silent" })
const otlp = (options: object) =>
  Otlp.layerJson(options as Otlp.OtlpOptions).pipe(Layer.provide(FetchHttpClient.layer), Layer.fresh)
const pushes = (options: object) =>
  Prometheus.layerPush({ url: "http://127.0.0.1:1", ...options }).pipe(Layer.provide(FetchHttpClient.layer))

it.effect.each<readonly [what: string, layer: Layer.Layer<never, unknown, MetricsRuntime>, message: string]>([
  ["Otlp", otlp({ url: "collector" }), 'url: must be a URL, got "collector"'],
  ["Otlp", otlp({ url: "localhost:4318/v1/metrics" }), "url: must begin with http:// or https://"],
  ["Otlp", otlp({ url: "grpc://collector:4317" }), "url: must begin with http:// or https://"],
  ["Otlp", otlp({ resource: 5 }), "resource: must be an object, got 5"],
  ["Otlp", otlp({ resource: { serviceName: 5 } }), "resource: its serviceName: must be a string, got 5"],
  ["Otlp", otlp({ resource: { attributes: "a=b" } }), 'resource: its attributes: must be an object, got "a=b"'],
  [
    "Prometheus.render",
    Layer.effectDiscard(Prometheus.render("xml" as "text")),
    'format: must be one of text, openmetrics, protobuf, got "xml"'
  ],
  ...(
    [
      [{ authorization: "SECRET\nSECRET" }, 'has a value of "authorization" that no header of HTTP can have'],
      [[["authorization", "SECRET\0"]], 'has a value of "authorization" that no header of HTTP can have'],
      [{ list: ["a", "SECRET\r\nSECRET"] }, 'has a value of "list" that no header of HTTP can have'],
      [{ number: 5 }, 'has a value of "number" that no header of HTTP can have'],
      [{ "SECRET SECRET": "a" }, "has a name that no header of HTTP can have"],
      [["SECRET"], "has an entry that is not a name and a value"],
      [5, "must be an object of strings by name, or pairs, got a number"],
      ["SECRET", "must be an object of strings by name, or pairs, got a string"]
    ] as const
  ).flatMap(([headers, reason]) => [
    ["Otlp", otlp({ headers }), `headers: ${reason}`] as const,
    ["Prometheus", pushes({ headers }), `headers: ${reason}`] as const
  ]),
  ["OpenTelemetry", OpenTelemetry.layer({} as never), "meter: must be a Meter of @opentelemetry/api"],
  ["PromClient", PromClient.layer({} as never), "registry: must be a Registry of prom-client"],
  ["NodeProcess", NodeProcess.layer({ recorderId: " " }), 'recorderId: must be a string that is not blank, got " "']
])("%s dies of bad input, with a message that names the valid input", ([, layer, message]) =>
  Effect.gen(function* () {
    const error = yield* badInputOf(Effect.scoped(Layer.build(Layer.provide(layer, runtime))))
    expect(error.message).toBe(message)
  })
)
