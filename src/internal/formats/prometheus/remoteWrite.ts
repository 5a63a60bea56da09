/** Requests of Prometheus' remote write protocol: every sample is a series with the time of the read. */
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import type { RemoteWriteRendering, Selection } from "../../model/format.ts"
import { counterSample, type Family } from "../../naming/names.ts"
import type { BaseUnit } from "../../naming/units.ts"
import type { Pieces } from "../../util/pieces.ts"
import { known, type Steps } from "../../util/steps.ts"
import type { HistogramDataPoint, MetricData, SummaryDataPoint } from "../metricData.ts"
import { boundariesOf, countsOf } from "./classicBuckets.ts"
import { exemplarLabels } from "./exemplar.ts"
import { createdOf, Families, helpOf, nobody, type Source, scale } from "./families.ts"
import { type LabelPair, labelPairs, wellFormed } from "./labels.ts"
import { nativeHistogram } from "./nativeHistogram.ts"
import { canonicalNumber } from "./numbers.ts"
import { hashOf, newWriteRequest, type PushedRequest } from "./sentSeries.ts"
import { snappy } from "./snappy.ts"
import type { FamilyMetadata, WriteRequest, WrittenSeries } from "./writeRequests.ts"

export interface RemoteWriteSettings extends Omit<RemoteWriteRendering, "format">, Pick<Selection, "names"> {
  /** The time of the samples, in milliseconds since the Unix epoch. */
  readonly now: number
}

/** The maximum number of series in a request, as in Prometheus. */
const MostSeries = 2000

interface Section {
  readonly family: Family
  readonly metadata: FamilyMetadata
}

/** A point of a family: what its series share. */
interface Of extends Section {
  readonly unit: BaseUnit
  readonly labels: ReadonlyArray<LabelPair>
  readonly created: number | undefined
}

export class RemoteWriteExposition {
  readonly #settings: RemoteWriteSettings
  readonly #common: ReadonlyArray<LabelPair>
  readonly #requests: Array<PushedRequest> = []
  #request: WriteRequest
  /** Those of the request. */
  #hashes: Array<number> = []
  readonly #families: Families<Section>

  constructor(settings: RemoteWriteSettings) {
    this.#families = new Families((family, data) => {
      const { name, type, unit } = family
      const metadata = { ...family, name: sampleName(name, type), help: helpOf(data), unit: unit.suffix }
      this.#request.family(metadata)
      return { family, metadata }
    }, settings.names)
    this.#settings = settings
    this.#request = newWriteRequest(settings.version)
    this.#common = Object.entries(settings.labels).map(([name, value]) => [name, wellFormed(value)])
  }

  /** Adds data. If this throws, nothing was added. */
  add(data: MetricData, source: Source = nobody): void {
    const placed = this.#families.placeOf(data)
    if (placed === undefined) return
    const { section, unit } = placed
    const { name, type } = section.family
    const label = data.type === "summary" ? "quantile" : "le"
    const own = data.type === "gauge" || data.type === "sum" ? [] : [label]
    const labels = labelPairs(data.points, source, ...Object.keys(this.#settings.labels), ...own)
    const of = (i: number): Of => {
      const created = type === "gauge" ? undefined : createdOf(source, data.points[i]!, this.#settings.now)
      return { ...section, unit, labels: labels[i]!, created }
    }
    switch (data.type) {
      case "gauge":
      case "sum":
        for (const [i, { exemplar, value }] of data.points.entries()) {
          this.#sample(of(i), sampleName(name, type), [], scale(value, unit), exemplar)
        }
        return
      case "histogram":
        for (const [i, point] of data.points.entries()) this.#buckets(of(i), point)
        return
      case "exponentialHistogram": {
        const boundaries = boundariesOf(data.grid)
        for (const [i, point] of data.points.entries()) {
          const { maxSchema, nativeHistograms } = this.#settings
          const histogram = nativeHistograms ? nativeHistogram(point, data.grid, unit, maxSchema) : undefined
          if (histogram === undefined) {
            this.#buckets(of(i), { ...point, boundaries, counts: countsOf(point, data.grid) })
            continue
          }
          const { count, sum, zeroCount } = point
          this.#write(of(i), name, [], { count, sum: scale(sum, unit), zeroCount, histogram })
        }
        return
      }
      case "summary":
        for (const [i, point] of data.points.entries()) this.#summary(of(i), point)
    }
  }

  /** All requests: see {@link unpackRequests}. */
  finish(): Steps<Pieces> {
    if (!this.#request.isEmpty) this.#seal()
    return known(this.#requests.flatMap(({ hashes, request }) => [request, new Uint8Array(hashes.buffer)]))
  }

  #seal(): void {
    this.#requests.push({ request: snappy(this.#request.finish()), hashes: Float64Array.from(this.#hashes) })
    this.#request = newWriteRequest(this.#settings.version)
    this.#hashes = []
  }

  #write(
    { created, labels, metadata }: Of,
    name: string,
    own: ReadonlyArray<LabelPair>,
    sample: WrittenSeries["sample"],
    exemplar?: WrittenSeries["exemplar"]
  ): void {
    const given: ReadonlyArray<LabelPair> = [["__name__", name], ...this.#common, ...labels, ...own]
    // To receivers, an empty label is a missing one: the protocol forbids it.
    const all = given.filter(([, value]) => value !== "").sort(byName)
    const time = this.#settings.now
    this.#request.series({ family: metadata, labels: all, time, created, sample, exemplar })
    if (this.#hashes.push(hashOf(all)) >= MostSeries) this.#seal()
  }

  #sample(of: Of, name: string, own: ReadonlyArray<LabelPair>, value: number, exemplar?: Exemplar | undefined): void {
    const labels = exemplar && exemplarLabels(exemplar)
    const shown = labels && {
      labels,
      value: scale(exemplar!.value, of.unit),
      time: Math.floor(exemplar!.at)
    }
    this.#write(of, name, own, value, shown)
  }

  #buckets(
    of: Of,
    point: Pick<HistogramDataPoint, "boundaries" | "count" | "counts" | "exemplars" | "sum" | "sumFalls">
  ): void {
    const { boundaries, count, counts, exemplars = [] } = point
    const { unit } = of
    const { name } = of.family
    let total = 0
    for (let i = 0; i <= boundaries.length; i++) {
      const isLast = i === boundaries.length
      total = isLast ? count : total + counts[i]!
      const le = isLast ? "+Inf" : canonicalNumber(scale(boundaries[i]!, unit))
      this.#sample(of, `${name}_bucket`, [["le", le]], total, exemplars[i])
    }
    this.#countAndSum(of, point)
  }

  #summary(of: Of, point: SummaryDataPoint): void {
    const { unit } = of
    const { name } = of.family
    for (const [quantile, value] of point.quantiles) {
      this.#sample(of, name, [["quantile", canonicalNumber(quantile)]], scale(value, unit))
    }
    this.#countAndSum(of, point)
  }

  #countAndSum(of: Of, { count, sum, sumFalls }: Pick<SummaryDataPoint, "count" | "sum" | "sumFalls">): void {
    const { unit } = of
    const { name } = of.family
    if (sumFalls !== true) this.#sample(of, `${name}_sum`, [], scale(sum, unit))
    this.#sample(of, `${name}_count`, [], count)
  }
}

const sampleName = (family: string, type: Family["type"]): string =>
  type === "counter" ? counterSample(family) : family

/** Receivers require labels in the order of their names, which are ASCII. */
const byName = ([left]: LabelPair, [right]: LabelPair): number => (left < right ? -1 : 1)
