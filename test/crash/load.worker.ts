// The worker entry over the metrics of the load. It ends itself in the way that a message says.
import { parentPort } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { closeStreamPort } from "../support/streamPort.ts"
import { type InWorker, inWorker } from "./faults.ts"
import { everything } from "./load.metrics.ts"

parentPort!.on("message", (message: { readonly strike?: InWorker } | null) => {
  const kind = message?.strike
  if (kind !== undefined) inWorker[kind](parentPort!, closeStreamPort)
})

MetricsWorker.run(everything)
