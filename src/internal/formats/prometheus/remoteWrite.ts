/**
 * Requests of Prometheus' remote write protocol 1.0: every sample is a series with the time of the read.
 *
 * The numbers are those of prompb/remote.proto and prompb/types.proto.
 */
import { PbfWriter } from "pbf"
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import type { RemoteWriteRendering, Selection } from "../../model/format.ts"
import { counterSample, type Family, type FamilyType } from "../../naming/names.ts"
import type { BaseUnit } from "../../naming/units.ts"
import type { Steps } from "../../util/steps.ts"
import type { ExponentialDataPoint, HistogramDataPoint, MetricData, SummaryDataPoint } from "../metricData.ts"
import { writeText } from "../pbfText.ts"
import { boundariesOf, countsOf } from "./classicBuckets.ts"
import { exemplarLabels } from "./exemplar.ts"
import { Families, helpOf, nobody, type Source, scale } from "./families.ts"
import { type LabelPair, labelPairs, wellFormed } from "./labels.ts"
import { type NativeFields, writeNative } from "./nativeFields.ts"
import { type NativeHistogram, nativeHistogram } from "./nativeHistogram.ts"
import { canonicalNumber } from "./numbers.ts"
import { snappy } from "./snappy.ts"

export interface RemoteWriteSettings extends Omit<RemoteWriteRendering, "format">, Pick<Selection, "names"> {
  /** The time of the samples, in milliseconds since the Unix epoch. */
  readonly now: number
}

/** Most series of a request, as Prometheus sends them. */
const MostSeries = 2000

const types: { readonly [T in FamilyType]: number } = { counter: 1, gauge: 2, histogram: 3, summary: 5 }

const native: NativeFields = {
  schema: 4,
  zeroThreshold: 5,
  zeroCount: 6,
  negativeSpan: 8,
  negativeDelta: 9,
  positiveSpan: 11,
  positiveDelta: 12
}

interface Section {
  readonly family: Family
}

export class RemoteWriteExposition {
  readonly #settings: RemoteWriteSettings
  readonly #common: ReadonlyArray<LabelPair>
  readonly #requests: Array<Uint8Array<ArrayBuffer>> = []
  #request = new PbfWriter()
  #series = 0
  readonly #families: Families<Section>

