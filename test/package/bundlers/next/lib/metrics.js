import { Worker } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveMetrics } from "../metrics/save.metrics.js"

const start = async () => {
  const runtime = await MetricsRuntime.start({
    namespace: "example.metrics",
    // Next finds this call and bundles the worker.
    spawn: () => new Worker(new URL("../metrics/metrics.worker.js", import.meta.url))
  })
  const recorder = await runtime.createRecorder("documents")
  return { recorder, metrics: await recorder.registerMetric(SaveMetrics) }
}

/** One recorder for the process. `next build` loads this module as well, and must not start a thread. */
export const documents = () => {
  globalThis.documents ??= start()
  return globalThis.documents
}
