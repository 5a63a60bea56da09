/**
 * OTLP requests in protobuf. The field numbers are those of opentelemetry/proto/metrics/v1/metrics.proto.
 *
 * A message begins with its length, so points are encoded first and combined at the end.
 */
import { PbfWriter } from "pbf"
import type { Buckets } from "../../metric/histogram.ts"
import type { AttributeValue, Resource, Scope } from "../../model/otlp.ts"
import type {
  Attributes,
  ExponentialDataPoint,
  HistogramDataPoint,
  NumberPoint,
  SummaryDataPoint
} from "../metricData.ts"
import { writeText } from "../pbfText.ts"
import type { Encoding, Parts } from "./encoding.ts"
import { exemplarsOf, extremesOf, type Interval, type Nanos, type ShownExemplar, temporalityOf } from "./streamed.ts"

export const protobuf: Encoding = {
  separator: [],
  points: (metric) => {
    const [, writePoint] = kinds[metric.type]
    const pbf = new PbfWriter(new Uint8Array(metric.points.length * 160))
    for (const interval of metric.points)
      pbf.writeMessage(1, writePoint as (each: typeof interval, pbf: PbfWriter) => void, interval)
    return pbf.finish()
  },
  metric: (metric, points) => {
    const head = written((pbf) => {
      writeText(pbf, 1, metric.name)
      if (metric.description) writeText(pbf, 2, metric.description)
      if (metric.unit) writeText(pbf, 3, metric.unit)
    })
    const tail = written((pbf) => {
      if (metric.type === "gauge" || metric.type === "summary") return
      pbf.writeVarintField(2, temporalityOf(metric))
      if (metric.type === "sum" && metric.monotonic) pbf.writeBooleanField(3, true)
    })
    return message(2, [head, ...message(kinds[metric.type][0], [...points, tail])])
  },
  request: (metrics, resource, scope) => {
    const ofScope = written((pbf) => pbf.writeMessage(1, writeScope, scope))
    const ofResource = written((pbf) => pbf.writeMessage(1, writeAttributes, [resource.attributes, 1] as const))
    return message(1, [ofResource, ...message(2, [ofScope, ...metrics])])
  }
}

// --- parts of messages, which are copied once, at the end

const lengthOf = (parts: Parts): number => parts.reduce((sum, { length }) => sum + length, 0)

const message = (field: number, parts: Parts): Parts => [
  written((pbf) => {
    pbf.writeTag(field, Length)
    pbf.writeVarint(lengthOf(parts))
  }),
  ...parts
]

const written = (write: (pbf: PbfWriter) => void): Uint8Array => {
  const pbf = new PbfWriter()
  write(pbf)
  return pbf.finish()
}

const Length = 2
const Fixed64 = 1

// --- metrics

const writeInterval = ({ end, start }: Interval<unknown>, pbf: PbfWriter): void => {
  writeTime(2, start, pbf)
  writeTime(3, end, pbf)
}

/** Not with `writeFixed64`, which takes a number: these are beyond 2^53. */
const writeTime = (field: number, nanos: Nanos, pbf: PbfWriter): void => {
  pbf.writeTag(field, Fixed64)
  pbf.writeFixed32(Number(nanos & 0xffff_ffffn))
  pbf.writeFixed32(Number(nanos >> 32n))
}

const writeNumber = (interval: Interval<NumberPoint>, pbf: PbfWriter): void => {
  const { attributes, exemplar, value } = interval.point
  writeAttributes([attributes, 7], pbf)
  writeInterval(interval, pbf)
  pbf.writeDoubleField(4, value)
  for (const each of exemplarsOf(interval, [exemplar])) pbf.writeMessage(5, writeExemplar, each)
}

/** The fields that both kinds of histograms share. */
const writeTotals = (
  { count, sum, sumFalls }: Pick<HistogramDataPoint, "count" | "sum" | "sumFalls">,
  pbf: PbfWriter
): void => {
  pbf.writeFixed64Field(4, count)
  if (!sumFalls) pbf.writeDoubleField(5, sum)
}

