// Four threads of the application emit into one runtime. One of them is terminated during the run, and its events stay
// counted.
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"

const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
await runtime.acceptThreads()

const threads = [1, 2, 3, 4].map((number) => {
  const url = new URL("./resizing.thread.ts", import.meta.url)
  return new Worker(url, { workerData: { pictures: number * 100 } })
})
await Promise.all(threads.map((thread) => once(thread, "message")))

// Each has a recorder: "resizing/thread-1" and so on, by its threadId.
for (const id of runtime.recorderIds) {
  console.log(id, runtime.getRecorder(id).stats.accepted)
}
await threads[0]!.terminate()
for (const thread of threads.slice(1)) {
  thread.postMessage("end")
  await once(thread, "exit")
}

// The threads have ended, so their pictures are in the total. With this label, running threads are shown as part of the
// total as well.
const scrape = await runtime.prometheus({ recorderLabel: "total" }).handler(new Request("http://localhost/metrics"))
console.log((await scrape.text()).split("\n").find((line) => line.startsWith("pictures_resized_total")))
await runtime.shutdown()
