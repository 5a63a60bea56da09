/** The common parts of remote write messages: a request consists of series, which each version writes in its way. */
import type { PbfWriter } from "pbf"
import type { FamilyType } from "../../naming/names.ts"
import type { LabelPair } from "./labels.ts"
import { type NativeFields, type NativeHistogram, writeNative } from "./nativeHistogram.ts"

/** The metadata of a family. */
export interface FamilyMetadata {
  /** The name of its samples, if it is a counter. */
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  /** Empty: none. */
  readonly unit: string
}

/** A series with its single sample. The name is among the labels, which are sorted. */
export interface WrittenSeries {
  readonly family: FamilyMetadata
  readonly labels: ReadonlyArray<LabelPair>
  /** In milliseconds since the Unix epoch, like all times. */
  readonly time: number
  /** When it began to count, if that is known. */
  readonly created: number | undefined
  readonly sample: number | NativeSample
  readonly exemplar: WrittenExemplar | undefined
}

export interface NativeSample {
  readonly count: number
  readonly sum: number
  readonly zeroCount: number
  readonly histogram: NativeHistogram
}

export interface WrittenExemplar {
  readonly labels: ReadonlyArray<LabelPair>
  readonly value: number
  readonly time: number
}

/** A request under construction. */
export interface WriteRequest {
  /** A family, before its first series. Later requests may have series of it. */
  readonly family: (family: FamilyMetadata) => void
  readonly series: (series: WrittenSeries) => void
  /** A series that no longer exists. */
  readonly stale: (labels: ReadonlyArray<LabelPair>, time: number) => void
  readonly isEmpty: boolean
  readonly finish: () => Uint8Array
}

export const typeNumbers = { counter: 1, gauge: 2, histogram: 3, summary: 5 } as const satisfies {
  readonly [T in FamilyType]: number
}

const native: NativeFields = {
  schema: 4,
  zeroThreshold: 5,
  zeroCount: 6,
  negativeSpan: 8,
  negativeDelta: 9,
  positiveSpan: 11,
  positiveDelta: 12
}

/** The sample of a series, with the field number of native histograms. */
export const writeSampleOf = ({ sample, time }: WrittenSeries, histogramField: number, pbf: PbfWriter): void => {
  if (typeof sample === "number") pbf.writeMessage(2, writeSample, [sample, time])
  else pbf.writeMessage(histogramField, writeHistogram, [sample, time])
}

const writeSample = ([value, time]: readonly [number, number], pbf: PbfWriter): void => {
  pbf.writeDoubleField(1, value)
  pbf.writeVarintField(2, time)
}

export const writeStale = (time: number, pbf: PbfWriter): void => pbf.writeMessage(2, writeStaleSample, time)

/** The NaN 0x7ff0000000000002. A JavaScript number would lose its last bits. */
const writeStaleSample = (time: number, pbf: PbfWriter): void => {
  const FixedBytes = 1
  pbf.writeTag(1, FixedBytes)
  pbf.writeFixed32(2)
  pbf.writeFixed32(0x7ff00000)
  pbf.writeVarintField(2, time)
}

const writeHistogram = (
  [{ count, histogram, sum, zeroCount }, time]: readonly [NativeSample, number],
  pbf: PbfWriter
): void => {
  pbf.writeVarintField(1, count)
  pbf.writeDoubleField(3, sum)
  writeNative(native, histogram, zeroCount, pbf)
  pbf.writeVarintField(15, time)
}
