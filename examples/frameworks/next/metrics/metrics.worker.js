// The entry of the worker thread.
import { MetricsWorker } from "mvx-metrics"
import { OrderMetrics } from "./orders.metrics.js"

MetricsWorker.run([OrderMetrics])
