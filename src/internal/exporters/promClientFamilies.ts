/** The data of exporters in prom-client's form: a family by name and type, and its samples with labels. */

import { Duplicate, type Duplicates, type DuplicatesRead } from "../formats/duplicates.ts"
import { inParts } from "../formats/inParts.ts"
import type { Attributes, Exemplar, HistogramDataPoint, MetricData } from "../formats/metricData.ts"
import { classicPoints } from "../formats/prometheus/classicBuckets.ts"
import { exemplarLabels } from "../formats/prometheus/exemplar.ts"
import { scale } from "../formats/prometheus/families.ts"
import { counterSample, type Family, familyOf, labelName } from "../naming/names.ts"
import type { BaseUnit } from "../naming/units.ts"
import type { Steps } from "../util/steps.ts"

type PromLabels = { readonly [name: string]: string | number }

export interface PromValue {
  readonly value: number
  readonly labels: PromLabels
  /** Default: the name of the family. */
  readonly metricName?: string
  /** Registries show it in OpenMetrics. */
  readonly exemplar?: PromExemplar
}

interface PromExemplar {
  readonly labelSet: { readonly [name: string]: string }
  readonly value: number
  /** In seconds. */
  readonly timestamp: number
}

/** The name of a family in prom-client, in which a counter's name includes `_total`. */
export const promName = ({ name, type }: Family): string => (type === "counter" ? counterSample(name) : name)

export type Aggregator = "average" | "max" | "min" | "sum"

/** How the registry of a cluster aggregates the values of its processes. Only additive values are added up. */
export const promAggregator = ({ name, type, unit }: MetricData): Aggregator => {
  if (type !== "gauge") return "sum"
  const last = name.slice(name.lastIndexOf(".") + 1)
  if (last === "min" || last === "max" || last === "average") return last
  return unit === "1" || unit === "%" ? "average" : "sum"
}

/** The values of a family, which several runtimes may have. `duplicates`: what is kept of it between reads. */
export function* promValueSteps(
  all: ReadonlyArray<MetricData>,
  duplicates: Pick<Duplicates, "read">
): Steps<ReadonlyArray<PromValue>> {
  const read = duplicates.read()
  const values: Array<PromValue> = []
  for (const data of all) for (const value of yield* inParts(data, (part) => promValues(part, read))) values.push(value)
  read.end()
  return values
}

const promValues = (data: MetricData, duplicates: DuplicatesRead): ReadonlyArray<PromValue> => {
  const { name, unit } = familyOf(data)
  switch (data.type) {
    case "gauge":
    case "sum":
      return withLabels(data.points, duplicates).map(([labels, { exemplar, value }]) => ({
        value: scale(value, unit),
        labels,
        ...exemplarOf(exemplar, unit)
      }))
    case "histogram":
    case "exponentialHistogram":
      return withLabels(classicPoints(data), duplicates).flatMap(([labels, point]) =>
        bucketValues(name, unit, point, labels)
      )
    case "summary":
      return withLabels(data.points, duplicates).flatMap(([labels, { count, quantiles, sum, sumFalls }]) => [
        ...quantiles.map(([quantile, value]) => ({ value: scale(value, unit), labels: { ...labels, quantile } })),
        ...(sumFalls ? [] : [{ metricName: `${name}_sum`, value: scale(sum, unit), labels }]),
        { metricName: `${name}_count`, value: count, labels }
      ])
  }
}

const bucketValues = (
  name: string,
  unit: BaseUnit,
  { boundaries, count, counts, exemplars = [], sum, sumFalls }: HistogramDataPoint,
  labels: PromLabels
): ReadonlyArray<PromValue> => {
  let total = 0
  const bounded = boundaries.map((boundary, i) => {
    total += counts[i]!
    return {
      metricName: `${name}_bucket`,
      value: total,
      labels: { ...labels, le: scale(boundary, unit) },
      ...exemplarOf(exemplars[i], unit)
    }
  })
  return [
    ...bounded,
    {
      metricName: `${name}_bucket`,
      value: count,
      labels: { ...labels, le: "+Inf" },
      ...exemplarOf(exemplars[boundaries.length], unit)
    },
    ...(sumFalls ? [] : [{ metricName: `${name}_sum`, value: scale(sum, unit), labels }]),
    { metricName: `${name}_count`, value: count, labels }
  ]
}

const exemplarOf = (exemplar: Exemplar | undefined, unit: BaseUnit): { readonly exemplar?: PromExemplar } => {
  const labels = exemplar && exemplarLabels(exemplar)
  if (labels === undefined) return {}
  const { at, value } = exemplar!
  return { exemplar: { labelSet: Object.fromEntries(labels), value: scale(value, unit), timestamp: at / 1000 } }
}

/** Points with their labels, under names that Prometheus accepts. */
const withLabels = <Point extends { readonly attributes: Attributes }>(
  points: ReadonlyArray<Point>,
  duplicates: DuplicatesRead
): ReadonlyArray<readonly [labels: PromLabels, point: Point]> => {
  const all = points.map(({ attributes }) =>
    Object.entries(attributes).map(([name, value]) => [labelName(name), `${value ?? ""}`] as const)
  )
  const numbers = duplicates.numbers(
    all.map((labels) => JSON.stringify(labels)),
    points
  )
  return points.map((point, i) => {
    const duplicate = numbers[i]
    const more = duplicate === undefined ? [] : [[Duplicate, duplicate] as const]
    return [Object.fromEntries([...all[i]!, ...more]), point]
  })
}
