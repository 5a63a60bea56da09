import * as Metric from "../../Metric.ts"
import { combine, isMetricSet, type MetricSet } from "../../MetricSet.ts"
import { InvalidArgument } from "../../MetricsError.ts"

/** Metrics as they can be given: one, a set, or a list of these. */
export type MetricsGiven = Metric.Any | MetricSet | ReadonlyArray<Metric.Any | MetricSet>

/** All the metrics that were given. Throws `InvalidArgument` for what is none, and for two of the same name. */
export const metricsGiven = (given: MetricsGiven): ReadonlyArray<Metric.Any> => {
  const parts: ReadonlyArray<Metric.Any | MetricSet> = Array.isArray(given) ? given : [given]
  const wrong = parts.findIndex((part) => !Metric.isMetric(part) && !isMetricSet(part))
  if (wrong >= 0) {
    const argument = Array.isArray(given) ? `metrics[${wrong}]` : "metrics"
    throw new InvalidArgument({ argument, reason: "must be a metric, a set of metrics, or a list of these" })
  }
  return combine(...parts).metrics
}
