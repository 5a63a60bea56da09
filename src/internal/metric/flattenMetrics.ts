import { type Check, check } from "../model/optionChecks.ts"
import { aMetricOrSet } from "./definition/define.ts"
import type * as Metric from "./definition/metric.ts"
import type { MetricsGiven } from "./definition/metric.ts"
import { combine } from "./metricSet.ts"

/**
 * All the given metrics. Throws `InvalidArgument` for a value that is not a metric, and for two metrics of the same
 * name.
 */
export const metricsGiven = (given: MetricsGiven): ReadonlyArray<Metric.Any> => {
  check("metrics", given, oneOrSeveral)
  if (!Array.isArray(given)) return combine(given as Metric.Any).metrics
  const parts: ReadonlyArray<Metric.Any> = [...given]
  for (const [i, part] of parts.entries()) check(`metrics[${i}]`, part, aMetricOrSet)
  return combine(...parts).metrics
}

const oneOrSeveral: Check = (value) => (Array.isArray(value) && [...value] ? undefined : aMetricOrSet(value))