const writeHistogram = (interval: Interval<HistogramDataPoint>, pbf: PbfWriter): void => {
  const { attributes, boundaries, counts, exemplars } = interval.point
  writeAttributes([attributes, 9], pbf)
  writeInterval(interval, pbf)
  writeTotals(interval.point, pbf)
  pbf.writePackedFixed64(6, counts as Array<number>)
  pbf.writePackedDouble(7, boundaries as Array<number>)
  for (const each of exemplarsOf(interval, exemplars)) pbf.writeMessage(8, writeExemplar, each)
  writeExtremes(11, interval, pbf)
}

const writeExponential = (interval: Interval<ExponentialDataPoint>, pbf: PbfWriter): void => {
  const { attributes, negative, positive, scale, zeroCount } = interval.point
  writeAttributes([attributes, 1], pbf)
  writeInterval(interval, pbf)
  writeTotals(interval.point, pbf)
  pbf.writeSVarintField(6, scale)
  pbf.writeFixed64Field(7, zeroCount)
  pbf.writeMessage(8, writeBuckets, positive)
  pbf.writeMessage(9, writeBuckets, negative)
  writeExtremes(12, interval, pbf)
}

const writeExtremes = (
  field: number,
  interval: Interval<HistogramDataPoint | ExponentialDataPoint>,
  pbf: PbfWriter
): void => {
  const extremes = extremesOf(interval)
  if (extremes === undefined) return
  pbf.writeDoubleField(field, extremes.min)
  pbf.writeDoubleField(field + 1, extremes.max)
}

const writeBuckets = ({ counts, offset }: Buckets, pbf: PbfWriter): void => {
  pbf.writeSVarintField(1, offset)
  pbf.writePackedVarint(2, counts as Array<number>)
}

const writeSummary = (interval: Interval<SummaryDataPoint>, pbf: PbfWriter): void => {
  const { attributes, count, quantiles, sum, sumFalls } = interval.point
  writeAttributes([attributes, 7], pbf)
  writeInterval(interval, pbf)
  pbf.writeFixed64Field(4, count)
  // 0: not set.
  pbf.writeDoubleField(5, sumFalls ? 0 : sum)
  for (const each of quantiles) pbf.writeMessage(6, writeQuantile, each)
}

const writeQuantile = ([quantile, value]: readonly [number, number], pbf: PbfWriter): void => {
  pbf.writeDoubleField(1, quantile)
  pbf.writeDoubleField(2, value)
}

const writeExemplar = ({ spanId, time, traceId, value }: ShownExemplar, pbf: PbfWriter): void => {
  writeTime(2, time, pbf)
  pbf.writeDoubleField(3, value)
  if (spanId !== undefined) pbf.writeBytesField(4, bytesOfHex(spanId))
  pbf.writeBytesField(5, bytesOfHex(traceId))
}

const bytesOfHex = (digits: string): Uint8Array =>
  Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))

/** For each type of data, its field in `Metric`, and how its points are written. */
const kinds = {
  gauge: [5, writeNumber],
  sum: [7, writeNumber],
  histogram: [9, writeHistogram],
  exponentialHistogram: [10, writeExponential],
  summary: [11, writeSummary]
} as const

// --- attributes, of points and of the resource

const writeScope = ({ name, version }: Scope, pbf: PbfWriter): void => {
  writeText(pbf, 1, name)
  writeText(pbf, 2, version)
}

/** A label that is `null` is absent. */
const writeAttributes = (
  [attributes, field]: readonly [Attributes | Resource["attributes"], number],
  pbf: PbfWriter
): void => {
  for (const name in attributes) {
    const value = attributes[name]
    if (value !== null && value !== undefined) pbf.writeMessage(field, writeKeyValue, [name, value] as const)
  }
}

const writeKeyValue = ([name, value]: readonly [string, AttributeValue], pbf: PbfWriter): void => {
  writeText(pbf, 1, name)
  pbf.writeMessage(2, writeValue, value)
}

const writeValue = (value: AttributeValue, pbf: PbfWriter): void => {
  if (typeof value === "string") writeText(pbf, 1, value)
  else if (typeof value === "boolean") pbf.writeBooleanField(2, value)
  else if (typeof value !== "number") pbf.writeMessage(5, writeValues, value)
  else if (Number.isSafeInteger(value)) pbf.writeVarintField(3, value)
  else pbf.writeDoubleField(4, value)
}

const writeValues = (values: ReadonlyArray<AttributeValue>, pbf: PbfWriter): void => {
  for (const value of values) pbf.writeMessage(1, writeValue, value)
}
