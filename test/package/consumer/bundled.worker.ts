// The worker entry of the bundled program: the second entry of the bundle.
import { MetricsWorker } from "mvx-metrics"
import { SaveAttempts } from "./document-storage.metrics.ts"

MetricsWorker.run([SaveAttempts])
