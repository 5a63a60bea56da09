// The worker entry of a process that is killed, over a disk that fails.
import { workerData } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { failingDisk } from "./disk.ts"
import { everything } from "./load.metrics.ts"

failingDisk(workerData)
MetricsWorker.run(everything)
