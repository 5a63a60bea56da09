/** The metrics that an aggregator folds, or a report shows. */
import { measuredBy } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"

export interface FoldedMetrics {
  readonly byName: ReadonlyMap<string, Metric.Any>
  /** Called when a metric was quarantined, or is not folded here. */
  readonly onProblem: (problem: string) => void
  /** Whether another aggregator folds it, so that its events must be kept. */
  readonly isWanted?: (name: string, measured: string) => boolean
}

/** Whether a metric is folded here in this version. */
export const isFolded = (name: string, measured: string, { byName }: FoldedMetrics): boolean => {
  const metric = byName.get(name)
  return metric !== undefined && measuredBy(metric).hash === measured
}
