/**
 * OTLP requests in JSON. 64-bit integers are strings, and so are numbers that JSON cannot represent, following
 * protobuf's JSON mapping.
 */
import type { Buckets } from "../../metric/histogram.ts"
import type { AttributeValue, Resource } from "../../model/otlp.ts"
import type { Attributes, HistogramDataPoint, NumberPoint } from "../metricData.ts"
import type { Encoding } from "./encoding.ts"
import { exemplarsOf, extremesOf, type Interval, type Streamed, temporalityOf } from "./streamed.ts"

const encoder = new TextEncoder()
const bytesOf = (text: string): Uint8Array => encoder.encode(text)
const comma = bytesOf(",")

export const json: Encoding = {
  separator: [comma],
  points: (metric) => {
    const pointOf = points[metric.type] as (interval: Interval<unknown>) => object
    return bytesOf(text((metric.points as ReadonlyArray<Interval<unknown>>).map(pointOf)).slice(1, -1))
  },
  metric: (metric, pieces) => {
    const { description, name, type, unit } = metric
    const head = text({ name, ...(description && { description }), ...(unit && { unit }) })
    const separated = pieces.flatMap((piece, i) => (i === 0 ? [piece] : [comma, piece]))
    return [bytesOf(`${head.slice(0, -1)},"${type}":{${frameOf(metric)}"dataPoints":[`), ...separated, bytesOf("]}}")]
  },
  request: (metrics, resource, scope) => {
    const own = { attributes: attributesOf(resource.attributes), droppedAttributesCount: 0 }
    const head = `{"resourceMetrics":[{"resource":${text(own)},"scopeMetrics":[{"scope":${text(scope)},"metrics":[`
    return [bytesOf(head), ...metrics, bytesOf("]}]}]}")]
  }
}

const text = (value: object): string => JSON.stringify(value)

const frameOf = (metric: Streamed): string => {
  if (metric.type === "gauge" || metric.type === "summary") return ""
  const temporality = `"aggregationTemporality":${temporalityOf(metric)},`
  return metric.type === "sum" ? `${temporality}"isMonotonic":${metric.monotonic},` : temporality
}

const double = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const frame = ({ end, point, start }: Interval<{ readonly attributes: Attributes }>) => ({
  attributes: attributesOf(point.attributes),
  startTimeUnixNano: String(start),
  timeUnixNano: String(end)
})

const number = (interval: Interval<NumberPoint>) => ({
  ...frame(interval),
  asDouble: double(interval.point.value),
  ...exemplars(interval, [interval.point.exemplar])
})

type Totals = Pick<HistogramDataPoint, "attributes" | "count" | "sum" | "sumFalls" | "min" | "max">

/** What both kinds of histograms share. */
const distribution = (interval: Interval<Totals>) => {
  const { count, sum, sumFalls } = interval.point
  const extremes = extremesOf(interval)
  return {
    ...frame(interval),
    count,
    ...(!sumFalls && { sum: double(sum) }),
    ...(extremes !== undefined && { min: double(extremes.min), max: double(extremes.max) })
  }
}

const buckets = ({ counts, offset }: Buckets) => ({ offset, bucketCounts: counts })

type PointOf = {
  readonly [M in Streamed as M["type"]]: (interval: M["points"][number]) => object
}

const points: PointOf = {
  gauge: number,
  sum: number,
  histogram: (interval) => ({
    ...distribution(interval),
    bucketCounts: interval.point.counts,
    explicitBounds: interval.point.boundaries,
    ...exemplars(interval, interval.point.exemplars)
  }),
  exponentialHistogram: (interval) => ({
    ...distribution(interval),
    scale: interval.point.scale,
    zeroCount: interval.point.zeroCount,
    positive: buckets(interval.point.positive),
    negative: buckets(interval.point.negative)
  }),
  summary: (interval) => {
    const { count, quantiles, sum, sumFalls } = interval.point
    const quantileValues = quantiles.map(([quantile, value]) => ({ quantile, value: double(value) }))
    // 0: not set.
    return { ...frame(interval), count, sum: sumFalls ? 0 : double(sum), quantileValues }
  }
}

const exemplars = (interval: Interval<unknown>, all: Parameters<typeof exemplarsOf>[1]): object => {
  const shown = exemplarsOf(interval, all).map(({ spanId, time, traceId, value }) => ({
    timeUnixNano: String(time),
    asDouble: double(value),
    traceId,
    ...(spanId !== undefined && { spanId })
  }))
  return shown.length === 0 ? {} : { exemplars: shown }
}

/** A label that is `null` is absent. */
const attributesOf = (attributes: Attributes | Resource["attributes"]): ReadonlyArray<object> =>
  Object.entries(attributes).flatMap(([key, value]) => (value === null ? [] : [{ key, value: anyValue(value) }]))

const anyValue = (value: AttributeValue): object => {
  if (typeof value === "string") return { stringValue: value }
  if (typeof value === "boolean") return { boolValue: value }
  if (typeof value !== "number") return { arrayValue: { values: value.map(anyValue) } }
  return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: double(value) }
}
