// Two processes serve orders. The primary serves the metrics of both, on a port of its own.
import cluster, { type Worker } from "node:cluster"
import { once } from "node:events"
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { MetricsCluster } from "mvx-metrics/MetricsCluster"
import * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import { Orders, routes } from "./effect-orders.ts"
import { OrderMetrics } from "./orders.metrics.ts"

const ended = async (worker: Worker): Promise<void> => {
  if (worker.isDead()) return
  const exit = once(worker, "exit")
  worker.process.kill("SIGTERM")
  await exit
}

const Workers = Layer.effectDiscard(
  Effect.acquireRelease(
    Effect.sync(() => [cluster.fork(), cluster.fork()]),
    (workers) => Effect.promise(() => Promise.all(workers.map(ended)))
  )
)

// The environment sets where and how: OTEL_EXPORTER_OTLP_PROTOCOL and so on.
const Export =
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
    ? Layer.empty
    : Layer.provide(Otlp.layer(), FetchHttpClient.layer)

// At a signal the processes end first, each with a last report, and the exporter last.
const primary = HttpRouter.serve(Prometheus.layerHttp()).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.METRICS_PORT ?? 9464) })),
  Layer.merge(Workers),
  Layer.provide(Export),
  Layer.provide(MetricsCluster.layerRuntime),
  Layer.provide(MetricsCluster.layer({ metrics: [OrderMetrics], namespace: "example.shop" }))
)

const options = { namespace: "example.shop" }
const Runtime =
  process.env.METRICS_IN_PROCESS === "true" ? MetricsLayer.layerInProcess(options) : MetricsLayer.layerWorker(options)

// The service is there before the server listens: a request that came earlier would never be answered.
const worker = HttpRouter.serve(routes).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.PORT ?? 3000) })),
  Layer.provide(Orders.layer),
  Layer.provide(Recorder.layer("orders")),
  Layer.provide(MetricsCluster.layerWorker()),
  Layer.provide(Runtime)
)

if (cluster.isPrimary) NodeRuntime.runMain(Layer.launch(primary))
else NodeRuntime.runMain(Layer.launch(worker))
