// The same measurements in OpenTelemetry's SDK and here, compared field by field as a collector receives them.
import { describe, expect, it } from "@effect/vitest"
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer"
import { resourceFromAttributes } from "@opentelemetry/resources"
import {
  AggregationTemporality,
  AggregationType,
  InstrumentType,
  MeterProvider,
  MetricReader
} from "@opentelemetry/sdk-metrics"
import { Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import { decodeRequest, normalized } from "../support/otlpDecoder.ts"
import { makeSink, type SunkMetric, type SunkPoint } from "../support/sink.ts"

const Call = Schema.TaggedUnion({
  "call.done": { route: Schema.String, ok: Schema.Boolean, code: Schema.Number, seconds: Schema.Number },
  "call.open": { route: Schema.String, change: Schema.Number },
  "call.load": { route: Schema.String, load: Schema.Number }
})
type Call = typeof Call.Type

const boundaries = [0.125, 1, 8]
const done = { events: Call, when: "call.done" } as const
const timed = { ...done, value: "seconds", unit: "s", labels: ["route"] } as const
const labels = ["route", "ok", "code"] as const

const Calls = Metric.counter("calls", { ...done, labels, unit: "{call}", description: "Calls." })
const Seconds = Metric.counter("calls.seconds", { ...timed, description: "" })
const Open = Metric.upDownCounter("calls.open", { events: Call, when: "call.open", value: "change", labels: ["route"] })
const Load = Metric.gauge("calls.load", { events: Call, when: "call.load", value: "load", labels: ["route"] })
const Time = Metric.histogram("calls.time", { ...timed, boundaries, description: "How long calls take." })
const Spread = Metric.exponentialHistogram("calls.spread", { ...timed })
const metrics = [Calls, Seconds, Open, Load, Time, Spread]

const call = (route: string, seconds: number, ok = true, code = 200): Call => ({
  _tag: "call.done",
  route,
  ok,
  code,
  seconds
})
const open = (route: string, change: number): Call => ({ _tag: "call.open", route, change })
const load = (route: string, value: number): Call => ({ _tag: "call.load", route, load: value })

/**
 * What is measured before each of three exports. Not all series in each interval, as in most programs. Sums are exact: a
 * delta is a difference of sums here, which would round otherwise.
 */
const intervals: ReadonlyArray<ReadonlyArray<Call>> = [
  [
    call("/a", 2 ** -5),
    call("/a", 0.125),
    call("/a", 7),
    call('/ü "\n', 3, false, 500.5),
    call("/b", 2 ** -30),
    call("/b", 0),
    open("/a", 3),
    open("/b", 1),
    open("/a", -5),
    load("/a", 0.25)
  ],
  [call("/a", 1e6), call("/c", 2), open("/a", 1), open("/b", 0), load("/a", -1.5)],
  [call("/b", 0.5), call("/c", 2), open("/a", 1), open("/b", 1), load("/a", 0)]
]

// --- OpenTelemetry's SDK

class Reader extends MetricReader {
  protected override onForceFlush = async () => {}
  protected override onShutdown = async () => {}
}

/** As the preference of this name is defined in the specification. */
const selectorOf = (temporality: Otlp.Temporality) => (type: InstrumentType) =>
  temporality === "delta" && type !== InstrumentType.UP_DOWN_COUNTER
    ? AggregationTemporality.DELTA
    : AggregationTemporality.CUMULATIVE

const sdkExports = async (protocol: Otlp.Protocol, temporality: Otlp.Temporality) => {
  const reader = new Reader({ aggregationTemporalitySelector: selectorOf(temporality) })
  const provider = new MeterProvider({
    resource: resourceFromAttributes({}),
    readers: [reader],
    views: [
      {
        instrumentName: "calls.spread",
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 160, recordMinMax: true } }
      },
      {
        instrumentName: "calls.time",
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries, recordMinMax: true } }
      }
    ]
  })
  const meter = provider.getMeter("sdk")
  const calls = meter.createCounter("calls", { unit: "{call}", description: "Calls." })
  const seconds = meter.createCounter("calls.seconds", { unit: "s" })
  const opened = meter.createUpDownCounter("calls.open")
  const loads = meter.createGauge("calls.load")
  const time = meter.createHistogram("calls.time", { unit: "s", description: "How long calls take." })
  const spread = meter.createHistogram("calls.spread", { unit: "s" })
  const record = (event: Call): void => {
    const { route } = event
    if (event._tag === "call.open") return opened.add(event.change, { route })
    if (event._tag === "call.load") return loads.record(event.load, { route })
    calls.add(1, { route, ok: event.ok, code: event.code })
    seconds.add(event.seconds, { route })
    time.record(event.seconds, { route })
    spread.record(event.seconds, { route })
  }
  const exports: Array<ReadonlyArray<SunkMetric>> = []
  for (const events of intervals) {
    for (const event of events) record(event)
    // Times of the SDK are of milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 3))
    exports.push(await exportedBy(reader, protocol))
  }
  return exports
}

