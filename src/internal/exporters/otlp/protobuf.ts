/**
 * Exponential histograms and exemplars in protobuf, which Effect's encoder of OTLP leaves out. A request that has only
 * the metrics with these is put behind its own: messages of protobuf that stand one behind the other are one.
 *
 * The numbers are those of opentelemetry/proto/metrics/v1/metrics.proto.
 */
import type { MetricsData } from "effect/observability/OtlpMetrics"
import type { AnyValue, KeyValue } from "effect/observability/OtlpResource"
import type { OtlpExemplar, OtlpMetric } from "./requests.ts"

type ResourceMetrics = MetricsData["resourceMetrics"][number]
type DataPoint<Of extends "sum" | "histogram" | "exponentialHistogram"> = NonNullable<
  OtlpMetric[Of]
>["dataPoints"][number]

/** A request with these metrics: exponential histograms, histograms and sums. */
export const encodeOwn = (
  resource: ResourceMetrics["resource"],
  scopeName: string,
  metrics: ReadonlyArray<OtlpMetric>
): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    message(1, [
      ...message(1, [...each(1, resource.attributes, keyValue), ...uint(2, resource.droppedAttributesCount)]),
      ...message(2, [...message(1, string(1, scopeName)), ...each(2, metrics, metric)])
    ])
  )

type Bytes = ReadonlyArray<number>

const metric = (metric: OtlpMetric): Bytes => [
  ...string(1, metric.name),
  ...string(2, metric.description ?? ""),
  ...string(3, metric.unit ?? ""),
  ...data(metric)
]

const data = ({ exponentialHistogram, histogram, sum }: OtlpMetric): Bytes => {
  if (sum !== undefined) {
    const { aggregationTemporality, dataPoints, isMonotonic } = sum
    const monotonic = uint(3, isMonotonic ? 1 : 0)
    return message(7, [...each(1, dataPoints, numberPoint), ...uint(2, aggregationTemporality), ...monotonic])
  }
  if (histogram !== undefined) {
    const { aggregationTemporality = 0, dataPoints } = histogram
    return message(9, [...each(1, dataPoints, histogramPoint), ...uint(2, aggregationTemporality)])
  }
  const { aggregationTemporality = 0, dataPoints = [] } = exponentialHistogram ?? {}
  return message(10, [...each(1, dataPoints, exponentialPoint), ...uint(2, aggregationTemporality)])
}

type Interval = Pick<DataPoint<"sum">, "startTimeUnixNano" | "timeUnixNano">

/** All points have it in the same fields. */
const interval = ({ startTimeUnixNano, timeUnixNano }: Interval): Bytes => [
  ...fixed64(2, BigInt(startTimeUnixNano as string)),
  ...fixed64(3, BigInt(timeUnixNano as string))
]

const numberPoint = (point: DataPoint<"sum">): Bytes => [
  ...each(7, point.attributes, keyValue),
  ...interval(point),
  ...double(4, point.asDouble ?? undefined),
  ...each(5, (point.exemplars ?? []) as ReadonlyArray<OtlpExemplar>, exemplar)
]

const histogramPoint = (point: DataPoint<"histogram">): Bytes => [
  ...each(9, point.attributes ?? [], keyValue),
  ...interval(point),
  ...fixed64(4, BigInt(point.count ?? 0)),
  ...double(5, point.sum),
  ...message(
    6,
    (point.bucketCounts ?? []).flatMap((count) => eightBytes((view) => view.setBigUint64(0, BigInt(count), true)))
  ),
  ...message(
    7,
    (point.explicitBounds ?? []).flatMap((bound) => eightBytes((view) => view.setFloat64(0, bound, true)))
  ),
  ...each(8, (point.exemplars ?? []) as ReadonlyArray<OtlpExemplar>, exemplar),
  ...double(11, point.min),
  ...double(12, point.max)
]

const exemplar = ({ asDouble, spanId, timeUnixNano, traceId }: OtlpExemplar): Bytes => [
  ...fixed64(2, BigInt(timeUnixNano)),
  ...double(3, asDouble),
  ...(spanId === undefined ? [] : message(4, bytesOfHex(spanId))),
  ...message(5, bytesOfHex(traceId))
]

const bytesOfHex = (digits: string): Bytes =>
  Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))

const exponentialPoint = (point: DataPoint<"exponentialHistogram">): Bytes => [
  ...each(1, point.attributes ?? [], keyValue),
  ...interval(point),
  ...fixed64(4, BigInt(point.count ?? 0)),
  ...double(5, point.sum),
  ...sint(6, point.scale ?? 0),
  ...fixed64(7, BigInt(point.zeroCount ?? 0)),
  ...message(8, buckets(point.positive)),
  ...message(9, buckets(point.negative)),
  ...double(12, point.min),
  ...double(13, point.max)
]

const buckets = (buckets: DataPoint<"exponentialHistogram">["positive"]): Bytes => [
  ...sint(1, buckets?.offset ?? 0),
  ...message(
    2,
    (buckets?.bucketCounts ?? []).flatMap((count) => varint(BigInt(count)))
  )
]

const keyValue = ({ key, value }: KeyValue): Bytes => [...string(1, key), ...message(2, anyValue(value))]

/** What `entriesToAttributes` makes of labels, and of what is in a resource. */
const anyValue = (value: AnyValue): Bytes => {
  if (typeof value.stringValue === "string") return message(1, utf8(value.stringValue))
  if (typeof value.boolValue === "boolean") return [...tag(2, Varint), ...varint(value.boolValue ? 1n : 0n)]
  if (value.intValue !== undefined && value.intValue !== null) {
    return [...tag(3, Varint), ...varint(BigInt.asUintN(64, BigInt(value.intValue)))]
  }
  if (typeof value.doubleValue === "number") return double(4, value.doubleValue)
  return value.arrayValue === undefined ? [] : message(5, each(1, value.arrayValue.values, anyValue))
}

// --- the wire format

const Varint = 0
const Fixed64 = 1
const Length = 2

const tag = (field: number, wireType: number): Bytes => varint(BigInt((field << 3) | wireType))

const varint = (value: bigint): Bytes => {
  const bytes: Array<number> = []
  let rest = value
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return bytes
}

const message = (field: number, bytes: Bytes): Bytes => [
  ...tag(field, Length),
  ...varint(BigInt(bytes.length)),
  ...bytes
]

const each = <A>(field: number, all: ReadonlyArray<A>, encode: (one: A) => Bytes): Bytes =>
  all.flatMap((one) => message(field, encode(one)))

const utf8 = (text: string): Bytes => [...new TextEncoder().encode(text)]

/** Fields that are empty or 0 are left out. */
const string = (field: number, text: string): Bytes => (text === "" ? [] : message(field, utf8(text)))

const uint = (field: number, value: number): Bytes =>
  value === 0 ? [] : [...tag(field, Varint), ...varint(BigInt(value))]

const sint = (field: number, value: number): Bytes => uint(field, value < 0 ? -value * 2 - 1 : value * 2)

const eightBytes = (set: (view: DataView) => void): Bytes => {
  const view = new DataView(new ArrayBuffer(8))
  set(view)
  return [...new Uint8Array(view.buffer)]
}

const fixed64 = (field: number, value: bigint): Bytes => [
  ...tag(field, Fixed64),
  ...eightBytes((view) => view.setBigUint64(0, value, true))
]

const double = (field: number, value: number | undefined): Bytes =>
  value === undefined ? [] : [...tag(field, Fixed64), ...eightBytes((view) => view.setFloat64(0, value, true))]
