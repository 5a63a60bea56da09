import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import { MetricsLayer, Recorder } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import { Orders, routes } from "./effect-orders.ts"

const options = { namespace: "example.shop" }
const Runtime =
  process.env.METRICS_IN_PROCESS === "true" ? MetricsLayer.layerInProcess(options) : MetricsLayer.layerWorker(options)

// The environment sets where and how: OTEL_EXPORTER_OTLP_PROTOCOL and so on.
const Export =
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
    ? Layer.empty
    : Layer.provide(Otlp.layer(), FetchHttpClient.layer)

// At a signal the server closes first, when its requests are answered, then the recorder, and the exporter last.
HttpRouter.serve(Layer.mergeAll(routes, Prometheus.layerHttp())).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.PORT ?? 3000) })),
  Layer.provide(Orders.layer),
  Layer.provide(Recorder.layer("orders")),
  Layer.provide(Export),
  Layer.provide(Runtime),
  Layer.launch,
  NodeRuntime.runMain
)