/** What the SDK's own encoders make of a collection. */
const exportedBy = async (reader: Reader, protocol: Otlp.Protocol): Promise<ReadonlyArray<SunkMetric>> => {
  const { errors, resourceMetrics } = await reader.collect()
  expect(errors).toEqual([])
  const request =
    protocol === "http/json"
      ? JSON.parse(new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(resourceMetrics)))
      : decodeRequest(ProtobufMetricsSerializer.serializeRequest(resourceMetrics)!)
  const { resourceMetrics: decoded } = normalized(request) as {
    resourceMetrics: [{ scopeMetrics: [{ metrics: ReadonlyArray<SunkMetric> }] }]
  }
  return decoded[0].scopeMetrics[0].metrics
}

// --- this package, by a reader of the SDK

const producedExports = (protocol: Otlp.Protocol) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const reader = new Reader({ metricProducers: [OpenTelemetry.producer(runtime)] })
    new MeterProvider({ resource: resourceFromAttributes({}), readers: [reader] })
    const recorder = yield* runtime.createRecorder("one")
    for (const metric of metrics) yield* recorder.register(metric)
    const exports: Array<ReadonlyArray<SunkMetric>> = []
    for (const events of intervals) {
      for (const event of events) yield* recorder.emit(event)
      yield* TestClock.adjust(3)
      const all = yield* Effect.promise(() => exportedBy(reader, protocol))
      exports.push(all.filter(({ name }) => name.startsWith("calls")))
    }
    return exports
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "test.sdk", logging: "silent" })))

// --- this package

const ownExports = (protocol: Otlp.Protocol, temporality: Otlp.Temporality) =>
  Effect.gen(function* () {
    const sink = yield* makeSink()
    const exporting = Otlp.layer({ url: sink.url, protocol, temporality, exportInterval: "1 hour" }).pipe(
      Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.sdk", logging: "silent" })),
      Layer.provide(FetchHttpClient.layer)
    )
    return yield* Effect.gen(function* () {
      const { flush } = yield* Otlp.Exporter
      const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
      for (const metric of metrics) yield* recorder.register(metric)
      const exports: Array<ReadonlyArray<SunkMetric>> = []
      for (const events of intervals) {
        for (const event of events) yield* recorder.emit(event)
        yield* TestClock.adjust(3)
        yield* flush
        const { metrics: all } = yield* sink.next
        exports.push(all.filter(({ name }) => name.startsWith("calls")))
      }
      return exports
    }).pipe(Effect.provide(exporting))
  })

// --- both

interface Series {
  readonly frame: object
  readonly points: ReadonlyArray<SunkPoint>
}

const kinds = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"]

/** By metric and attributes: what is said of the metric, and its point in each export. */
const seriesOf = (exports: ReadonlyArray<ReadonlyArray<SunkMetric>>): ReadonlyMap<string, Series> => {
  const all = new Map<string, { frame: object; points: Array<SunkPoint> }>()
  for (const metric of exports.flat()) {
    const kind = kinds.find((each) => each in metric)!
    const { dataPoints, ...frame } = metric[kind] as { readonly dataPoints: ReadonlyArray<SunkPoint> }
    const { [kind]: _, ...named } = metric
    for (const point of dataPoints) {
      const attributes = point
        .attributes!.filter(({ key }) => key !== "recorder" && key !== "namespace")
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      const key = JSON.stringify([metric.name, attributes])
      const known = all.get(key) ?? { frame: { ...named, kind, ...frame }, points: [] }
      all.set(key, known)
      expect(known.frame).toEqual({ ...named, kind, ...frame })
      known.points.push(point)
    }
  }
  return all
}

