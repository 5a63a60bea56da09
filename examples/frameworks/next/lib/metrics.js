import { Worker } from "node:worker_threads"
import * as Otlp from "mvx-metrics/Otlp"
import { MetricsRuntime } from "mvx-metrics/promise"
import { OrderMetrics } from "../metrics/orders.metrics.js"

const start = async () => {
  const runtime = await MetricsRuntime.start({
    namespace: "example.shop",
    ...(process.env.METRICS_IN_PROCESS === "true"
      ? { inProcess: true }
      : // Next finds this call and bundles the worker.
        { spawn: () => new Worker(new URL("../metrics/metrics.worker.js", import.meta.url)) }),
    // Flushes the counts up to the signal. Next answers the last requests meanwhile.
    flushOn: ["SIGTERM", "SIGINT"]
  })
  // The environment sets where and how: OTEL_EXPORTER_OTLP_PROTOCOL and so on.
  if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined) await Otlp.start(runtime)
  const recorder = await runtime.createRecorder("orders")
  const metrics = await recorder.registerMetric(OrderMetrics)
  let isEnding = false
  const end = () => {
    isEnding = true
  }
  process.once("SIGTERM", end).once("SIGINT", end)
  /** Give it to `after` of "next/server", for which Next waits before it ends. */
  const flushAtEnd = () => (isEnding ? runtime.flush({ timeout: "2 seconds" }) : undefined)
  return { metrics, scrape: runtime.prometheus().handler, flushAtEnd }
}

/** One for the process. `next build` loads this module as well, and must not start a thread. */
export const startedMetrics = () => {
  globalThis.startedMetrics ??= start()
  return globalThis.startedMetrics
}
