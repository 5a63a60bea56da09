/** The errors when types are bypassed: a program has no runtime for a layer, or passes something else. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import * as LivePage from "mvx-metrics/LivePage"
import { MetricsCluster } from "mvx-metrics/MetricsCluster"
import { MetricsRuntime } from "mvx-metrics/MetricsRuntime"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import * as PromClient from "mvx-metrics/PromClient"
import * as Prometheus from "mvx-metrics/Prometheus"
import { Recorder } from "mvx-metrics/Recorder"
import { Registry } from "prom-client"
import { badInputOf } from "../support/badInput.ts"

type NeedsRuntime = Effect.Effect<unknown, unknown, MetricsRuntime>

const built = <E>(layer: Layer.Layer<never, E, MetricsRuntime>): NeedsRuntime => Effect.scoped(Layer.build(layer))

const exporters: ReadonlyArray<readonly [what: string, program: NeedsRuntime]> = [
  ["Prometheus.render", Prometheus.render()],
  ["Otlp.layerJson", built(Layer.provide(Otlp.layerJson({ url: "http://localhost" }), FetchHttpClient.layer))],
  ["EffectMetrics.layer", built(EffectMetrics.layer())],
  ["OpenTelemetry.layer", built(OpenTelemetry.layer({ addBatchObservableCallback: () => {} } as never))],
  ["PromClient.layer", built(PromClient.layer(new Registry()))]
]

const others: ReadonlyArray<readonly [what: string, program: NeedsRuntime]> = [
  ["Recorder.layer", built(Recorder.layer("a"))],
  ["Prometheus.layerHttp", built(Layer.provide(Prometheus.layerHttp(), HttpRouter.layer))],
  ["Prometheus.handler", Prometheus.handler()],
  ["Prometheus.push", Effect.provide(Prometheus.push({ url: "http://localhost" }), FetchHttpClient.layer)],
  ["Prometheus.layerPush", built(Layer.provide(Prometheus.layerPush({ url: "http://a" }), FetchHttpClient.layer))],
  ["LivePage.handler", Effect.scoped(LivePage.handler())],
  ["NodeProcess.layer", built(NodeProcess.layer())],
  ["MetricsCluster.layerWorker", built(MetricsCluster.layerWorker())]
]

it.effect.each([...exporters, ...others])("%s names the layers to provide if there is no runtime", ([, program]) =>
  Effect.gen(function* () {
    const error = yield* badInputOf(program as Effect.Effect<unknown, unknown>)
    expect(error.message).toBe(
      "MetricsRuntime: is not provided. Provide MetricsLayer.layerWorker({ namespace }) or MetricsLayer.layerInProcess({ namespace })"
    )
  })
)

it.effect.each(exporters)("%s names the runtimes it accepts if it is given something else", ([, program]) =>
  Effect.gen(function* () {
    const error = yield* badInputOf(Effect.provideService(program, MetricsRuntime, { namespace: "a" } as never))
    expect(error.message).toBe(
      "runtime: must be a MetricsRuntime: the service of a layer of MetricsLayer, a copy of it, or what MetricsRuntime.start of mvx-metrics/promise returns"
    )
  })
)
