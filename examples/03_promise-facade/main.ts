// The same metrics in a program without Effect. Methods return promises, and emitting an event is synchronous.
import { MetricsRuntime } from "mvx-metrics/promise"
import { StorageMetrics } from "../01_document-storage/document-storage.metrics.ts"

await using runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
const recorder = await runtime.createRecorder("document_storage")
const metrics = await recorder.registerMetric(StorageMetrics)

const documents = new Map<string, string>()

const save = (id: string, content: string) =>
  metrics.track(
    () => {
      if (content === "") throw new Error(`the document ${id} is empty`)
      documents.set(id, content)
    },
    ({ status }) => ({
      _tag: "document_storage.save.attempt",
      outcome: status === "fulfilled" ? "SUCCESS" : "FAILURE"
    })
  )

save("a", "the first document")
save("b", "the second document")
try {
  save("c", "")
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
}

console.log(JSON.stringify(await recorder.getMetricSnapshots()))
