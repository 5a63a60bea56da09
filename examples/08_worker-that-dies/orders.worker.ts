import { MetricsWorker } from "mvx-metrics"
import { Buggy, Orders, Revenue } from "./orders.metrics.ts"

MetricsWorker.run([Orders, Revenue, Buggy])
