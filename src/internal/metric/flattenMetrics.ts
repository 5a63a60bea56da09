import { InvalidArgument } from "../model/usageErrors.ts"
import { isDefinition } from "./definition/define.ts"
import type * as Metric from "./definition/metric.ts"
import type { MetricsGiven } from "./definition/metric.ts"
import { combine, isMetricSet } from "./metricSet.ts"

/** All the metrics that were given. Throws `InvalidArgument` for what is none, and for two of the same name. */
export const metricsGiven = (given: MetricsGiven): ReadonlyArray<Metric.Any> => {
  const parts: ReadonlyArray<Metric.Any | Metric.MetricSet> = Array.isArray(given) ? given : [given]
  const wrong = parts.findIndex((part) => !isDefinition(part) && !isMetricSet(part))
  if (wrong >= 0) {
    const argument = Array.isArray(given) ? `metrics[${wrong}]` : "metrics"
    throw new InvalidArgument({ argument, reason: "must be a metric, a set of metrics, or a list of these" })
  }
  return combine(...parts).metrics
}
