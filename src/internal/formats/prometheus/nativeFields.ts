/**
 * The part of a native histogram that scrapes and remote write have in common, under other numbers.
 */
import type { PbfWriter } from "pbf"
import type { NativeBuckets, NativeHistogram } from "./nativeHistogram.ts"

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
  // Zeros alone are in the bucket of zeros.
  pbf.writeDoubleField(fields.zeroThreshold, 0)
  pbf.writeVarintField(fields.zeroCount, zeroCount)
  writeBuckets(fields.negativeSpan, fields.negativeDelta, negative, pbf)
  // A span of nothing tells a native histogram without values from a classic one.
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
