/**
 * The data of exporters as prom-client has it: a family by name and type, and its samples with labels.
 */
import type { Attributes, MetricData } from "../../MetricData.ts"
import { classicBuckets } from "../exposition/classicBuckets.ts"
import { type Family, familyOf, labelName } from "../exposition/names.ts"
import type { BaseUnit } from "../exposition/units.ts"

export type PromLabels = { readonly [name: string]: string | number }

export interface PromValue {
  readonly value: number
  readonly labels: PromLabels
  /** Default: the name of the family. */
  readonly metricName?: string
}

/** The name of a family in prom-client, where that of a counter has its `_total`. */
export const promName = ({ name, type }: Family): string => (type === "counter" ? `${name}_total` : name)

export const promHelp = ({ description, name }: MetricData): string => description?.trim() || `The metric ${name}.`

export const promValues = (data: MetricData): ReadonlyArray<PromValue> => {
  const { name, unit } = familyOf(data)
  switch (data.type) {
    case "gauge":
    case "sum": {
      const labelsOf = labelsWith([])
      return data.points.map(({ attributes, value }) => ({ value: scale(value, unit), labels: labelsOf(attributes) }))
    }
    case "histogram": {
      const labelsOf = labelsWith(["le"])
      return data.points.flatMap((point) =>
        bucketValues(name, unit, point.boundaries, point, labelsOf(point.attributes))
      )
    }
    case "exponentialHistogram": {
      const labelsOf = labelsWith(["le"])
      const { boundaries, counts } = classicBuckets(data.points)
      return data.points.flatMap((point) =>
        bucketValues(name, unit, boundaries, { ...point, counts: counts(point) }, labelsOf(point.attributes))
      )
    }
    case "summary": {
      const labelsOf = labelsWith(["quantile"])
      return data.points.flatMap(({ attributes, count, quantiles, sum }) => {
        const labels = labelsOf(attributes)
        return [
          ...quantiles.map(([quantile, value]) => ({ value: scale(value, unit), labels: { ...labels, quantile } })),
          { metricName: `${name}_sum`, value: scale(sum, unit), labels },
          { metricName: `${name}_count`, value: count, labels }
        ]
      })
    }
  }
}

const scale = (value: number, { divide, multiply }: BaseUnit): number => (value * multiply) / divide

const bucketValues = (
  name: string,
  unit: BaseUnit,
  boundaries: ReadonlyArray<number>,
  { count, counts, sum }: { readonly count: number; readonly sum: number; readonly counts: ReadonlyArray<number> },
  labels: PromLabels
): ReadonlyArray<PromValue> => {
  let total = 0
  const bounded = boundaries.map((boundary, i) => {
    total += counts[i]!
    return { metricName: `${name}_bucket`, value: total, labels: { ...labels, le: scale(boundary, unit) } }
  })
  return [
    ...bounded,
    { metricName: `${name}_bucket`, value: count, labels: { ...labels, le: "+Inf" } },
    { metricName: `${name}_sum`, value: scale(sum, unit), labels },
    { metricName: `${name}_count`, value: count, labels }
  ]
}

/** Labels under names that Prometheus takes; one that has a name of its own or of another is `exported_...`. */
const labelsWith = (reserved: ReadonlyArray<string>): ((attributes: Attributes) => PromLabels) => {
  const taken = new Set(reserved)
  const names = new Map<string, string>()
  const nameOf = (attribute: string): string => {
    const known = names.get(attribute)
    if (known !== undefined) return known
    let name = labelName(attribute)
    while (taken.has(name)) name = `exported_${name}`
    taken.add(name)
    names.set(attribute, name)
    return name
  }
  return (attributes) =>
    Object.fromEntries(
      Object.entries(attributes).map(([attribute, value]) => [nameOf(attribute), value === null ? "" : `${value}`])
    )
}
