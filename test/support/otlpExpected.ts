/** The result of OpenTelemetry's own transformer for the snapshots of `exported.metrics.ts`. */
import { type HrTime, ValueType } from "@opentelemetry/api"
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer"
import { resourceFromAttributes } from "@opentelemetry/resources"
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics"
import type { Metric } from "mvx-metrics"
import type { Few, Jobs, Latest, Queues, Spread, Times, Waiting } from "./exported.metrics.ts"
import { decodeRequest, normalized } from "./otlpDecoder.ts"
import type { SunkMetric } from "./sink.ts"

type Shown<M extends Metric.Any> = { readonly dimensions: Metric.Dimensions<M> }

export interface ShownMetrics {
  readonly jobs: Shown<typeof Jobs>
  readonly "jobs.waiting": Shown<typeof Waiting>
  readonly "jobs.latest": Shown<typeof Latest>
  readonly "jobs.time": Shown<typeof Times>
  readonly "jobs.spread": Shown<typeof Spread>
  readonly "jobs.queues": Shown<typeof Queues>
  readonly "jobs.few": Shown<typeof Few>
  readonly "jobs.by_hand": { readonly dimensions: { readonly good: number; readonly bad: number } }
}

interface When {
  readonly namespace: string
  readonly recorder: string
  /** In milliseconds since the Unix epoch. */
  readonly since: number
  readonly now: number
}

const hrTime = (millis: number): HrTime => [Math.floor(millis / 1000), (millis % 1000) * 1e6]

type Labels = { readonly [name: string]: string | number | boolean | null }

/** The metrics as they should be sent, sorted by name. */
export const expectedMetrics = (
  encoding: "json" | "protobuf",
  shown: ShownMetrics,
  { namespace, now, recorder, since }: When
): ReadonlyArray<SunkMetric> => {
  const pointOf = <T>(labels: Labels, value: T): DataPoint<T> => ({
    attributes: {
      recorder,
      namespace,
      ...Object.fromEntries(Object.entries(labels).flatMap(([name, label]) => (label === null ? [] : [[name, label]])))
    },
    startTime: hrTime(since),
    endTime: hrTime(now),
    value
  })
  const frame = (name: string, unit = "", description = "") => ({
    descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE
  })
  const overflow = { "otel.metric.overflow": true }

  const metrics: Array<MetricData> = [
    {
      ...frame("jobs", "{job}", "Jobs."),
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: shown.jobs.dimensions.series.map(({ labels, value }) => pointOf(labels, value))
    },
    {
      ...frame("jobs.waiting"),
      dataPointType: DataPointType.SUM,
      isMonotonic: false,
      dataPoints: [pointOf({}, shown["jobs.waiting"].dimensions.value)]
    },
    {
      ...frame("jobs.latest", "s"),
      dataPointType: DataPointType.GAUGE,
      dataPoints: [pointOf({}, shown["jobs.latest"].dimensions.value!)]
    },
    {
      ...frame("jobs.time", "s"),
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: shown["jobs.time"].dimensions.series.map(({ count, counts, labels, max, min, sum }) =>
        pointOf(labels, {
          buckets: { boundaries: [...shown["jobs.time"].dimensions.boundaries], counts: [...counts] },
          count,
          ...(min! >= 0 && { sum }),
          min: min!,
          max: max!
        })
      )
    },
    {
      ...frame("jobs.spread", "s"),
      dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
      dataPoints: shown["jobs.spread"].dimensions.series.map(
        ({ count, labels, max, min, negative, positive, scale, sum, zeroCount }) =>
          pointOf(labels, {
            count,
            ...(min! >= 0 && { sum }),
            min: min!,
            max: max!,
            scale,
            zeroCount,
            positive: { offset: positive.offset, bucketCounts: [...positive.counts] },
            negative: { offset: negative.offset, bucketCounts: [...negative.counts] }
          })
      )
    },
    {
      ...frame("jobs.queues", "", "How often each value occurred."),
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: Object.entries(shown["jobs.queues"].dimensions.counts).map(([value, count]) =>
        pointOf({ value }, count)
      )
    },
    {
      ...frame("jobs.few"),
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [
        ...shown["jobs.few"].dimensions.series.map(({ labels, value }) => pointOf(labels, value)),
        pointOf(overflow, shown["jobs.few"].dimensions.overflow!.value)
      ]
    },
    {
      ...frame("jobs.by_hand"),
      dataPointType: DataPointType.GAUGE,
      dataPoints: Object.entries(shown["jobs.by_hand"].dimensions).map(([dimension, value]) =>
        pointOf({ dimension }, value)
      )
    }
  ]
  return sent(encoding, metrics)
}

/** Through OpenTelemetry's encoder, and the decoder available in the repository. */
const sent = (encoding: "json" | "protobuf", metrics: Array<MetricData>): ReadonlyArray<SunkMetric> => {
  const all = { resource: resourceFromAttributes({}), scopeMetrics: [{ scope: { name: "scope" }, metrics }] }
  const decoded = normalized(
    encoding === "json"
      ? JSON.parse(new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(all)))
      : decodeRequest(ProtobufMetricsSerializer.serializeRequest(all)!)
  ) as { resourceMetrics: [{ scopeMetrics: [{ metrics: ReadonlyArray<SunkMetric> }] }] }
  return byName(decoded.resourceMetrics[0].scopeMetrics[0].metrics)
}

export const byName = (metrics: ReadonlyArray<SunkMetric>): ReadonlyArray<SunkMetric> =>
  metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1))
