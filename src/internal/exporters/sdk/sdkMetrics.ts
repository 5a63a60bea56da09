/**
 * Data of metrics in the form that readers of OpenTelemetry's SDK accept. Only types of the SDK are imported. The
 * values of its enumerations are numbers, which are the same in all versions.
 */
import type { HrTime } from "@opentelemetry/api"
import type {
  DataPoint,
  ExponentialHistogramMetricData,
  GaugeMetricData,
  HistogramMetricData,
  MetricData,
  SumMetricData
} from "@opentelemetry/sdk-metrics"
import type { Attributes, SummaryDataPoint } from "../../formats/metricData.ts"
import {
  asMetrics,
  exemplarsOf,
  extremesOf,
  type Interval,
  type Nanos,
  type ShownExemplar,
  type Streamed
} from "../../formats/otlp/streamed.ts"
import type { Steps } from "../../util/steps.ts"

/** An exemplar in the form of the SDK's own reservoirs. */
interface SdkExemplar {
  readonly value: number
  readonly timestamp: HrTime
  readonly traceId: string
  readonly spanId?: string
  readonly filteredAttributes: { readonly [name: string]: never }
}

const Cumulative = 1
const Double = 1
const Types = { histogram: 0, exponentialHistogram: 1, gauge: 2, sum: 3 } as const

/** The number of points converted in one step. */
const StepPoints = 128

/** All of them are cumulative. Those of one name and shape are merged. */
export function* sdkMetrics(all: ReadonlyArray<Streamed>): Steps<Array<MetricData>> {
  const metrics: Array<MetricData> = []
  for (const metric of asMetrics(all)) {
    const byName = new Map<string, MetricData>()
    for (let from = 0; from < metric.points.length; from += StepPoints) {
      const points = metric.points.slice(from, from + StepPoints)
      for (const part of metricsOf({ ...metric, points } as Streamed)) {
        const known = byName.get(part.descriptor.name)
        if (known === undefined) byName.set(part.descriptor.name, part)
        else for (const point of part.dataPoints) known.dataPoints.push(point as never)
      }
      yield
    }
    metrics.push(...byName.values())
  }
  return metrics
}

const metricsOf = (metric: Streamed): ReadonlyArray<MetricData> => {
  switch (metric.type) {
    case "gauge":
      return [gauge(metric, metric.unit, metric.points.map(number))]
    case "sum":
      return [sum(metric, "", metric.unit, metric.monotonic, metric.points.map(number))]
    case "histogram":
      return [
        {
          ...frame(metric, "", metric.unit),
          dataPointType: Types.histogram,
          dataPoints: metric.points.map((interval) =>
            dataPoint(interval, interval.point.exemplars, {
              ...distribution(interval),
              buckets: { boundaries: [...interval.point.boundaries], counts: [...interval.point.counts] }
            })
          )
        } satisfies HistogramMetricData
      ]
    case "exponentialHistogram":
      return [
        {
          ...frame(metric, "", metric.unit),
          dataPointType: Types.exponentialHistogram,
          dataPoints: metric.points.map((interval) => {
            const { negative, positive, scale, zeroCount } = interval.point
            return dataPoint(interval, undefined, {
              ...distribution(interval),
              scale,
              zeroCount,
              positive: { offset: positive.offset, bucketCounts: [...positive.counts] },
              negative: { offset: negative.offset, bucketCounts: [...negative.counts] }
            })
          })
        } satisfies ExponentialHistogramMetricData
      ]
    case "summary":
      return summary(metric, metric.points)
  }
}

/** The SDK has no summaries. */
const summary = (metric: Streamed, points: ReadonlyArray<Interval<SummaryDataPoint>>): ReadonlyArray<MetricData> => {
  const counts = points.map((each) => dataPoint(each, undefined, each.point.count))
  const rising = points.filter(({ point }) => !point.sumFalls)
  const sums = rising.map((each) => dataPoint(each, undefined, each.point.sum))
  const quantiles = points.flatMap((interval) =>
    interval.point.quantiles.map(([quantile, value]) => {
      const attributes = { ...interval.point.attributes, quantile }
      return dataPoint({ ...interval, point: { attributes } }, undefined, value)
    })
  )
  return [
    sum(metric, ".count", undefined, true, counts),
    ...(sums.length === 0 ? [] : [sum(metric, ".sum", metric.unit, true, sums)]),
    ...(quantiles.length === 0 ? [] : [gauge(metric, metric.unit, quantiles)])
  ]
}

const frame = ({ description = "", name }: Streamed, suffix: string, unit = "") =>
  ({
    descriptor: { name: name + suffix, description, unit, valueType: Double },
    aggregationTemporality: Cumulative
  }) as const

const gauge = (metric: Streamed, unit: string | undefined, dataPoints: Array<DataPoint<number>>): GaugeMetricData => ({
  ...frame(metric, "", unit),
  dataPointType: Types.gauge,
  dataPoints
})

const sum = (
  metric: Streamed,
  suffix: string,
  unit: string | undefined,
  isMonotonic: boolean,
  dataPoints: Array<DataPoint<number>>
): SumMetricData => ({ ...frame(metric, suffix, unit), dataPointType: Types.sum, isMonotonic, dataPoints })

const number = (interval: Extract<Streamed, { readonly type: "gauge" | "sum" }>["points"][number]) =>
  dataPoint(interval, [interval.point.exemplar], interval.point.value)

const distribution = (
  interval: Interval<{ count: number; sum: number; sumFalls: boolean; min: number | null; max: number | null }>
) => {
  const { count, sum, sumFalls } = interval.point
  return { count, ...(!sumFalls && { sum }), ...extremesOf(interval) }
}

const dataPoint = <Value>(
  interval: Interval<{ readonly attributes: Attributes }>,
  exemplars: Parameters<typeof exemplarsOf>[1],
  value: Value
): DataPoint<Value> & { readonly exemplars?: ReadonlyArray<SdkExemplar> } => {
  const shown = exemplarsOf(interval, exemplars)
  return {
    startTime: hrTime(interval.start),
    endTime: hrTime(interval.end),
    attributes: Object.fromEntries(
      // A label that is `null` is absent.
      Object.entries(interval.point.attributes).flatMap(([name, each]) => (each === null ? [] : [[name, each]]))
    ),
    value,
    ...(shown.length > 0 && { exemplars: shown.map(exemplar) })
  }
}

const exemplar = ({ spanId, time, traceId, value }: ShownExemplar): SdkExemplar => ({
  value,
  timestamp: hrTime(time),
  traceId,
  ...(spanId !== undefined && { spanId }),
  filteredAttributes: {}
})

const Second = 1_000_000_000n

const hrTime = (time: Nanos): HrTime => [Number(time / Second), Number(time % Second)]
