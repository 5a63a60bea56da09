/**
 * The worker of the part `checkpoints`: says beside what it uses how long checkpoints took, and the longest part of one.
 */
import { workerData } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { Checkpoints } from "../src/internal/fold/checkpoints.ts"
import { all } from "./document.metrics.ts"
import { cpuNanos } from "./measure.ts"

let nanos = 0
let longest = 0

const goOn = Checkpoints.prototype.goOn
Checkpoints.prototype.goOn = function (this: Checkpoints) {
  const start = performance.now()
  const result = goOn.call(this)
  const took = (performance.now() - start) * 1e6
  nanos += took
  longest = Math.max(longest, took)
  return result
}

workerData.on("message", () => {
  workerData.postMessage({ cpuNanos: cpuNanos(), checkpointNanos: nanos, longestNanos: longest })
  longest = 0
})
workerData.unref()
MetricsWorker.run(all)
