// The entry of the worker thread.
import { MetricsWorker } from "mvx-metrics"
import { SaveMetrics } from "./save.metrics.ts"

MetricsWorker.run([SaveMetrics])
