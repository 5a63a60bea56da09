/** The metrics of whoever adds up processes. */
import { distinct, isSame } from "../metric/definition/fingerprint.ts"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { metricsOf } from "../metric/metricSet.ts"
import { InvalidArgument } from "../model/usageErrors.ts"

export { metricsAndSets } from "../metric/metricsAndSets.ts"

type Given = ReadonlyArray<Metric.Any | Metric.MetricSet>

export const mergeable = (metrics: Given): ReadonlyArray<Metric.Any> => distinct(metrics.flatMap(metricsOf))

/** Whether a metric is a level, as the built-in ones that are, or one of these. */
export const levelsWith =
  (levels: ReadonlyArray<Metric.Any>) =>
  (metric: Metric.Any): boolean =>
    isBuiltInLevel(metric) || levels.some((level) => isSame(level, metric))

/** Why states of these metrics cannot be added up, if they cannot. */
export const whyNotMergeable = (metrics: Given | undefined): InvalidArgument | undefined => {
  const refused = (reason: string) => new InvalidArgument({ argument: "metrics", reason })
  if (metrics === undefined || metrics.length === 0) return refused("must be an array of metrics, at least one")
  const each = mergeable(metrics)
  const names = each.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) return refused(`contains two metrics named "${twice}"`)
  const apart = each.find(({ merge }) => merge === undefined)
  return apart && refused(`"${apart.name}" has no merge. Pass merge to Metric.make`)
}
