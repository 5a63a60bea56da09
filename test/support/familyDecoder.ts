/**
 * Decodes Prometheus' protobuf format to the form of its text formats, from the field numbers of
 * io/prometheus/client/metrics.proto.
 */
import { PbfReader } from "pbf"
import type { ParsedFamily, Sample } from "./expositionParser.ts"
import { all, deltas, double, type Fields, one, read, type Shape, signed, text, varint } from "./protobuf.ts"

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

const label: Shape = { 1: text, 2: text }
const timestamp: Shape = { 1: varint, 2: varint }
const exemplar: Shape = { 1: label, 2: double, 3: timestamp }
const span: Shape = { 1: signed, 2: varint }
const histogram: Shape = {
  1: varint,
  2: double,
  3: { 1: varint, 2: double, 3: exemplar },
  5: signed,
  6: double,
  7: varint,
  9: span,
  10: deltas,
  12: span,
  13: deltas,
  15: timestamp
}
const metric: Shape = {
  1: label,
  2: { 1: double },
  3: { 1: double, 2: exemplar, 3: timestamp },
  4: { 1: varint, 2: double, 3: { 1: double, 2: double }, 4: timestamp },
  7: histogram
}
const family: Shape = { 1: text, 2: text, 3: varint, 4: metric }

const types = ["counter", "gauge", "summary", "untyped", "histogram"]

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

/** The families of a scrape by name; a counter's family has the name of its samples. */
export const decodeFamilies = (bytes: Uint8Array): ReadonlyMap<string, DecodedFamily> => {
  const pbf = new PbfReader(bytes)
  const families = new Map<string, DecodedFamily>()
  while (pbf.pos < bytes.length) {
    const fields = read(pbf, family)
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
