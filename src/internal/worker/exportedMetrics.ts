/** The metrics that a module exports. */
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { isDefinition } from "../metric/definition/define.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { isMetricSet } from "../metric/metricSet.ts"
import { importMetrics } from "../model/importedModules.ts"
import { MetricsModuleError } from "../model/registerErrors.ts"
import { messageOf } from "../util/describeError.ts"

/** The metrics and sets that the module at this URL exports. `by`: the importer, for error messages. */
export const exportedMetrics = (
  url: string,
  by: string
): Effect.Effect<ReadonlyArray<Metric.Any | Metric.MetricSet>, MetricsModuleError> => {
  const path = fileURLToPath(url)
  return Effect.tryPromise({
    try: () => importMetrics({ path, by }, () => import(url)),
    catch: (cause) =>
      cause instanceof MetricsModuleError && cause.path === path
        ? cause
        : new MetricsModuleError({ path, reason: `could not be imported: ${messageOf(cause)}` })
  }).pipe(Effect.map((module) => Object.values(module).filter((value) => isDefinition(value) || isMetricSet(value))))
}
