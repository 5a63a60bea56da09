/**
 * The data of exporters as Effect's `OtlpSerialization` takes it, in the form of OTLP.
 */
import type { MetricsData } from "effect/observability/OtlpMetrics"
import { entriesToAttributes, type KeyValue } from "effect/observability/OtlpResource"
import { shapeKey } from "../../formats/fromMetric.ts"
import type { Attributes, Exemplar, HistogramDataPoint, NumberPoint } from "../../formats/metricData.ts"
import type { Buckets } from "../../metric/histogram.ts"
import { type Interval, nanosOf, type Streamed } from "./temporality.ts"

export type OtlpMetric = MetricsData["resourceMetrics"][number]["scopeMetrics"][number]["metrics"][number]

export interface OtlpExemplar {
  readonly timeUnixNano: string
  readonly asDouble: number
  /** In hexadecimal digits. */
  readonly traceId: string
  readonly spanId?: string
}

/** Whether a metric has what Effect's encoder of protobuf leaves out: exponential histograms, and exemplars. */
export const needsOwnProtobuf = ({ exponentialHistogram, histogram, sum }: OtlpMetric): boolean =>
  exponentialHistogram !== undefined ||
  [...(sum?.dataPoints ?? []), ...(histogram?.dataPoints ?? [])].some(({ exemplars }) => exemplars !== undefined)

const Delta = 1
const Cumulative = 2

/** The metrics of a request, data of one name and one shape together. */
export const otlpMetrics = (all: ReadonlyArray<Streamed>): ReadonlyArray<OtlpMetric> => {
  const byName = new Map<string, Streamed>()
  for (const each of all) {
    const key = shapeKey(each)
    const known = byName.get(key)
    if (known === undefined) byName.set(key, { ...each, points: [...each.points] } as Streamed)
    else for (const point of each.points) (known.points as Array<Interval<unknown>>).push(point)
  }
  return Array.from(byName.values()).flatMap((each) => inParts(each).map(otlpMetric))
}

/** Effect's encoder of protobuf overflows the stack with some hundred thousand points in one list. */
const MostPoints = 20_000

/** Data of a metric as several of the same name, each with some of its points. */
const inParts = (data: Streamed): ReadonlyArray<Streamed> =>
  Array.from(
    { length: Math.ceil(data.points.length / MostPoints) },
    (_, i) => ({ ...data, points: data.points.slice(i * MostPoints, (i + 1) * MostPoints) }) as Streamed
  )

const otlpMetric = (data: Streamed): OtlpMetric => ({
  name: data.name,
  ...(data.description !== undefined && { description: data.description }),
  ...(data.unit !== undefined && { unit: data.unit }),
  ...dataOf(data)
})

const dataOf = (data: Streamed): Partial<OtlpMetric> => {
  const aggregationTemporality = data.isDelta ? Delta : Cumulative
  const numbers = (points: ReadonlyArray<Interval<NumberPoint>>) =>
    points.map((interval) => ({
      ...frame(interval),
      asDouble: interval.point.value,
      ...exemplarsOf(interval, [interval.point.exemplar])
    }))

  switch (data.type) {
    case "gauge":
      return { gauge: { dataPoints: numbers(data.points) } }
    case "sum":
      return { sum: { aggregationTemporality, isMonotonic: data.monotonic, dataPoints: numbers(data.points) } }
    case "histogram": {
      const dataPoints = data.points.map((interval) => ({
        ...distribution(interval),
        bucketCounts: [...interval.point.counts],
        explicitBounds: [...interval.point.boundaries],
        ...exemplarsOf(interval, interval.point.exemplars)
      }))
      return { histogram: { aggregationTemporality, dataPoints } }
    }
    case "exponentialHistogram": {
      const dataPoints = data.points.map((interval) => ({
        ...distribution(interval),
        scale: interval.point.scale,
        zeroCount: interval.point.zeroCount,
        positive: otlpBuckets(interval.point.positive),
        negative: otlpBuckets(interval.point.negative)
      }))
      return { exponentialHistogram: { aggregationTemporality, dataPoints } }
    }
    case "summary": {
      const dataPoints = data.points.map((interval) => {
        const { count, quantiles, sum, sumFalls } = interval.point
        const quantileValues = quantiles.map(([quantile, value]) => ({ quantile, value }))
        // 0: not filled.
        return { ...frame(interval), count, sum: sumFalls ? 0 : sum, quantileValues }
      })
      return { summary: { dataPoints } }
    }
  }
}

const frame = ({ end, point, start }: Interval<{ readonly attributes: Attributes }>) => ({
  attributes: otlpAttributes(point.attributes),
  startTimeUnixNano: String(start),
  timeUnixNano: String(end)
})

/** What both kinds of histograms have. */
const distribution = (
  interval: Interval<Pick<HistogramDataPoint, "attributes" | "count" | "sum" | "sumFalls" | "min" | "max">>
) => {
  const { count, max, min, sum, sumFalls } = interval.point
  const isKnown = interval.hasExtremes && min !== null && max !== null
  return { ...frame(interval), count, ...(!sumFalls && { sum }), ...(isKnown && { min, max }) }
}

/** OpenTelemetry has ids of 16 and of 8 bytes, and none of zeros only. */
const isTraceId = (id: string): boolean => /^(?!0+$)[\da-f]{32}$/i.test(id)
const isSpanId = (id: string | undefined): id is string => id !== undefined && /^(?!0+$)[\da-f]{16}$/i.test(id)

/** The exemplars of an interval that have a trace of OpenTelemetry's. */
const exemplarsOf = (
  { start }: Interval<unknown>,
  all: ReadonlyArray<Exemplar | undefined> = []
): { exemplars?: Array<OtlpExemplar> } => {
  const exemplars = all.flatMap((exemplar) => {
    if (exemplar === undefined || !isTraceId(exemplar.traceId) || nanosOf(exemplar.at) < start) return []
    const { at, spanId, traceId, value } = exemplar
    return {
      timeUnixNano: String(nanosOf(at)),
      asDouble: value,
      traceId: traceId.toLowerCase(),
      ...(isSpanId(spanId) && { spanId: spanId.toLowerCase() })
    }
  })
  return exemplars.length === 0 ? {} : { exemplars }
}

const otlpBuckets = ({ counts, offset }: Buckets) => ({ offset, bucketCounts: [...counts] })

/** A label that is not there is no attribute. */
const otlpAttributes = (attributes: Attributes): Array<KeyValue> =>
  entriesToAttributes(Object.entries(attributes).filter(([, value]) => value !== null))
