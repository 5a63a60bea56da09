import { MetricsWorker } from "mvx-metrics"
import { SlowSteps } from "./slow.metrics.ts"

MetricsWorker.run([SlowSteps])
