/**
 * Reads Prometheus' protobuf format as its text formats have it, from the field numbers of io/prometheus/client/metrics.proto.
 */
import { PbfReader } from "pbf"
import type { ParsedFamily, Sample } from "./expositionParser.ts"

type Labels = { readonly [name: string]: string }

/** A native histogram, by the index of its buckets. */
export interface DecodedHistogram {
  readonly labels: Labels
  readonly count: number
  readonly sum: number
  readonly schema: number
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly positive: ReadonlyArray<readonly [index: number, count: number]>
  readonly negative: ReadonlyArray<readonly [index: number, count: number]>
  readonly spans: number
}

export interface DecodedFamily extends ParsedFamily {
  readonly native: ReadonlyArray<DecodedHistogram>
}

type Fields = { [field: number]: Array<unknown> }
type Shape = { readonly [field: number]: Read }
type Read = (pbf: PbfReader) => unknown

const read = (shape: Shape, pbf: PbfReader, end: number): Fields =>
  pbf.readFields<Fields>(
    (field, fields) => {
      const reader = shape[field]
      if (reader === undefined) throw new Error(`unknown field ${field}`)
      fields[field] = [...(fields[field] ?? []), reader(pbf)]
    },
    {},
    end
  )

const message =
  (shape: Shape): Read =>
  (pbf) => {
    const length = pbf.readVarint()
    return read(shape, pbf, pbf.pos + length)
  }

const string: Read = (pbf) => pbf.readString()
const double: Read = (pbf) => pbf.readDouble()
const varint: Read = (pbf) => pbf.readVarint()
const sint: Read = (pbf) => pbf.readSVarint()
const deltas: Read = (pbf) => pbf.readPackedSVarint()

const label = message({ 1: string, 2: string })
const timestamp = message({ 1: varint, 2: varint })
const exemplar = message({ 1: label, 2: double, 3: timestamp })
const span = message({ 1: sint, 2: varint })
const bucket = message({ 1: varint, 2: double, 3: exemplar })
const histogram: Shape = {
  1: varint,
  2: double,
  3: bucket,
  5: sint,
  6: double,
  7: varint,
  9: span,
  10: deltas,
  12: span,
  13: deltas,
  15: timestamp
}
const metric = message({
  1: label,
  2: message({ 1: double }),
  3: message({ 1: double, 2: exemplar, 3: timestamp }),
  4: message({ 1: varint, 2: double, 3: message({ 1: double, 2: double }), 4: timestamp }),
  7: message(histogram)
})
const family: Shape = { 1: string, 2: string, 3: varint, 4: metric }

const types = ["counter", "gauge", "summary", "untyped", "histogram"]

const one = <A>(fields: Fields | undefined, field: number): A => fields?.[field]?.[0] as A
const all = <A>(fields: Fields | undefined, field: number): ReadonlyArray<A> =>
  (fields?.[field] ?? []) as ReadonlyArray<A>

const labelsOf = (fields: Fields): Labels => {
  const labels: Record<string, string> = {}
  for (const pair of all<Fields>(fields, 1)) {
    const name = one<string>(pair, 1)
    if (Object.hasOwn(labels, name)) throw new Error(`twice the label ${name}`)
    labels[name] = one(pair, 2)
  }
  return labels
}

const secondsOf = (time: Fields): number => one<number>(time, 1) + (one<number | undefined>(time, 2) ?? 0) / 1e9

const exemplarOf = (fields: Fields | undefined): Sample["exemplar"] =>
  fields === undefined ? undefined : { labels: labelsOf(fields), value: one(fields, 2) }

const numberText = (value: number): string => (value === Number.POSITIVE_INFINITY ? "+Inf" : String(value))

const bucketsOf = (spans: ReadonlyArray<Fields>, deltas: ReadonlyArray<number>): DecodedHistogram["positive"] => {
  const buckets: Array<readonly [number, number]> = []
  let index = 0
  let count = 0
  let next = 0
  for (const each of spans) {
    index += one<number>(each, 1)
    for (let i = 0; i < one<number>(each, 2); i++) {
      count += deltas[next++]!
      if (count > 0) buckets.push([index, count])
      index++
    }
  }
  if (next !== deltas.length) throw new Error(`${deltas.length} deltas for ${next} buckets`)
  return buckets
}

const nativeOf = (labels: Labels, fields: Fields): DecodedHistogram => ({
  labels,
  count: one(fields, 1),
  sum: one(fields, 2),
  schema: one(fields, 5),
  zeroThreshold: one(fields, 6),
  zeroCount: one(fields, 7),
  negative: bucketsOf(all(fields, 9), all<ReadonlyArray<number>>(fields, 10).flat()),
  positive: bucketsOf(all(fields, 12), all<ReadonlyArray<number>>(fields, 13).flat()),
  spans: all(fields, 9).length + all(fields, 12).length
})

const samplesOf = (name: string, type: string, fields: Fields): ReadonlyArray<Sample> => {
  const labels = labelsOf(fields)
  const sample = (suffix: string, value: number, more: Labels = {}, exemplar?: Fields): Sample => ({
    name: name + suffix,
    labels: { ...labels, ...more },
    value,
    exemplar: exemplarOf(exemplar)
  })
  const created = (time: Fields | undefined, base = name): ReadonlyArray<Sample> =>
    time === undefined ? [] : [{ ...sample("", secondsOf(time)), name: `${base}_created` }]
  switch (type) {
    case "gauge":
      return [sample("", one(one(fields, 2), 1))]
    case "counter": {
      const own = one<Fields>(fields, 3)
      return [sample("", one(own, 1), {}, one(own, 2)), ...created(one(own, 3), name.replace(/_total$/, ""))]
    }
    case "summary": {
      const own = one<Fields>(fields, 4)
      const quantiles = all<Fields>(own, 3)
      return [
        ...quantiles.map((each) => sample("", one(each, 2), { quantile: numberText(one(each, 1)) })),
        sample("_sum", one(own, 2)),
        sample("_count", one(own, 1)),
        ...created(one(own, 4))
      ]
    }
    default: {
      const own = one<Fields>(fields, 7)
      const buckets = all<Fields>(own, 3)
      return [
        ...buckets.map((each) => sample("_bucket", one(each, 1), { le: numberText(one(each, 2)) }, one(each, 3))),
        sample("_sum", one(own, 2)),
        sample("_count", one(own, 1)),
        ...created(one(own, 15))
      ]
    }
  }
}

/** The families of a scrape by name, which is that of a counter's samples for a counter. */
export const decodeFamilies = (bytes: Uint8Array): ReadonlyMap<string, DecodedFamily> => {
  const pbf = new PbfReader(bytes)
  const families = new Map<string, DecodedFamily>()
  while (pbf.pos < bytes.length) {
    const length = pbf.readVarint()
    const fields = read(family, pbf, pbf.pos + length)
    const name = one<string>(fields, 1)
    if (families.has(name)) throw new Error(`the family ${name} comes twice`)
    const type = types[one<number>(fields, 3)]!
    const metrics = all<Fields>(fields, 4)
    const histograms = metrics.flatMap((each) => {
      const own = one<Fields | undefined>(each, 7)
      return own === undefined || own[5] === undefined ? [] : [nativeOf(labelsOf(each), own)]
    })
    families.set(name, {
      name,
      type,
      help: one(fields, 2),
      unit: undefined,
      samples: metrics.flatMap((each) => samplesOf(name, type, each)),
      native: histograms
    })
  }
  return families
}
