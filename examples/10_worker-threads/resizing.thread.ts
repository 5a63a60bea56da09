// A thread of the application, which resizes pictures.
import { parentPort, workerData } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"
import { ResizingMetrics } from "./resizing.metrics.ts"

const runtime = await MetricsRuntime.attach()
const recorder = await runtime.createRecorder("resizing")
const metrics = await recorder.registerMetric(ResizingMetrics)

for (let picture = 0; picture < workerData.pictures; picture++) {
  metrics.emit({ _tag: "picture.resized", pixels: 1000 * picture })
}
parentPort!.postMessage("done")
parentPort!.once("message", () => runtime.shutdown())