  constructor(settings: RemoteWriteSettings) {
    this.#families = new Families((family, data) => {
      this.#request.writeMessage(3, writeMetadata, [family, helpOf(data)])
      return { family }
    }, settings.names)
    this.#settings = settings
    this.#common = Object.entries(settings.labels).map(([name, value]) => [name, wellFormed(value)])
  }

  /** Adds data. When this throws, nothing was added. */
  add(data: MetricData, source: Source = nobody): void {
    const section = this.#families.sectionOf(data)
    if (section === undefined) return
    const { name, type, unit } = section.family
    const labelsWith = (...own: ReadonlyArray<string>) =>
      labelPairs(data.points, source, ...Object.keys(this.#settings.labels), ...own)
    switch (data.type) {
      case "gauge":
      case "sum": {
        const labels = labelsWith()
        const sample = type === "counter" ? counterSample(name) : name
        for (const [i, { exemplar, value }] of data.points.entries()) {
          this.#sample(sample, labels[i]!, scale(value, unit), exemplar, unit)
        }
        return
      }
      case "histogram": {
        const labels = labelsWith("le")
        for (const [i, point] of data.points.entries()) this.#buckets(section.family, labels[i]!, point)
        return
      }
      case "exponentialHistogram": {
        const labels = labelsWith("le")
        const boundaries = boundariesOf(data.grid)
        for (const [i, point] of data.points.entries()) {
          const { maxSchema, nativeHistograms } = this.#settings
          const histogram = nativeHistograms ? nativeHistogram(point, unit, maxSchema) : undefined
          if (histogram !== undefined) this.#native(section.family, labels[i]!, point, histogram)
          else this.#buckets(section.family, labels[i]!, { ...point, boundaries, counts: countsOf(point, data.grid) })
        }
        return
      }
      case "summary": {
        const labels = labelsWith("quantile")
        for (const [i, point] of data.points.entries()) this.#summary(section.family, labels[i]!, point)
      }
    }
  }

  /** All requests, each behind its length as a number of 32 bits. */
  *finish(): Steps<Uint8Array<ArrayBuffer>> {
    if (this.#request.pos > 0) this.#seal()
    const whole = new Uint8Array(this.#requests.reduce((sum, { length }) => sum + 4 + length, 0))
    const view = new DataView(whole.buffer)
    let at = 0
    for (const request of this.#requests) {
      view.setUint32(at, request.length)
      whole.set(request, at + 4)
      at += 4 + request.length
      yield
    }
    return whole
  }

  #seal(): void {
    this.#requests.push(snappy(this.#request.finish()))
    this.#request = new PbfWriter()
    this.#series = 0
  }

  #write(name: string, labels: ReadonlyArray<LabelPair>, write: (pbf: PbfWriter) => void): void {
    this.#request.writeMessage(
      1,
      (_, pbf) => {
        const all: Array<LabelPair> = [["__name__", name], ...this.#common, ...labels]
        for (const pair of all.sort(byName)) pbf.writeMessage(1, writeLabel, pair)
        write(pbf)
      },
      undefined
    )
    if (++this.#series >= MostSeries) this.#seal()
  }

  #sample(
    name: string,
    labels: ReadonlyArray<LabelPair>,
    value: number,
    exemplar?: Exemplar | undefined,
    unit?: BaseUnit
  ): void {
    const own = exemplar && exemplarLabels(exemplar)
    this.#write(name, labels, (pbf) => {
      pbf.writeMessage(2, writeSample, [value, this.#settings.now])
      if (own !== undefined) pbf.writeMessage(3, writeExemplar, [own, scale(exemplar!.value, unit!), exemplar!.at])
    })
  }

  #buckets(
    { name, unit }: Family,
    labels: ReadonlyArray<LabelPair>,
    point: Pick<HistogramDataPoint, "boundaries" | "count" | "counts" | "exemplars" | "sum" | "sumFalls">
  ): void {
    const { boundaries, count, counts, exemplars = [], sum, sumFalls } = point
    let total = 0
    for (let i = 0; i <= boundaries.length; i++) {
      const isLast = i === boundaries.length
      total = isLast ? count : total + counts[i]!
      const le = isLast ? "+Inf" : canonicalNumber(scale(boundaries[i]!, unit))
      this.#sample(`${name}_bucket`, [...labels, ["le", le]], total, exemplars[i], unit)
    }
    this.#countAndSum(name, labels, count, sumFalls ? undefined : scale(sum, unit))
  }

  #summary(
    { name, unit }: Family,
    labels: ReadonlyArray<LabelPair>,
    { count, quantiles, sum, sumFalls }: SummaryDataPoint
  ): void {
    for (const [quantile, value] of quantiles) {
      this.#sample(name, [...labels, ["quantile", canonicalNumber(quantile)]], scale(value, unit))
    }
    this.#countAndSum(name, labels, count, sumFalls ? undefined : scale(sum, unit))
  }

  #countAndSum(name: string, labels: ReadonlyArray<LabelPair>, count: number, sum: number | undefined): void {
    if (sum !== undefined) this.#sample(`${name}_sum`, labels, sum)
    this.#sample(`${name}_count`, labels, count)
  }

  #native(
    { name, unit }: Family,
    labels: ReadonlyArray<LabelPair>,
    { count, sum, zeroCount }: ExponentialDataPoint,
    histogram: NativeHistogram
  ): void {
    const write = (_: undefined, pbf: PbfWriter): void => {
      pbf.writeVarintField(1, count)
      pbf.writeDoubleField(3, scale(sum, unit))
      writeNative(native, histogram, zeroCount, pbf)
      pbf.writeVarintField(15, this.#settings.now)
    }
    this.#write(name, labels, (pbf) => pbf.writeMessage(4, write, undefined))
  }
}

/** Receivers take labels in the order of their names alone, which are of ASCII. */
const byName = ([left]: LabelPair, [right]: LabelPair): number => (left < right ? -1 : 1)

const writeLabel = ([name, value]: LabelPair, pbf: PbfWriter): void => {
  writeText(pbf, 1, name)
  writeText(pbf, 2, value)
}

const writeSample = ([value, time]: readonly [number, number], pbf: PbfWriter): void => {
  pbf.writeDoubleField(1, value)
  pbf.writeVarintField(2, time)
}

const writeExemplar = (
  [labels, value, time]: readonly [ReadonlyArray<LabelPair>, number, number],
  pbf: PbfWriter
): void => {
  for (const pair of labels) pbf.writeMessage(1, writeLabel, pair)
  pbf.writeDoubleField(2, value)
  pbf.writeVarintField(3, Math.floor(time))
}

const writeMetadata = ([{ name, type }, help]: readonly [Family, string], pbf: PbfWriter): void => {
  pbf.writeVarintField(1, types[type])
  writeText(pbf, 2, type === "counter" ? counterSample(name) : name)
  writeText(pbf, 4, help)
}
