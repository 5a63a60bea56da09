// Plain JavaScript that knows no Effect. It forgets to shut down, and exits all the same.
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveAttempts } from "./plain.metrics.js"

const runtime = await MetricsRuntime.start({
  namespace: "consumer",
  metrics: new URL("./plain.metrics.js", import.meta.url)
})
const recorder = await runtime.createRecorder("document_storage")
await recorder.registerMetric(SaveAttempts)
for (const outcome of ["SUCCESS", "SUCCESS", "FAILURE"]) {
  recorder.registerEvent({ _tag: "document_storage.save.attempt", outcome })
}
console.log(JSON.stringify(await recorder.getMetricSnapshots()))