const withoutTimes = ({ attributes: _, startTimeUnixNano: _start, timeUnixNano: _end, ...value }: SunkPoint) => value

type Buckets = { readonly offset?: number; readonly bucketCounts?: ReadonlyArray<number> } | undefined

/** The buckets that have anything, by index, at a lower scale. */
const rescaled = ({ bucketCounts = [], offset = 0 }: NonNullable<Buckets> = {}, by: number) => {
  const counts = new Map<number, number>()
  for (const [i, count] of bucketCounts.entries()) {
    const index = (offset + i) >> by
    if (count > 0) counts.set(index, (counts.get(index) ?? 0) + count)
  }
  return [...counts]
}

/**
 * A point of an exponential histogram at a lower scale. The SDK begins each interval of a delta at the highest scale, and
 * here an interval has the scale that the histogram has come to: the same values in wider buckets.
 */
const atScale = ({ negative, positive, scale = 0, ...value }: Record<string, unknown>, lower: number) => ({
  ...value,
  positive: rescaled(positive as Buckets, (scale as number) - lower),
  negative: rescaled(negative as Buckets, (scale as number) - lower)
})

/** How the times of a point stand to those of the point before. */
const timesOf = (points: ReadonlyArray<SunkPoint>) =>
  points.map(({ startTimeUnixNano, timeUnixNano }, i) => {
    const [start, end] = [startTimeUnixNano, timeUnixNano].map((each) => BigInt(each ?? 0)) as [bigint, bigint]
    const before = points[i - 1]
    return {
      hasLength: end > start,
      ...(before !== undefined && {
        startsWhereTheOneBeforeEnded: startTimeUnixNano === before.timeUnixNano,
        startsWhereTheOneBeforeStarted: startTimeUnixNano === before.startTimeUnixNano
      })
    }
  })

const expectSame = (
  ours: ReadonlyMap<string, Series>,
  theirs: ReadonlyMap<string, Series>,
  temporality: Otlp.Temporality
): void => {
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
  for (const [key, { frame, points }] of ours) {
    const expected = theirs.get(key)!
    expect(frame, key).toEqual(expected.frame)
    const isDelta = temporality === "delta"
    const known = (point: SunkPoint, i: number) => {
      const { max, min, ...value } = withoutTimes(point)
      const scaled =
        isDelta && key.startsWith('["calls.spread') ? atScale(value, (points[i]!.scale ?? 0) as number) : value
      // The least and the greatest value of an interval are not known, but for the first one.
      return isDelta && i > 0 ? scaled : { ...scaled, min, max }
    }
    expect(points.map(known), key).toEqual(expected.points.map(known))
    if (isDelta) for (const each of points.slice(1)) expect([each.min, each.max]).toEqual([undefined, undefined])
    if (!key.startsWith('["calls.load')) expect(timesOf(points), key).toEqual(timesOf(expected.points))
  }
}

describe.each(["http/json", "http/protobuf"] as const)("a collector receives in %s", (protocol) => {
  it.effect.each(["cumulative", "delta"] as const)("the same as from OpenTelemetry's SDK: %s", (temporality) =>
    Effect.gen(function* () {
      const theirs = seriesOf(yield* Effect.promise(() => sdkExports(protocol, temporality)))
      expectSame(seriesOf(yield* ownExports(protocol, temporality)), theirs, temporality)
    })
  )

  it.effect("the same as from the SDK if its reader has a producer of this package", () =>
    Effect.gen(function* () {
      const theirs = seriesOf(yield* Effect.promise(() => sdkExports(protocol, "cumulative")))
      expectSame(seriesOf(yield* producedExports(protocol)), theirs, "cumulative")
    })
  )
})
