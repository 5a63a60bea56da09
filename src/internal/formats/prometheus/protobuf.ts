/**
 * Prometheus' protobuf format: each family as a message preceded by its length. Exponential histograms are native ones
 * in it, together with their classic buckets for other readers.
 *
 * The field numbers are those of io/prometheus/client/metrics.proto.
 */
import { PbfWriter } from "pbf"
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import { counterSample, type Family, type FamilyType } from "../../naming/names.ts"
import type { BaseUnit } from "../../naming/units.ts"
import { lengthOf, newMemory, PieceBytes, PieceWriter, type TakeMemory } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import type {
  ExponentialDataPoint,
  HistogramDataPoint,
  MetricData,
  NumberPoint,
  SummaryDataPoint
} from "../metricData.ts"
import { writeLabel, writeText } from "../pbfText.ts"
import { boundariesOf, countsOf } from "./classicBuckets.ts"
import { exemplarLabels } from "./exemplar.ts"
import { createdOf, type ExpositionOptions, Families, helpOf, nobody, type Source, scale } from "./families.ts"
import { type LabelPair, labelPairs } from "./labels.ts"
import { type NativeFields, nativeHistogram, writeNative } from "./nativeHistogram.ts"

/** A family, and its metrics as encoded in its message. */
interface Section {
  readonly family: Family
  readonly help: string
  readonly take: TakeMemory
  /** In pieces, because a single one would be copied repeatedly while the family grows. */
  readonly pieces: Array<Uint8Array>
  metrics: PbfWriter
}

/** The size of the first piece in bytes. Most families are short. */
const FirstBytes = 65_536

/** The size of the others. A metric that exceeds it is copied. */
const FullBytes = PieceBytes - 4096

const types: { readonly [T in FamilyType]: number } = { counter: 0, gauge: 1, summary: 2, histogram: 4 }

/** The field of a metric for its value. */
const values: { readonly [T in FamilyType]: number } = { gauge: 2, counter: 3, summary: 4, histogram: 7 }

const native: NativeFields = {
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  negativeSpan: 9,
  negativeDelta: 10,
  positiveSpan: 12,
  positiveDelta: 13
}

export class ProtobufExposition {
  readonly #maxSchema: number
  readonly #reserved: ReadonlyArray<string>
  readonly #now: number
  readonly #families: Families<Section>

