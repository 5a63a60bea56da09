import { Worker } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveMetrics } from "./save.metrics.ts"

const runtime = await MetricsRuntime.start({
  namespace: "example.metrics",
  // webpack finds this call and bundles the worker.
  spawn: () => new Worker(new URL("./metrics.worker.ts", import.meta.url))
})
const recorder = await runtime.createRecorder("documents")
const metrics = await recorder.registerMetric(SaveMetrics)
for (const outcome of ["SUCCESS", "SUCCESS", "FAILURE"] as const) {
  metrics.emit({ _tag: "document.save", outcome })
}
console.log(JSON.stringify(await recorder.getMetricSnapshots()))
await runtime.shutdown()
