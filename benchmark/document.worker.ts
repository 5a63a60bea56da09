/**
 * The worker: the fold over the metrics, and a port by which it says what it uses.
 */
import { workerData } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { all } from "./document.metrics.ts"
import { answerProbe } from "./workerProbe.ts"

answerProbe(workerData)
MetricsWorker.run(all)
