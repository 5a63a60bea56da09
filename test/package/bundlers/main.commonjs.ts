import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveMetrics } from "./save.metrics.ts"

const main = async (): Promise<void> => {
  const runtime = await MetricsRuntime.start({
    namespace: "example.metrics",
    // CommonJS has no import.meta.url. The name is that of the file after the build, which lies beside this one.
    spawn: () => new Worker(join(__dirname, "metrics.worker.cjs"))
  })
  const recorder = await runtime.createRecorder("documents")
  const metrics = await recorder.registerMetric(SaveMetrics)
  for (const outcome of ["SUCCESS", "SUCCESS", "FAILURE"] as const) {
    metrics.emit({ _tag: "document.save", outcome })
  }
  console.log(JSON.stringify(await recorder.getMetricSnapshots()))
  await runtime.shutdown()
}

void main()
