// The entry of the worker thread.
import { MetricsWorker } from "mvx-metrics"
import { Saves } from "./save.metrics.ts"

MetricsWorker.run([Saves])
