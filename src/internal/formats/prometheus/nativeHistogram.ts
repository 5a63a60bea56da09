/**
 * Exponential histograms as native ones of Prometheus, which has the same buckets: at a schema, they grow by
 * 2^(2^-schema), and bucket `i` holds values in (base^(i - 1), base^i].
 */
import type { PbfWriter } from "pbf"
import { type Buckets, coarser } from "../../metric/instruments/exponentialBuckets.ts"
import { CoarsestSchema } from "../../model/format.ts"
import type { BaseUnit } from "../../naming/units.ts"
import type { BucketGrid } from "../bucketGrid.ts"
import type { ExponentialDataPoint } from "../metricData.ts"

export interface NativeHistogram {
  readonly schema: number
  readonly negative: NativeBuckets
  readonly positive: NativeBuckets
}

/** Counts of consecutive buckets, each as the difference from the previous one. */
export interface NativeBuckets {
  /** The number of buckets skipped before each run, and the length of the run. The first run starts at 0. */
  readonly spans: ReadonlyArray<readonly [offset: number, length: number]>
  readonly deltas: ReadonlyArray<number>
}

/** A run that includes this many empty buckets takes less space than another run. */
const ShortGap = 2

/**
 * `undefined` if the buckets are coarser than in Prometheus, which requires a `maxSize` of a few buckets. With a
 * declared range the schema is that of the whole range from the first value on, so that all scrapes have the same
 * buckets.
 */
export const nativeHistogram = (
  { negative, positive, scale }: ExponentialDataPoint,
  { leastScale = Number.POSITIVE_INFINITY }: BucketGrid,
  unit: BaseUnit,
  maxSchema: number
): NativeHistogram | undefined => {
  if (scale < CoarsestSchema) return undefined
  const schema = Math.min(scale, leastScale, maxSchema)
  const by =
    leastScale > maxSchema
      ? shiftOf(unit, schema)
      : Math.round(Math.round(factorOf(unit) * 2 ** leastScale) * 2 ** (schema - leastScale))
  const bucketsOf = (buckets: Buckets): NativeBuckets => runs(coarser(buckets, scale - schema), by)
  return { schema, negative: bucketsOf(negative), positive: bucketsOf(positive) }
}

/** The fractions of a power of two by which buckets may be shifted, from the coarsest on. */
const steps: ReadonlyArray<number> = [1, 1 / 2, 1 / 4]

/** As much as a bucket of schema 3. */
const MostOff = 1 / 8

/**
 * By how many buckets those of a metric are shifted in the base unit. With a factor that is not a power of two, such as
 * a thousand, bounds of buckets fall between others. They are shifted by the nearest amount, which is the same at each
 * schema: a shift chosen for each schema would move values from one bucket to another when the scale falls, which
 * Prometheus takes for a restart. Below the schema at which the shift is an integer, no shift keeps buckets nested,
 * because values on two sides of a bound are in one bucket there.
 */
const shiftOf = (unit: BaseUnit, schema: number): number => {
  const exact = factorOf(unit)
  const step = steps.find((each) => Math.abs(Math.round(exact / each) * each - exact) <= MostOff)!
  return Math.round(Math.round(exact / step) * step * 2 ** schema)
}

/** As a power of two. */
const factorOf = ({ divide, multiply }: BaseUnit): number => Math.log2(multiply) - Math.log2(divide)

const runs = ({ counts, offset }: Buckets, by: number): NativeBuckets => {
  const spans: Array<[offset: number, length: number]> = []
  const deltas: Array<number> = []
  let end = 0
  let before = 0
  const add = (count: number): void => {
    deltas.push(count - before)
    before = count
    end++
  }
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    const index = offset + i + by + 1
    const last = spans.at(-1)
    if (last !== undefined && index - end <= ShortGap) {
      last[1] += index - end + 1
      while (end < index) add(0)
    } else {
      spans.push([index - end, 1])
      end = index
    }
    add(count)
  }
  return { spans, deltas }
}

// --- as messages

/** The part that scrapes and remote write share, with different field numbers. */
export interface NativeFields {
  readonly schema: number
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly negativeSpan: number
  readonly negativeDelta: number
  readonly positiveSpan: number
  readonly positiveDelta: number
}

export const writeNative = (
  fields: NativeFields,
  { negative, positive, schema }: NativeHistogram,
  zeroCount: number,
  pbf: PbfWriter
): void => {
  pbf.writeSVarintField(fields.schema, schema)
  // Only zeros are in the zero bucket.
  pbf.writeDoubleField(fields.zeroThreshold, 0)
  pbf.writeVarintField(fields.zeroCount, zeroCount)
  writeBuckets(fields.negativeSpan, fields.negativeDelta, negative, pbf)
  // An empty span distinguishes a native histogram without values from a classic one.
  const spans = positive.spans.length + negative.spans.length === 0 ? noSpan : positive.spans
  writeBuckets(fields.positiveSpan, fields.positiveDelta, { ...positive, spans }, pbf)
}

const noSpan = [[0, 0]] as const

const writeBuckets = (span: number, delta: number, { deltas, spans }: NativeBuckets, pbf: PbfWriter): void => {
  for (const each of spans) pbf.writeMessage(span, writeSpan, each)
  pbf.writePackedSVarint(delta, deltas as Array<number>)
}

const writeSpan = ([offset, length]: readonly [number, number], pbf: PbfWriter): void => {
  pbf.writeSVarintField(1, offset)
  pbf.writeVarintField(2, length)
}
