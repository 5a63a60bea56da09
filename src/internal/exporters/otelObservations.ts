/** The data of exporters as observations of OpenTelemetry's API, which are only numbers. */
import type { Attributes, MetricData } from "../formats/metricData.ts"
import { cumulativePoints } from "../formats/prometheus/fixedBuckets.ts"

/** An observable instrument. */
export interface Observed {
  readonly kind: "counter" | "upDownCounter" | "gauge"
  readonly name: string
  readonly description: string | undefined
  readonly unit: string | undefined
}

interface Observation {
  readonly attributes: { readonly [name: string]: string | number | boolean }
  readonly value: number
}

/** The instruments for data, and the observations of each. */
export const observations = (
  data: MetricData
): ReadonlyArray<{ readonly instrument: Observed; readonly observations: ReadonlyArray<Observation> }> => {
  const as = (
    kind: Observed["kind"],
    suffix: string,
    unit: string | undefined,
    all: ReadonlyArray<readonly [Attributes, number]>
  ) => ({
    instrument: { kind, name: data.name + suffix, description: data.description, unit },
    observations: all.map(([attributes, value]) => ({ attributes: present(attributes), value }))
  })
  type Counted = { readonly attributes: Attributes; count: number; sum: number; sumFalls: boolean }
  const countAndSum = (points: ReadonlyArray<Counted>) => {
    const counts = points.map(({ attributes, count }) => [attributes, count] as const)
    const rising = points.filter(({ sumFalls }) => !sumFalls)
    const sums = rising.map(({ attributes, sum }) => [attributes, sum] as const)
    return [as("counter", ".count", undefined, counts), as("counter", ".sum", data.unit, sums)]
  }

  switch (data.type) {
    case "gauge":
    case "sum": {
      const kind = data.type === "gauge" ? "gauge" : data.monotonic ? "counter" : "upDownCounter"
      const values = data.points.map(({ attributes, value }) => [attributes, value] as const)
      return [as(kind, "", data.unit, values)]
    }
    case "histogram":
    case "exponentialHistogram": {
      const points = cumulativePoints(data)
      const buckets = points.flatMap(({ attributes, count, upTo }) => [
        ...upTo.map(([le, total]) => [{ ...attributes, le: String(le) }, total] as const),
        [{ ...attributes, le: "+Inf" }, count] as const
      ])
      return [...countAndSum(points), as("counter", ".bucket", undefined, buckets)]
    }
    case "summary": {
      const values = data.points.flatMap(({ attributes, quantiles }) =>
        quantiles.map(([quantile, value]) => [{ ...attributes, quantile }, value] as const)
      )
      return [...countAndSum(data.points), as("gauge", "", data.unit, values)]
    }
  }
}

/** A missing label is not an attribute. */
const present = (attributes: Attributes): Observation["attributes"] =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
  )
