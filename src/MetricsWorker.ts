/**
 * A worker entry of your own, for programs that a bundler packs: the second of three ways of bringing metrics to the
 * fold. Make it an entry of the bundle, and start it with `spawn`.
 *
 * @example
 * ```ts
 * // metrics.worker.ts
 * import { MetricsWorker } from "mvx-metrics"
 * import { SaveAttempts } from "./document-storage.metrics.ts"
 *
 * MetricsWorker.run([SaveAttempts])
 *
 * // main.ts
 * import { Worker } from "node:worker_threads"
 * import { MetricsLayer } from "mvx-metrics"
 *
 * const Metrics = MetricsLayer.layerWorker({
 *   namespace: "example.metrics",
 *   spawn: () => new Worker(new URL("./metrics.worker.js", import.meta.url))
 * })
 * ```
 *
 * The URL names the file as it is when the program runs: compilers and bundlers leave it alone, so it ends in `.js`
 * unless Node runs the sources as they are.
 */
import * as Effect from "effect/Effect"
import type * as Metric from "./Metric.ts"
import { InvalidArgument } from "./MetricsError.ts"

/**
 * Runs the fold in this worker, over these definitions, until the runtime that started it closes. The only statement
 * of a worker entry; outside a worker it ends the process with an error.
 */
export const run = (metrics: ReadonlyArray<Metric.Any | Metric.MetricSet>): void => {
  const load = Array.isArray(metrics)
    ? Effect.succeed(metrics)
    : Effect.fail(new InvalidArgument({ argument: "metrics", reason: "must be an array of definitions" }))
  // Imported here, so that the barrel of this package has no need of worker threads. Messages wait for a listener, and
  // a rejection that nobody handles ends the thread with its error, which the parent is told.
  void import("./internal/worker/workerMain.ts").then(({ runFold }) => Effect.runPromise(runFold(load)))
}
