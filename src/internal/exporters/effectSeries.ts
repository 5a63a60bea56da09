/**
 * The data of exporters as series of Effect's `Metric`: a metric that is never updated, and the state it is in.
 *
 * What Effect has no kind for becomes the nearest that means the same everywhere: an exponential histogram one with
 * boundaries, whose counts are exact; a sum that may go down a gauge, since a counter of Effect is one in Prometheus.
 */
import * as EffectMetric from "effect/Metric"
import type { Attributes, MetricData } from "../../MetricData.ts"
import { classicBuckets } from "../exposition/classicBuckets.ts"
import { Duplicate, type Duplicates, textKey } from "../exposition/duplicates.ts"
import { shapeKey } from "./metricData.ts"

export interface Series {
  /** Tells it from all other series of the runtime. */
  readonly key: string
  readonly metric: EffectMetric.Metric<never, unknown>
  readonly state: unknown
}

type Options = { readonly description?: string; readonly attributes: { readonly [name: string]: string } }

/** `duplicates`: what is kept of data of this name and shape from one read to the next. */
export const seriesOf = (given: MetricData, duplicates: Duplicates): ReadonlyArray<Series> => {
  const data = { ...given, points: asText(given.points, duplicates) } as unknown as MetricData
  const one = <State>(
    attributes: Attributes,
    make: (options: Options) => EffectMetric.Metric<never, State>,
    state: State
  ): Series => ({
    key: JSON.stringify([shapeKey(data), Object.entries(attributes)]),
    metric: make(optionsOf(data, attributes)),
    state
  })

  const histogram = (
    attributes: Attributes,
    boundaries: ReadonlyArray<number>,
    { count, counts, max, min, sum }: Distribution
  ): Series =>
    one(attributes, (options) => EffectMetric.histogram(data.name, { ...options, boundaries }), {
      buckets: cumulative(boundaries, counts),
      count,
      sum,
      ...extremes(min, max)
    })

  switch (data.type) {
    case "sum":
      return data.points.map(({ attributes, value }) =>
        data.monotonic
          ? one(attributes, (options) => EffectMetric.counter(data.name, { ...options, incremental: true }), {
              count: value,
              incremental: true
            })
          : one(attributes, (options) => EffectMetric.gauge(data.name, options), { value })
      )
    case "gauge":
      return data.points.map(({ attributes, value }) =>
        one(attributes, (options) => EffectMetric.gauge(data.name, options), { value })
      )
    case "histogram":
      return data.points.map((point) => histogram(point.attributes, point.boundaries, point))
    case "exponentialHistogram": {
      const { boundaries, counts } = classicBuckets(data.points)
      return data.points.map((point) => histogram(point.attributes, boundaries, { ...point, counts: counts(point) }))
    }
    case "summary":
      return data.points.map(({ attributes, count, quantiles, sum }) =>
        one(
          attributes,
          (options) =>
            EffectMetric.summary(data.name, {
              ...options,
              maxAge: 0,
              maxSize: 1,
              quantiles: quantiles.map(([quantile]) => quantile)
            }),
          { quantiles, count, sum, ...extremes(quantiles.at(0)?.[1] ?? null, quantiles.at(-1)?.[1] ?? null) }
        )
      )
  }
}

interface Distribution {
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  readonly counts: ReadonlyArray<number>
}

const optionsOf = ({ description, unit }: MetricData, attributes: Attributes): Options => ({
  ...(description !== undefined && { description }),
  attributes: {
    // Where Effect's exporters look for it.
    ...(unit !== undefined && { unit }),
    ...(attributes as { readonly [name: string]: string })
  }
})

/** Attributes in which Effect's exporters look for the unit. */
const unitAttributes: ReadonlyArray<string> = ["unit", "time_unit"]

/** The name of an attribute beside that of the unit. */
const besideUnit = (name: string, attributes: Attributes): string => {
  if (!unitAttributes.includes(name)) return name
  let other = `exported_${name}`
  while (Object.hasOwn(attributes, other)) other = `exported_${other}`
  return other
}

/** Effect's attributes are text. Points that would be one are numbered. */
const asText = (
  points: ReadonlyArray<{ readonly attributes: Attributes }>,
  duplicates: Duplicates
): ReadonlyArray<object> => {
  const numbers = duplicates.numbers(
    points.map(({ attributes }) => textKey(attributes)),
    points
  )
  return points.map((point, i) => {
    const entries = Object.entries(point.attributes).map(
      ([name, value]) => [besideUnit(name, point.attributes), `${value ?? ""}`] as const
    )
    const duplicate = numbers[i]
    const more = duplicate === undefined ? [] : [[Duplicate, duplicate] as const]
    return { ...point, attributes: Object.fromEntries([...entries, ...more]) }
  })
}

/** Each boundary with the count up to it, the last without an end. */
const cumulative = (
  boundaries: ReadonlyArray<number>,
  counts: ReadonlyArray<number>
): ReadonlyArray<[boundary: number, count: number]> => {
  let total = 0
  return [...boundaries, Number.POSITIVE_INFINITY].map((boundary, i) => {
    total += counts[i]!
    return [boundary, total]
  })
}

/** As Effect has them before there is a value. */
const extremes = (min: number | null, max: number | null) => ({
  min: min ?? Number.MAX_VALUE,
  max: max ?? -Number.MAX_VALUE
})
