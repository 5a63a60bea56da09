/**
 * From a definition and what it shows to the data of exporters.
 */

import { type Instrument, type KindName, MostOfLabel } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { MostDepth } from "../model/event.ts"
import { cutText } from "../util/cutText.ts"
import { bucketGrid } from "./bucketGrid.ts"
import { Duplicate, Duplicates, textKey } from "./duplicates.ts"
import { labelNames } from "./labelNames.ts"
import { type Attributes, type Life, type MetricData, type NumberPoint, OverflowAttribute } from "./metricData.ts"

// biome-ignore lint/suspicious/noExplicitAny: what an instrument shows is known by its kind.
type Shown = any

/** One part of what a metric becomes. */
interface Part {
  /** Behind the name of the metric. */
  readonly suffix: string
  readonly unit?: "none" | "1" | "per second"
  /** What this part counts or measures, for people, behind the description of the metric. */
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

/** Since when a series counts, where series expire. */
const lifeOf = ({ life }: Shown): { readonly life?: Life } => (life === undefined ? {} : { life })

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
      ...(shown.exemplars !== undefined && { exemplar: shown.exemplars[0] }),
      ...lifeOf(shown)
    }))
  })
}

const histogram: Part = {
  suffix: "",
  data: (points, { boundaries }) => ({
    type: "histogram",
    points: points.map(([attributes, { count, counts, exemplars, life, max, min, sum }]) => ({
      attributes,
      count,
      sum,
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
    points: points.map(([attributes, { count, life, max, min, negative, positive, scale, sum, zeroCount }]) => ({
      attributes,
      count,
      sum,
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
    points: points.map(([attributes, { count, life, quantiles, sum, sumFalls = false }]) => ({
      attributes,
      ...lifeOf({ life }),
      count,
      sum,
      sumFalls,
      quantiles: Object.entries((quantiles ?? {}) as { [quantile: string]: number | null })
        .flatMap(([quantile, value]) => (value === null ? [] : [[Number(quantile), value] as const]))
        .sort(([left], [right]) => left - right)
    }))
  })
}

/** How often each value of a `frequency` came is told by this attribute. */
const ValueAttribute = "value"

/** The number of a hand-written metric, by where it stands in what the metric shows. */
const DimensionAttribute = "dimension"

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

const parts: { readonly [K in KindName]: ReadonlyArray<Part> } = {
  average: [{ ...summary, help: "Count and sum of all values: the average is their quotient." }],
  counter: [counter],
  distinct: [{ ...gauge("estimate"), help: "An estimate of how many different values there were." }],
  exponentialHistogram: [exponentialHistogram],
  frequency: [{ ...byValue, help: "How often each value came." }],
  gauge: [gauge("value")],
  histogram: [histogram],
  minMax: [
    { ...gauge("min", ".min"), help: "The least value there was." },
    { ...gauge("max", ".max"), help: "The greatest value there was." }
  ],
  rate: [{ ...gauge("perSecond"), unit: "per second", help: "Per second, over the window." }],
  ratio: [
    { ...gauge("ratio"), unit: "1", help: "The share of hits in all that were checked." },
    { ...sum("hits", true, ".hits"), ...none, help: "How many of those checked were hits." },
    // Not `total`, which Prometheus puts behind every counter: it would read as the count of hits.
    { ...sum("total", true, ".checked"), ...none, help: "How many were checked, hits or not." }
  ],
  summary: [{ ...summary, help: "Quantiles are of the window, count and sum of all values." }],
  upDownCounter: [sum("value", false)],
  window: [
    // Not `count` and `sum`: what ends so in Prometheus belongs to a histogram.
    { ...gauge("count", ".values"), ...none, help: "How many values there are in the window." },
    { ...gauge("sum", ".sum_of_values"), help: "The sum of the values in the window." },
    { ...gauge("min", ".min"), help: "The least value in the window." },
    { ...gauge("max", ".max"), help: "The greatest value in the window." },
    { ...gauge("average", ".average"), help: "The average of the values in the window." }
  ]
}

/** What is known of the data of a metric before there is any: all but the points. */
export const emptyData = (metric: Metric.Any): ReadonlyArray<MetricData> => {
  const { description, instrument, name, unit } = metric
  return instrument === undefined
    ? [{ name, description, unit, type: "gauge", points: [] }]
    : dataOf(metric, instrument.kind, [], instrument.settings)
}

/** What data has in common beside its name, as text: what differs in it is never added up. */
export const shapeKey = (data: Pick<MetricData, "name" | "type" | "unit"> & { readonly monotonic?: boolean }): string =>
  JSON.stringify([data.name, data.type, data.unit, data.monotonic])

/** The data of a metric that shows `dimensions`. `attributes` are added to those of each point. */
export const metricData = (
  metric: Metric.Any,
  dimensions: unknown,
  attributes: Attributes = {}
): ReadonlyArray<MetricData> => {
  const { description, instrument, name, unit } = metric
  if (instrument === undefined) {
    return [{ name, description, unit, type: "gauge", points: apart(numbersIn(dimensions, attributes)) }]
  }
  const shown = dimensions as Shown
  return dataOf(metric, instrument.kind, pointsOf(shown, instrument, attributes), shown)
}

const dataOf = (
  metric: Metric.Any,
  kind: KindName,
  points: ReadonlyArray<readonly [Attributes, Shown]>,
  frame: Shown
): ReadonlyArray<MetricData> =>
  parts[kind].map(({ data, help, suffix, unit }) => ({
    name: metric.name + suffix,
    description: described(metric.description, help),
    unit: unitOf(metric.unit, unit),
    ...data(points, frame, metric)
  }))

/** What is said of the metric, and then of this part. */
const described = (description: string | undefined, help: string | undefined): string | undefined => {
  const said = description?.trim() ?? ""
  if (help === undefined) return description
  return said === "" ? help : `${said}${/[.!?]$/.test(said) ? "" : "."} ${help}`
}

const unitOf = (unit: string | undefined, is: Part["unit"]): string | undefined => {
  if (is === "none") return undefined
  if (is === "1") return "1"
  return is === "per second" ? `${unit ?? "1"}/s` : unit
}

const pointsOf = (
  shown: Shown,
  instrument: Instrument,
  attributes: Attributes
): ReadonlyArray<readonly [Attributes, Shown]> => {
  if (instrument.labels.length === 0) return [[attributes, shown]]
  const names = namesOf(instrument)
  const series = (shown.series as ReadonlyArray<Shown>).map(
    (point) => [withLabels(attributes, point.labels, names), point] as const
  )
  return shown.overflow === undefined
    ? series
    : [...series, [{ ...attributes, [OverflowAttribute]: true }, shown.overflow]]
}

/** The names of the labels of an instrument beside the attributes of the library. */
export const namesOf = ({ kind, labels }: Instrument): ReadonlyMap<string, string> =>
  labelNames(
    labels.map(([label]) => label),
    kind === "frequency" ? [ValueAttribute] : []
  )

/** Not by assignment, which would take `__proto__` for something else. */
const withLabels = (attributes: Attributes, labels: Attributes, names: ReadonlyMap<string, string>): Attributes =>
  Object.fromEntries([
    ...Object.entries(attributes),
    ...Object.entries(labels).map(([label, value]) => [names.get(label) ?? label, value] as const)
  ])

/** All numbers in what a hand-written metric shows. What stands in `series` has its labels as attributes. */
const numbersIn = (dimensions: unknown, attributes: Attributes, path = "", depth = 0): ReadonlyArray<NumberPoint> => {
  // What contains itself has no end, and its paths would grow with every level.
  if (depth > MostDepth) throw new RangeError(`it is nested more than ${MostDepth} levels deep`)
  if (typeof dimensions === "number" || typeof dimensions === "boolean") {
    const value = Number(dimensions)
    const named =
      path === "" || path === "value" ? attributes : { ...attributes, [DimensionAttribute]: cutText(path, MostOfLabel) }
    return [{ attributes: named, value }]
  }
  if (typeof dimensions !== "object" || dimensions === null) return []
  return Object.entries(dimensions).flatMap(([key, value]) => {
    const below = path === "" ? key : `${path}.${key}`
    if (!isSeries(value)) return numbersIn(value, attributes, below, depth + 1)
    const names = labelNames(new Set(value.flatMap(({ labels }) => Object.keys(labels)).sort()), [DimensionAttribute])
    return value.flatMap(({ labels, ...point }) =>
      numbersIn(point, withLabels(attributes, cutLabels(labels), names), key === "series" ? path : below, depth + 1)
    )
  })
}

/** A view may show texts of any length, which every export would repeat. Those that become equal are numbered apart. */
const cutLabels = (labels: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [
      label,
      typeof value === "string" ? cutText(value, MostOfLabel) : value
    ])
  )

const isSeries = (value: unknown): value is ReadonlyArray<{ readonly labels: Attributes }> =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((each) => typeof each?.labels === "object" && each.labels !== null)

/**
 * Numbers those that would be one: a number and its text, a label that is not there, or two paths that come out as the
 * same text.
 */
const apart = (points: ReadonlyArray<NumberPoint>): ReadonlyArray<NumberPoint> => {
  const numbers = new Duplicates().numbers(
    points.map(({ attributes }) => textKey(attributes)),
    points
  )
  if (numbers.length === 0) return points
  return points.map((point, i) => {
    const duplicate = numbers[i]
    return duplicate === undefined ? point : { ...point, attributes: { ...point.attributes, [Duplicate]: duplicate } }
  })
}
