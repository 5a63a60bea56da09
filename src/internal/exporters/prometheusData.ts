/**
 * Data in the form of a scrape, for exporters that only copy it: names with units and `_total`, values in base units,
 * labels with names that Prometheus accepts, exponential histograms in classic buckets.
 */
import type { Attributes, HistogramDataPoint, MetricData } from "../formats/metricData.ts"
import { classicPoints } from "../formats/prometheus/classicBuckets.ts"
import { helpOf, nobody, scale } from "../formats/prometheus/families.ts"
import { LabelTexts } from "../formats/prometheus/labels.ts"
import { familyOf } from "../naming/names.ts"
import { promName } from "./promClientFamilies.ts"

export const asInPrometheus = (data: MetricData): MetricData => {
  const family = familyOf(data)
  const named = { name: promName(family), description: helpOf(data), unit: undefined }
  const scaled = (value: number): number => scale(value, family.unit)
  const inUnit = (point: HistogramDataPoint): HistogramDataPoint => ({
    ...point,
    boundaries: point.boundaries.map(scaled),
    sum: scaled(point.sum),
    min: point.min === null ? null : scaled(point.min),
    max: point.max === null ? null : scaled(point.max)
  })
  switch (data.type) {
    case "gauge":
    case "sum":
      return { ...data, ...named, points: renamed(data.points, (point) => ({ ...point, value: scaled(point.value) })) }
    case "histogram":
    case "exponentialHistogram": {
      const points = renamed(classicPoints(data), inUnit, "le")
      return { ...named, type: "histogram", points }
    }
    case "summary": {
      const points = renamed(
        data.points,
        (point) => ({
          ...point,
          sum: scaled(point.sum),
          quantiles: point.quantiles.map(([quantile, value]) => [quantile, scaled(value)] as const)
        }),
        "quantile"
      )
      return { ...data, ...named, points }
    }
  }
}

/** `own`: names that are used after the labels. */
const renamed = <P extends { readonly attributes: Attributes }, Q>(
  points: ReadonlyArray<P>,
  change: (point: P) => Q,
  ...own: ReadonlyArray<string>
): ReadonlyArray<Q> => {
  const labels = new LabelTexts(nobody, own)
  const nameOf = (attribute: string): string => {
    labels.opening(attribute)
    return labels.names.get(attribute)!
  }
  return points.map((point) => {
    const entries = Object.entries(point.attributes).map(([attribute, value]) => [nameOf(attribute), value] as const)
    return change({ ...point, attributes: Object.fromEntries(entries) })
  })
}
