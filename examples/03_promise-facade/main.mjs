// The promise API in plain JavaScript, with an explicit shutdown instead of `await using`.
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveAttempts } from "./document-storage.metrics.mjs"

const runtime = await MetricsRuntime.start({
  namespace: "example.metrics",
  metrics: new URL("./document-storage.metrics.mjs", import.meta.url)
})
try {
  const recorder = await runtime.createRecorder("document_storage")
  await recorder.registerMetric(SaveAttempts)

  for (const content of ["the first document", "the second document", ""]) {
    const outcome = content === "" ? "FAILURE" : "SUCCESS"
    recorder.registerEvent({ _tag: "document_storage.save.attempt", outcome })
  }

  console.log(JSON.stringify(await recorder.getMetricSnapshots()))
} finally {
  await runtime.shutdown()
}
