/** Checks of the metrics that are added up over processes. */
import { metricsAndSets } from "../metric/definition/define.ts"
import { distinct, isSame } from "../metric/definition/fingerprint.ts"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { metricsOf } from "../metric/metricSet.ts"
import type { Check } from "../model/optionChecks.ts"
import { InvalidArgument } from "../model/usageErrors.ts"

export { metricsAndSets }

type Given = ReadonlyArray<Metric.Any | Metric.MetricSet>

export const mergeable = (metrics: Given): ReadonlyArray<Metric.Any> => distinct(metrics.flatMap(metricsOf))

/** Whether a metric is a level: a built-in level, or one of these. */
export const levelsWith = (levels: Given): ((metric: Metric.Any) => boolean) => {
  const all = mergeable(levels)
  return (metric) => isBuiltInLevel(metric) || all.some((level) => isSame(level, metric))
}

export const someMetrics: Check = (value) =>
  metricsAndSets(value) === undefined && (value as Given).length > 0
    ? undefined
    : "must be an array of metrics and sets of metrics, at least one"

/** Why states of these metrics cannot be added up, or `undefined` if they can. */
export const whyNotMergeable = (metrics: Given): InvalidArgument | undefined => {
  const refused = (reason: string) => new InvalidArgument({ argument: "metrics", reason })
  const each = mergeable(metrics)
  const names = each.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) return refused(`contains two metrics named "${twice}"`)
  const apart = each.find(({ merge }) => merge === undefined)
  return apart && refused(`"${apart.name}" has no merge. Pass merge to Metric.make`)
}
