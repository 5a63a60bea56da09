// Starts the metrics of the process, and ends them: the set-ups without Effect share this module.
import * as Otlp from "mvx-metrics/Otlp"
import { MetricsRuntime } from "mvx-metrics/promise"
import { OrderMetrics } from "./orders.metrics.ts"

const runtime = await MetricsRuntime.start({
  namespace: "example.shop",
  inProcess: process.env.METRICS_IN_PROCESS === "true"
})
const recorder = await runtime.createRecorder("orders")

/** Emits the events of orders. */
export const orderMetrics = await recorder.registerMetric(OrderMetrics)

/** Serve the metrics to Prometheus: `handler` on `fetch` servers, `nodeHandler` on `node:http` and what builds on it. */
export const { handler, nodeHandler } = runtime.prometheus()

// The environment sets where and how: OTEL_EXPORTER_OTLP_PROTOCOL and so on.
const otlp = process.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? undefined : await Otlp.start(runtime)

/** Folds and exports all events so far. The server keeps running. */
export const flush = (): Promise<void> => runtime.flush({ timeout: "2 seconds" })

/** Folds every event that was emitted, and exports for the last time. Call it when the server has closed. */
export const shutdown = async (): Promise<void> => {
  await runtime.shutdown()
  await otlp?.stop()
}
