/** What each kind of instrument becomes for exporters. */
import type { KindName } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { ExactSum } from "../metric/instruments/exactSum.ts"
import { bucketGrid } from "./bucketGrid.ts"
import { type Attributes, type Life, type MetricData, type NumberPoint, OverflowAttribute } from "./metricData.ts"

// biome-ignore lint/suspicious/noExplicitAny: what an instrument shows is known by its kind.
export type Shown = any

/** One part of what a metric becomes, made from the points of its series and from what they share. */
export interface Part {
  /** Appended to the name of the metric. */
  readonly suffix: string
  readonly unit?: "none" | "1" | "per second"
  /** What this part counts or measures, appended to the description of the metric. */
  readonly help?: string
  readonly data: (points: ReadonlyArray<readonly [Attributes, Shown]>, frame: Shown, metric: Metric.Any) => Data
}

type Data = MetricData extends infer M
  ? M extends MetricData
    ? Omit<M, "name" | "description" | "unit">
    : never
  : never

const numbers = (points: ReadonlyArray<readonly [Attributes, Shown]>, field: string): ReadonlyArray<NumberPoint> =>
  points.flatMap(([attributes, shown]) => {
    const value: unknown = shown[field]
    return typeof value === "number" ? [{ attributes, value, ...lifeOf(shown) }] : []
  })

/** Since when a series counts, if series expire. */
const lifeOf = ({ life }: Shown): { readonly life?: Life } => (life === undefined ? {} : { life })

/** The sum before rounding. */
const exactOf = ({ exact }: Shown): { readonly exact?: ExactSum } => (exact === undefined ? {} : { exact })

const gauge = (field: string, suffix = ""): Part => ({
  suffix,
  data: (points) => ({ type: "gauge", points: numbers(points, field) })
})

const sum = (field: string, monotonic: boolean, suffix = ""): Part => ({
  suffix,
  data: (points) => ({ type: "sum", monotonic, points: numbers(points, field) })
})

const counter: Part = {
  suffix: "",
  data: (points) => ({
    type: "sum",
    monotonic: true,
    points: points.map(([attributes, shown]) => ({
      attributes,
      value: shown.value,
      ...exactOf(shown),
      ...(shown.exemplars !== undefined && { exemplar: shown.exemplars[0] }),
      ...lifeOf(shown)
    }))
  })
}

const histogram: Part = {
  suffix: "",
  data: (points, { boundaries }) => ({
    type: "histogram",
    points: points.map(([attributes, { count, counts, exact, exemplars, life, max, min, sum }]) => ({
      attributes,
      count,
      sum,
      ...exactOf({ exact }),
      sumFalls: min < 0 || boundaries[0] < 0,
      min,
      max,
      boundaries,
      counts,
      ...(exemplars !== undefined && { exemplars }),
      ...lifeOf({ life })
    }))
  })
}

const exponentialHistogram: Part = {
  suffix: "",
  data: (points, _, metric) => ({
    type: "exponentialHistogram",
    grid: bucketGrid(metric),
    points: points.map(([attributes, { count, exact, life, max, min, negative, positive, scale, sum, zeroCount }]) => ({
      attributes,
      count,
      sum,
      ...exactOf({ exact }),
      sumFalls: min < 0,
      min,
      max,
      scale,
      zeroCount,
      positive,
      negative,
      ...lifeOf({ life })
    }))
  })
}

const summary: Part = {
  suffix: "",
  data: (points) => ({
    type: "summary",
    points: points.map(([attributes, { count, exact, life, quantiles, sum, sumFalls = false }]) => ({
      attributes,
      ...lifeOf({ life }),
      count,
      sum,
      ...exactOf({ exact }),
      sumFalls,
      quantiles: Object.entries((quantiles ?? {}) as { [quantile: string]: number | null })
        .flatMap(([quantile, value]) => (value === null ? [] : [[Number(quantile), value] as const]))
        .sort(([left], [right]) => left - right)
    }))
  })
}

/** The attribute for the values of a `frequency`. */
export const ValueAttribute = "value"

const byValue: Part = {
  suffix: "",
  data: (points) => ({
    type: "sum",
    monotonic: true,
    points: points.flatMap(([attributes, { counts, life, others }]) => [
      ...Object.entries(counts as { [value: string]: number }).map(([value, count]) => ({
        attributes: { ...attributes, [ValueAttribute]: value },
        value: count,
        ...lifeOf({ life })
      })),
      ...(others === undefined
        ? []
        : [{ attributes: { ...attributes, [OverflowAttribute]: true }, value: others, ...lifeOf({ life }) }])
    ])
  })
}

const none = { unit: "none" } as const

export const parts: { readonly [K in KindName]: ReadonlyArray<Part> } = {
  average: [{ ...summary, help: "Count and sum of all values: the average is their quotient." }],
  counter: [counter],
  distinct: [{ ...gauge("estimate"), help: "The estimated number of distinct values." }],
  exponentialHistogram: [exponentialHistogram],
  frequency: [{ ...byValue, help: "How often each value occurred." }],
  gauge: [gauge("value")],
  histogram: [histogram],
  minMax: [
    { ...gauge("min", ".min"), help: "The minimum of all values." },
    { ...gauge("max", ".max"), help: "The maximum of all values." }
  ],
  rate: [{ ...gauge("perSecond"), unit: "per second", help: "Per second, over the window." }],
  ratio: [
    { ...gauge("ratio"), unit: "1", help: "The share of hits in all checks." },
    { ...sum("hits", true, ".hits"), ...none, help: "The number of hits." },
    // Not `total`, which Prometheus appends to every counter: it would read as the count of hits.
    { ...sum("total", true, ".checked"), ...none, help: "The number of all checks, hits and misses." }
  ],
  summary: [{ ...summary, help: "Quantiles are of the window, count and sum of all values." }],
  upDownCounter: [sum("value", false)],
  window: [
    // Not `count` and `sum`, because in Prometheus such suffixes belong to a histogram.
    { ...gauge("count", ".values"), ...none, help: "How many values there are in the window." },
    { ...gauge("sum", ".sum_of_values"), help: "The sum of the values in the window." },
    { ...gauge("min", ".min"), help: "The minimum of the values in the window." },
    { ...gauge("max", ".max"), help: "The maximum of the values in the window." },
    { ...gauge("average", ".average"), help: "The average of the values in the window." }
  ]
}
