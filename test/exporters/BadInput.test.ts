/** Bad options of an exporter are a defect of its layer: they are not part of what an application handles. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { MetricsLayer, type MetricsRuntime } from "mvx-metrics"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import * as PromClient from "mvx-metrics/PromClient"
import { badInputOf } from "../support/badInput.ts"

const runtime = MetricsLayer.layerInProcess({ namespace: "test.exporters", logging: "silent" })
const otlp = (options: object) =>
  Otlp.layerJson(options as Otlp.OtlpOptions).pipe(Layer.provide(FetchHttpClient.layer), Layer.fresh)

it.effect.each<readonly [what: string, layer: Layer.Layer<never, unknown, MetricsRuntime>, message: string]>([
  ["Otlp", otlp({ url: "collector" }), 'url: must be a URL, got "collector"'],
  ["OpenTelemetry", OpenTelemetry.layer({} as never), "meter: must be a Meter of @opentelemetry/api"],
  ["PromClient", PromClient.layer({} as never), "registry: must be a Registry of prom-client"],
  ["NodeProcess", NodeProcess.layer({ recorderId: " " }), 'recorderId: must be a string that is not blank, got " "']
])("%s dies of bad input, with the message that says what to pass", ([, layer, message]) =>
  Effect.gen(function* () {
    const error = yield* badInputOf(Effect.scoped(Layer.build(Layer.provide(layer, runtime))))
    expect(error.message).toBe(message)
  })
)
