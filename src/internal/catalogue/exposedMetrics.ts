/**
 * What definitions are in Prometheus, before there is any data.
 */

import { emptySelfData } from "../formats/accounting.ts"
import { emptyData, namesOf } from "../formats/fromMetric.ts"
import type { MetricData } from "../formats/metricData.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { counterSample, type Family, familyOf, labelName } from "../naming/names.ts"

/** One part of what a metric becomes. */
export interface Exposed {
  readonly data: MetricData
  readonly family: Family
  /** The name of its samples: those of a histogram or a summary have suffixes to it. */
  readonly sample: string
}

const exposed = (data: MetricData): Exposed => {
  const family = familyOf(data)
  return { data, family, sample: family.type === "counter" ? counterSample(family.name) : family.name }
}

export const exposedOf = (metric: Metric.Any): ReadonlyArray<Exposed> => emptyData(metric).map(exposed)

/** The labels of its samples, but for that of the recorder. */
export const labelsOf = ({ instrument }: Metric.Any): ReadonlyArray<string> => {
  if (instrument === undefined) return ["dimension"]
  const own = Array.from(namesOf(instrument).values(), labelName)
  return instrument.kind === "frequency" ? [...own, "value"] : own
}

const selfMetrics: ReadonlyMap<string, Exposed> = new Map(emptySelfData.map((data) => [data.name, exposed(data)]))

/** The samples of a metric of the library's own, which there has to be. */
export const selfSample = (name: string): string => {
  const found = selfMetrics.get(`mvx_metrics.${name}`)
  if (found === undefined) throw new Error(`There is no metric mvx_metrics.${name}`)
  return found.sample
}
