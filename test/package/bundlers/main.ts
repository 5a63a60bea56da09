import { Worker } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveMetrics } from "./save.metrics.ts"

const runtime = await MetricsRuntime.start({
  namespace: "example.metrics",
  // The name of the file after the build, which lies beside this one.
  spawn: () => new Worker(new URL("./metrics.worker.js", import.meta.url))
})
const recorder = await runtime.createRecorder("documents")
const metrics = await recorder.registerMetric(SaveMetrics)
for (const outcome of ["SUCCESS", "SUCCESS", "FAILURE"] as const) {
  metrics.emit({ _tag: "document.save", outcome })
}
console.log(JSON.stringify(await recorder.getMetricSnapshots()))
await runtime.shutdown()
