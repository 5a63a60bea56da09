/**
 * Decodes remote write requests to samples, as strictly as receivers do: labels in order, a name, no duplicate label.
 * The format of 2.0 follows prompb/io/prometheus/write/v2/types.proto.
 */
import { PbfReader } from "pbf"
import type { Sample } from "./expositionParser.ts"
import { all, deltas, double, type Fields, one, packed, read, type Shape, signed, text, varint } from "./protobuf.ts"

/** Decompresses snappy blocks that consist of literals. */
export const unsnap = (bytes: Uint8Array): Uint8Array => {
  const pbf = new PbfReader(bytes)
  const length = pbf.readVarint()
  const plain: Array<Uint8Array> = []
  while (pbf.pos < bytes.length) {
    const tag = bytes[pbf.pos++]!
    if ((tag & 3) !== 0) throw new Error("not a literal")
    const more = (tag >> 2) - 59
    let last = tag >> 2
    if (more > 0) {
      last = 0
      for (let i = 0; i < more; i++) last += bytes[pbf.pos++]! * 256 ** i
    }
    plain.push(bytes.subarray(pbf.pos, pbf.pos + last + 1))
    pbf.pos += last + 1
  }
  const whole = new Uint8Array(Buffer.concat(plain))
  if (whole.length !== length) throw new Error(`${whole.length} bytes instead of ${length}`)
  return whole
}

export interface WrittenHistogram {
  readonly name: string
  readonly labels: Sample["labels"]
  readonly count: number
  readonly sum: number
  readonly schema: number
  readonly zeroCount: number
  readonly spans: ReadonlyArray<readonly [offset: number, length: number]>
  readonly deltas: ReadonlyArray<number>
  readonly time: number
}

/** The data of a 2.0 series besides its sample. */
export interface SeriesMetadata {
  readonly name: string
  readonly type: number
  readonly help: string
  readonly unit: string
  readonly created: number
}

export interface Written {
  readonly samples: ReadonlyArray<Sample & { readonly time: number }>
  readonly histograms: ReadonlyArray<WrittenHistogram>
  readonly metadata: ReadonlyArray<{ readonly type: number; readonly name: string; readonly help: string }>
  /** Of 2.0. */
  readonly series?: ReadonlyArray<SeriesMetadata>
}

/** The NaN of a stale marker, and its decoded form. */
export const Stale = Symbol("stale")

const value = (pbf: PbfReader) => {
  const [low, high] = [pbf.readFixed32(), pbf.readFixed32()]
  if (high === 0x7ff00000 && low === 2) return Stale
  pbf.pos -= 8
  return pbf.readDouble()
}

const label: Shape = { 1: text, 2: text }
const span: Shape = { 1: signed, 2: varint }
const sample: Shape = { 1: value, 2: varint }
const histogram: Shape = {
  1: varint,
  3: double,
  4: signed,
  5: double,
  6: varint,
  8: span,
  9: deltas,
  11: span,
  12: deltas,
  15: varint
}
const series: Shape = { 1: label, 2: sample, 3: { 1: label, 2: double, 3: varint }, 4: histogram }
const series2: Shape = {
  1: packed,
  2: sample,
  3: histogram,
  4: { 1: packed, 2: double, 3: varint },
  5: { 1: varint, 3: varint, 4: varint },
  6: varint
}
const metadata: Shape = { 1: varint, 2: text, 4: text }

const labelsOf = (message: Fields): ReadonlyArray<readonly [string, string]> =>
  all(message, 1).map((pair) => [one(pair, 1), one(pair, 2)] as const)

/** A decompressed request. */
export const decodeWrite = (bytes: Uint8Array): Written => {
  const pbf = new PbfReader(bytes)
  const samples: Array<Written["samples"][number]> = []
  const histograms: Array<WrittenHistogram> = []
  const families: Array<Written["metadata"][number]> = []
  pbf.readFields((field) => {
    if (field === 3) {
      const own = read(pbf, metadata)
      families.push({ type: one(own, 1), name: one(own, 2), help: one(own, 4) })
      return
    }
    const own = read(pbf, series)
    const { labels, name } = named(labelsOf(own))
    const exemplar = all(own, 3)[0]
    for (const each of all(own, 2)) {
      samples.push({
        name,
        labels,
        value: one(each, 1),
        time: one(each, 2),
        exemplar: exemplar && { labels: Object.fromEntries(labelsOf(exemplar)), value: one(exemplar, 2) }
      })
    }
    for (const each of all(own, 4)) histograms.push({ name, labels, ...histogramIn(each) })
  }, undefined)
  return { samples, histograms, metadata: families }
}

const named = (pairs: ReadonlyArray<readonly [string, string]>): Pick<WrittenHistogram, "labels" | "name"> => {
  for (let i = 1; i < pairs.length; i++) {
    if (pairs[i - 1]![0] >= pairs[i]![0]) throw new Error(`labels out of order: ${JSON.stringify(pairs)}`)
  }
  const { __name__: name, ...labels } = Object.fromEntries(pairs)
  if (name === undefined) throw new Error("a series without a name")
  return { name, labels }
}

const histogramIn = (message: Fields): Omit<WrittenHistogram, "labels" | "name"> => ({
  count: one(message, 1),
  sum: one(message, 3),
  schema: one(message, 4),
  zeroCount: one(message, 6),
  spans: all(message, 11).map((of) => [one(of, 1), one(of, 2)] as const),
  deltas: one(message, 12) ?? [],
  time: one(message, 15)
})

/** The same for 2.0. */
export const decodeWrite2 = (bytes: Uint8Array): Written => {
  const pbf = new PbfReader(bytes)
  const symbols: Array<string> = []
  const found: Array<Fields> = []
  pbf.readFields((field) => {
    if (field === 4) symbols.push(pbf.readString())
    else if (field === 5) found.push(read(pbf, series2))
    else throw new Error(`unknown field ${field}`)
  }, undefined)
  if (symbols[0] !== "") throw new Error("the first symbol is not empty")
  if (new Set(symbols).size < symbols.length) throw new Error("a symbol is there twice")
  const used = new Set([0])
  const symbol = (reference: number): string => {
    used.add(reference)
    const text = symbols[reference]
    if (text === undefined) throw new Error(`no symbol ${reference}`)
    return text
  }
  const pairsOf = (message: Fields): ReadonlyArray<readonly [string, string]> => {
    const references = one(message, 1) as ReadonlyArray<number>
    return Array.from({ length: references.length / 2 }, (_, i) => [
      symbol(references[2 * i]!),
      symbol(references[2 * i + 1]!)
    ])
  }
  const samples: Array<Written["samples"][number]> = []
  const histograms: Array<WrittenHistogram> = []
  const told: Array<SeriesMetadata> = []
  for (const own of found) {
    const { labels, name } = named(pairsOf(own))
    const exemplar = all(own, 4)[0]
    const ofExemplar = exemplar && { labels: Object.fromEntries(pairsOf(exemplar)), value: one(exemplar, 2) as number }
    for (const each of all(own, 2))
      samples.push({ name, labels, value: one(each, 1), time: one(each, 2), exemplar: ofExemplar })
    for (const each of all(own, 3)) histograms.push({ name, labels, ...histogramIn(each) })
    const of = all(own, 5)[0]
    if (of === undefined) continue
    told.push({ name, type: one(of, 1), help: symbol(one(of, 3)), unit: symbol(one(of, 4)), created: one(own, 6) ?? 0 })
  }
  if (used.size < symbols.length) throw new Error("a symbol is not used")
  return { samples, histograms, metadata: [], series: told }
}
