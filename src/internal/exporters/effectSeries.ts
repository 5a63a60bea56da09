/**
 * The data of exporters as series of Effect's `Metric`: a metric that is never updated, and the state it is in.
 *
 * What Effect has no kind for becomes the nearest that means the same everywhere: an exponential histogram one with
 * boundaries, whose counts are exact; a sum that may go down a gauge, since a counter of Effect is one in Prometheus.
 */
import * as EffectMetric from "effect/Metric"
import type { Attributes, MetricData } from "../../MetricData.ts"
import { classicBuckets } from "../exposition/classicBuckets.ts"
import { shapeKey } from "./metricData.ts"

export interface Series {
  /** Tells it from all other series of the runtime. */
  readonly key: string
  readonly metric: EffectMetric.Metric<never, unknown>
  readonly state: unknown
}

type Options = { readonly description?: string; readonly attributes: { readonly [name: string]: string } }

export const seriesOf = (data: MetricData): ReadonlyArray<Series> => {
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
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value === null ? "" : `${value}`]))
  }
})

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
