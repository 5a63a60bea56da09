// The promise API in plain JavaScript, with an explicit shutdown instead of `await using`.
import { MetricsRuntime } from "mvx-metrics/promise"
import { StorageMetrics } from "./document-storage.metrics.mjs"

const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
try {
  const recorder = await runtime.createRecorder("document_storage")
  const metrics = await recorder.registerMetric(StorageMetrics)

  for (const content of ["the first document", "the second document", ""]) {
    const outcome = content === "" ? "FAILURE" : "SUCCESS"
    metrics.emit({ _tag: "document_storage.save.attempt", outcome })
  }

  console.log(JSON.stringify(await recorder.getMetricSnapshots()))
} finally {
  await runtime.shutdown()
}
