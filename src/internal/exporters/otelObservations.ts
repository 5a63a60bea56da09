/**
 * The data of exporters as observations of OpenTelemetry's API, which knows numbers only.
 */
import type { Attributes, HistogramDataPoint, MetricData } from "../formats/metricData.ts"
import { fixedBuckets } from "../formats/prometheus/fixedBuckets.ts"

/** An instrument that is observed. */
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

/** The instruments that data becomes, and what there is to observe of each. */
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
  const countAndSum = (
    points: ReadonlyArray<{ attributes: Attributes; count: number; sum: number; sumFalls: boolean }>
  ) => [
    as(
      "counter",
      ".count",
      undefined,
      points.map(({ attributes, count }) => [attributes, count])
    ),
    as(
      "counter",
      ".sum",
      data.unit,
      points.flatMap(({ attributes, sum, sumFalls }) => (sumFalls ? [] : [[attributes, sum] as const]))
    )
  ]
  const buckets = (
    points: ReadonlyArray<{
      readonly attributes: Attributes
      readonly count: number
      readonly upTo: ReadonlyArray<readonly [boundary: number, count: number]>
    }>
  ) =>
    as(
      "counter",
      ".bucket",
      undefined,
      points.flatMap(({ attributes, count, upTo }) => [
        ...upTo.map(([le, total]): [Attributes, number] => [{ ...attributes, le: String(le) }, total]),
        [{ ...attributes, le: "+Inf" }, count] as [Attributes, number]
      ])
    )

  switch (data.type) {
    case "gauge":
    case "sum": {
      const kind = data.type === "gauge" ? "gauge" : data.monotonic ? "counter" : "upDownCounter"
      return [
        as(
          kind,
          "",
          data.unit,
          data.points.map(({ attributes, value }) => [attributes, value])
        )
      ]
    }
    case "histogram":
      return [...countAndSum(data.points), buckets(data.points.map((point) => ({ ...point, upTo: upTo(point) })))]
    case "exponentialHistogram":
      return [
        ...countAndSum(data.points),
        buckets(data.points.map((point) => ({ ...point, upTo: fixedBuckets(point) })))
      ]
    case "summary":
      return [
        ...countAndSum(data.points),
        as(
          "gauge",
          "",
          data.unit,
          data.points.flatMap(({ attributes, quantiles }) =>
            quantiles.map(([quantile, value]): [Attributes, number] => [{ ...attributes, quantile }, value])
          )
        )
      ]
  }
}

/** How many values are up to each boundary. */
export const upTo = ({ boundaries, counts }: HistogramDataPoint): ReadonlyArray<readonly [number, number]> => {
  let total = 0
  return boundaries.map((boundary, i) => {
    total += counts[i]!
    return [boundary, total]
  })
}

/** A label that is not there is no attribute. */
const present = (attributes: Attributes): Observation["attributes"] =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
  )
