// A worker entry as a user writes it, over the metrics of the contract's tests.
import { MetricsWorker } from "mvx-metrics"
import { Ticks } from "./probe.metrics.ts"

MetricsWorker.run([Ticks])
