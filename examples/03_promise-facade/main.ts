// The same metrics in a program without Effect. Methods return promises, and registering an event is synchronous.
import { MetricsRuntime } from "mvx-metrics/promise"
import { SaveAttempts } from "../01_document-storage/document-storage.metrics.ts"

await using runtime = await MetricsRuntime.start({
  namespace: "example.metrics",
  metrics: new URL("../01_document-storage/document-storage.metrics.ts", import.meta.url)
})
const recorder = await runtime.createRecorder("document_storage")
await recorder.registerMetric(SaveAttempts)

const documents = new Map<string, string>()

const save = (id: string, content: string): void => {
  if (content === "") {
    recorder.registerEvent({ _tag: "document_storage.save.attempt", outcome: "FAILURE" })
    throw new Error(`the document ${id} is empty`)
  }
  documents.set(id, content)
  recorder.registerEvent({ _tag: "document_storage.save.attempt", outcome: "SUCCESS" })
}

save("a", "the first document")
save("b", "the second document")
try {
  save("c", "")
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
}

console.log(JSON.stringify(await recorder.getMetricSnapshots()))
