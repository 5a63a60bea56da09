// The entry of the worker thread.
import { MetricsWorker } from "mvx-metrics"
import { Saves } from "./save.metrics.js"

MetricsWorker.run([Saves])
