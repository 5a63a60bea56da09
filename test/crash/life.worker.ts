// The worker entry of a process that is killed, on a failing disk.
import { workerData } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { failingDisk } from "./disk.ts"
import { everything } from "./load.metrics.ts"

failingDisk(workerData)
MetricsWorker.run(everything)
