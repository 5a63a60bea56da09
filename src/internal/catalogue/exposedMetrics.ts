/** How definitions appear in Prometheus, before there is any data. */

import { emptySelfData } from "../formats/accounting.ts"
import { emptyData, namesOf } from "../formats/fromMetric.ts"
import { type MetricData, OverflowAttribute } from "../formats/metricData.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { counterSample, type Family, familyOf, labelName } from "../naming/names.ts"

/** One part of what a metric becomes. */
export interface Exposed {
  readonly data: MetricData
  readonly family: Family
  /** The name of its samples. Those of a histogram or a summary have suffixes in addition. */
  readonly sample: string
}

const exposed = (data: MetricData): Exposed => {
  const family = familyOf(data)
  return { data, family, sample: family.type === "counter" ? counterSample(family.name) : family.name }
}

export const exposedOf = (metric: Metric.Any): ReadonlyArray<Exposed> => emptyData(metric).map(exposed)

/** The labels that distinguish the series of replicas, runtimes and recorders. */
export const placeLabels = ["job", "instance", "namespace", "recorder"] as const

/** The label of the series for events beyond the cardinality limit. */
export const OverflowLabel = labelName(OverflowAttribute)

/** The labels of its samples, except for those of the place. */
export const labelsOf = ({ instrument }: Metric.Any): ReadonlyArray<string> => {
  if (instrument === undefined) return ["dimension"]
  const own = Array.from(namesOf(instrument).values(), labelName)
  return instrument.kind === "frequency" ? [...own, "value"] : own
}

/** The same with the label of the series beyond the cardinality limit, if there can be one. */
export const seriesLabelsOf = (metric: Metric.Any): ReadonlyArray<string> =>
  (metric.instrument?.labels.length ?? 0) > 0 ? [...labelsOf(metric), OverflowLabel] : labelsOf(metric)

const selfMetrics: ReadonlyMap<string, Exposed> = new Map(emptySelfData.map((data) => [data.name, exposed(data)]))

/** The sample name of one of the library's own metrics, which must exist. */
export const selfSample = (name: string): string => {
  const found = selfMetrics.get(`mvx_metrics.${name}`)
  if (found === undefined) throw new Error(`There is no metric mvx_metrics.${name}`)
  return found.sample
}
