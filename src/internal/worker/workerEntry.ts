/**
 * The packaged worker: imports the modules named at its start, and those of sets that are registered later, and folds
 * the metrics among their exports.
 */

import { fileURLToPath } from "node:url"
import { isMainThread, workerData } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { MetricsModuleError } from "../model/registerErrors.ts"
import { exportedMetrics } from "./exportedMetrics.ts"
import { runFold } from "./main.ts"
import type { EntryData } from "./spawnForModules.ts"

const data = (workerData as { readonly mvxMetrics?: EntryData } | null)?.mvxMetrics

if (isMainThread || data === undefined) {
  throw new Error(
    "mvx-metrics: workerEntry is started by MetricsLayer.layerWorker as a worker; it does nothing by itself"
  )
}

const metricsOf = (url: string) => exportedMetrics(url, "a metrics worker")

const metricsOfNamed = (url: string) =>
  Effect.filterOrFail(
    metricsOf(url),
    (metrics) => metrics.length > 0,
    () => new MetricsModuleError({ path: fileURLToPath(url), reason: "exports no metric made by Metric.make" })
  )

const loadAll = Effect.map(Effect.forEach(data.modules, metricsOfNamed), (metrics) => metrics.flat())

// An unhandled rejection ends the thread with its error, which the parent receives.
void Effect.runPromise(runFold(loadAll, metricsOf))