  constructor(
    maxSchema: number,
    { names, now = Number.POSITIVE_INFINITY, reserved = [], take = newMemory }: ExpositionOptions = {}
  ) {
    this.#families = new Families(
      (family, data) => ({ family, help: helpOf(data), take, pieces: [], metrics: new PbfWriter() }),
      names
    )
    this.#maxSchema = maxSchema
    this.#reserved = reserved
    this.#now = now
  }

  /** Adds data. If this throws, nothing was added. */
  add(data: MetricData, source: Source = nobody): void {
    const placed = this.#families.placeOf(data)
    if (placed === undefined) return
    const { section, unit } = placed
    const { type } = section.family
    const labelsWith = (...own: ReadonlyArray<string>) => labelPairs(data.points, source, ...this.#reserved, ...own)
    const created = (point: NumberPoint | SummaryDataPoint | HistogramDataPoint | ExponentialDataPoint) =>
      createdOf(source, point, this.#now)
    switch (data.type) {
      case "gauge":
      case "sum":
        return addAll(section, data.points, labelsWith(), (point, pbf) => {
          pbf.writeDoubleField(1, scale(point.value, unit))
          if (type !== "counter") return
          writeExemplar(2, point.exemplar, unit, pbf)
          writeTimestamp(3, created(point), pbf)
        })
      case "histogram":
        return addAll(section, data.points, labelsWith("le"), (point, pbf) => {
          writeCountAndSum(point, point.sumFalls ? Number.NaN : point.sum, unit, pbf)
          writeBuckets(point, unit, pbf)
          writeTimestamp(15, created(point), pbf)
        })
      case "exponentialHistogram": {
        const boundaries = boundariesOf(data.grid)
        return addAll(section, data.points, labelsWith("le"), (point, pbf) => {
          // Prometheus does not treat a decreasing sum of native histograms as a restart.
          writeCountAndSum(point, point.sum, unit, pbf)
          writeBuckets({ count: point.count, boundaries, counts: countsOf(point, data.grid) }, unit, pbf)
          writeTimestamp(15, created(point), pbf)
          const histogram = nativeHistogram(point, data.grid, unit, this.#maxSchema)
          if (histogram !== undefined) writeNative(native, histogram, point.zeroCount, pbf)
        })
      }
      case "summary":
        return addAll(section, data.points, labelsWith("quantile"), (point, pbf) => {
          writeCountAndSum(point, point.sumFalls ? Number.NaN : point.sum, unit, pbf)
          for (const quantile of point.quantiles) pbf.writeMessage(3, writeQuantile, [quantile, unit])
          writeTimestamp(4, created(point), pbf)
        })
    }
  }

  *finish(): Steps<ReadonlyArray<Uint8Array>> {
    const pieces = new PieceWriter()
    for (const section of this.#families.sections) {
      const own = piecesOf(section)
      const length = new PbfWriter()
      length.writeVarint(lengthOf(own))
      for (const piece of [length.finish(), ...own]) pieces.add(piece)
      yield
    }
    return pieces.finish()
  }
}

/** The message of a family. */
const piecesOf = ({ family: { name, type }, help, metrics, pieces }: Section): ReadonlyArray<Uint8Array> => {
  const pbf = new PbfWriter()
  writeText(pbf, 1, type === "counter" ? counterSample(name) : name)
  writeText(pbf, 2, help)
  pbf.writeVarintField(3, types[type])
  return [pbf.finish(), ...pieces, metrics.finish()]
}

const addAll = <Point>(
  section: Section,
  points: ReadonlyArray<Point>,
  labels: ReadonlyArray<ReadonlyArray<LabelPair>>,
  write: (point: Point, pbf: PbfWriter) => void
): void => {
  const field = values[section.family.type]
  const writeMetric = (i: number, pbf: PbfWriter): void => {
    for (const pair of labels[i]!) pbf.writeMessage(1, writeLabel, pair)
    pbf.writeMessage(field, write, points[i]!)
  }
  for (let i = 0; i < points.length; i++) {
    section.metrics.writeMessage(4, writeMetric, i)
    if (section.metrics.pos < (section.pieces.length === 0 ? FirstBytes : FullBytes)) continue
    section.pieces.push(section.metrics.finish())
    section.metrics = new PbfWriter(section.take())
  }
}

/**
 * Summaries and histograms have them in the same fields. A sum that may decrease is NaN, because it cannot be omitted.
 */
const writeCountAndSum = ({ count }: { readonly count: number }, sum: number, unit: BaseUnit, pbf: PbfWriter): void => {
  pbf.writeVarintField(1, count)
  pbf.writeDoubleField(2, scale(sum, unit))
}

const writeBuckets = (
  {
    boundaries,
    count,
    counts,
    exemplars = []
  }: Pick<HistogramDataPoint, "boundaries" | "count" | "counts" | "exemplars">,
  unit: BaseUnit,
  pbf: PbfWriter
): void => {
  let total = 0
  for (let i = 0; i <= boundaries.length; i++) {
    const isLast = i === boundaries.length
    total = isLast ? count : total + counts[i]!
    const bound = isLast ? Number.POSITIVE_INFINITY : scale(boundaries[i]!, unit)
    pbf.writeMessage(3, writeBucket, { total, bound, exemplar: exemplars[i], unit })
  }
}

interface Bucket {
  readonly total: number
  readonly bound: number
  readonly exemplar: Exemplar | undefined
  readonly unit: BaseUnit
}

const writeBucket = ({ bound, exemplar, total, unit }: Bucket, pbf: PbfWriter): void => {
  pbf.writeVarintField(1, total)
  pbf.writeDoubleField(2, bound)
  writeExemplar(3, exemplar, unit, pbf)
}

const writeQuantile = (
  [[quantile, value], unit]: readonly [SummaryDataPoint["quantiles"][number], BaseUnit],
  pbf: PbfWriter
): void => {
  pbf.writeDoubleField(1, quantile)
  pbf.writeDoubleField(2, scale(value, unit))
}

const writeExemplar = (field: number, exemplar: Exemplar | undefined, unit: BaseUnit, pbf: PbfWriter): void => {
  const labels = exemplar && exemplarLabels(exemplar)
  if (labels === undefined) return
  const write = ({ at, value }: Exemplar): void => {
    for (const pair of labels) pbf.writeMessage(1, writeLabel, pair)
    pbf.writeDoubleField(2, scale(value, unit))
    writeTimestamp(3, at, pbf)
  }
  pbf.writeMessage(field, write, exemplar!)
}

/** Milliseconds as a google.protobuf.Timestamp. */
const writeTimestamp = (field: number, millis: number | undefined, pbf: PbfWriter): void => {
  if (millis === undefined) return
  const seconds = Math.floor(millis / 1000)
  const write = (nanos: number): void => {
    pbf.writeVarintField(1, seconds)
    if (nanos > 0) pbf.writeVarintField(2, nanos)
  }
  pbf.writeMessage(field, write, Math.round((millis - seconds * 1000) * 1e6))
}
