/**
 * The data of exporters as series of Effect's `Metric`: a metric that is never updated, and its state.
 *
 * Kinds that Effect does not have are converted to the closest one with the same meaning everywhere: an exponential
 * histogram to one with fixed boundaries, whose counts are exact; a sum that may decrease to a gauge, because a counter
 * of Effect is one in Prometheus. The sum of a histogram or a summary that had a value below 0 is NaN: if it decreased,
 * it would be taken for a restart.
 */
import * as EffectMetric from "effect/Metric"
import { Duplicate, type Duplicates, type DuplicatesRead, textKey } from "../formats/duplicates.ts"
import { inParts } from "../formats/inParts.ts"
import { type Attributes, type MetricData, shapeKey } from "../formats/metricData.ts"
import { cumulativePoints } from "../formats/prometheus/fixedBuckets.ts"
import type { Steps } from "../util/steps.ts"

export interface Series {
  /** Distinguishes it from all other series of the runtime. */
  readonly key: string
  /** The same for series that a reader considers one, because they differ only in their kind or buckets. */
  readonly place: string
  readonly metric: EffectMetric.Metric<never, unknown>
  readonly state: unknown
}

type Options = { readonly description?: string; readonly attributes: { readonly [name: string]: string } }

/** The series of data, in steps. `duplicates`: what is kept for its name and shape between reads. */
export function* seriesSteps(data: MetricData, duplicates: Pick<Duplicates, "read">): Steps<ReadonlyArray<Series>> {
  const read = duplicates.read()
  const series = yield* inParts(data, (part) => seriesOf(part, read))
  read.end()
  return series
}

const seriesOf = (given: MetricData, duplicates: DuplicatesRead): ReadonlyArray<Series> => {
  const data = { ...given, points: asText(given.points, duplicates) } as unknown as MetricData
  const one = <State>(
    attributes: Attributes,
    make: (options: Options) => EffectMetric.Metric<never, State>,
    state: State,
    boundaries: ReadonlyArray<number> = []
  ): Series => ({
    key: JSON.stringify([shapeKey(data), Object.entries(attributes), boundaries]),
    place: JSON.stringify([data.name, data.unit, Object.entries(attributes)]),
    metric: make(optionsOf(data, attributes)),
    state
  })

  type Point = ReturnType<typeof cumulativePoints>[number]
  const histogram = ({ attributes, count, max, min, sum, sumFalls, upTo }: Point): Series => {
    const boundaries = upTo.map(([boundary]) => boundary)
    const buckets: Array<[number, number]> = [...upTo, [Number.POSITIVE_INFINITY, count]]
    return one(
      attributes,
      (options) => EffectMetric.histogram(data.name, { ...options, boundaries }),
      { buckets, count, sum: sumFalls ? Number.NaN : sum, ...extremes(min, max) },
      boundaries
    )
  }

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
    case "exponentialHistogram":
      return cumulativePoints(data).map(histogram)
    case "summary":
      return data.points.map(({ attributes, count, quantiles, sum, sumFalls }) =>
        one(
          attributes,
          (options) =>
            EffectMetric.summary(data.name, {
              ...options,
              maxAge: 0,
              maxSize: 1,
              quantiles: quantiles.map(([quantile]) => quantile)
            }),
          {
            quantiles,
            count,
            sum: sumFalls ? Number.NaN : sum,
            ...extremes(quantiles.at(0)?.[1] ?? null, quantiles.at(-1)?.[1] ?? null)
          }
        )
      )
  }
}

const optionsOf = ({ description, unit }: MetricData, attributes: Attributes): Options => ({
  ...(description !== undefined && { description }),
  attributes: {
    // Where Effect's exporters look for it.
    ...(unit !== undefined && { unit }),
    ...(attributes as { readonly [name: string]: string })
  }
})

/** The attributes in which Effect's exporters look for the unit. */
const unitAttributes: ReadonlyArray<string> = ["unit", "time_unit"]

/** The name of an attribute that does not collide with that of the unit. */
const besideUnit = (name: string, attributes: Attributes): string => {
  if (!unitAttributes.includes(name)) return name
  let other = `exported_${name}`
  while (Object.hasOwn(attributes, other)) other = `exported_${other}`
  return other
}

/** Effect's attributes are text. Points with equal texts are numbered. */
const asText = (
  points: ReadonlyArray<{ readonly attributes: Attributes }>,
  duplicates: DuplicatesRead
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

/** The values that Effect uses before there is a measurement. */
const extremes = (min: number | null, max: number | null) => ({
  min: min ?? Number.MAX_VALUE,
  max: max ?? -Number.MAX_VALUE
})
