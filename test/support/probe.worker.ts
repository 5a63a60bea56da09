// A worker entry as a user writes it, with the metrics of the contract tests.
import { MetricsWorker } from "mvx-metrics"
import { Ticks } from "./probe.metrics.ts"

MetricsWorker.run([Ticks])
