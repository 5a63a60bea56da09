import { Interned } from "../../util/interned.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { grown, noNumbers, type Points, type TwoArrays } from "./points.ts"

/**
 * What a histogram keeps: `counts[i]` are the values up to `boundaries[i]`, the last one those beyond all.
 *
 * @category models
 * @since 0.2.0
 */
export interface HistogramPoint {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly counts: ReadonlyArray<number>
}

/** The bucket of a value: boundaries are inclusive, as `le` is in Prometheus. */
export const bucketOf = (boundaries: ReadonlyArray<number>, value: number): number => {
  let low = 0
  for (let high = boundaries.length; low < high; ) {
    const middle = (low + high) >>> 1
    if (boundaries[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

export const histogramMeasure = (boundaries: ReadonlyArray<number>): Measure<HistogramPoint> => ({
  accepts: anyNumber,
  first: (value) => {
    const counts = new Array<number>(boundaries.length + 1).fill(0)
    counts[bucketOf(boundaries, value)] = 1
    return { count: 1, sum: 0 + value, min: value, max: value, counts }
  },
  next: ({ count, counts, max, min, sum }, value) => ({
    count: count + 1,
    sum: sum + value,
    min: least(min, value),
    max: greatest(max, value),
    counts: counts.with(bucketOf(boundaries, value), counts[bucketOf(boundaries, value)]! + 1)
  }),
  merge: (left, right) => ({
    count: left.count + right.count,
    sum: left.sum + right.sum,
    min: least(left.min, right.min),
    max: greatest(left.max, right.max),
    counts: left.counts.map((count, bucket) => count + right.counts[bucket]!)
  }),
  // The least and the greatest since then are not known; those of all values hold for them as well.
  minus: (later, earlier) => ({
    ...later,
    count: later.count - earlier.count,
    sum: later.sum - earlier.sum,
    counts: later.counts.map((count, bucket) => count - earlier.counts[bucket]!)
  })
})

// They compare as the kernel does, and the two have to agree: 0 and -0 are the same, the first one stays.
// biome-ignore lint/complexity/useMathMinMax: as said.
const least = (point: number, value: number): number => (value < point ? value : point)
// biome-ignore lint/complexity/useMathMinMax: likewise.
const greatest = (point: number, value: number): number => (value > point ? value : point)

export const showHistogram = (buckets: number) => (point: HistogramPoint | null) =>
  point ?? { count: 0, sum: 0, min: null, max: null, counts: new Array<number>(buckets).fill(0) }

/** Upper bits of a double, by which {@link firstBuckets} is looked up: sign, exponent, and four bits of the fraction. */
const UpperBits = 16

/**
 * The least bucket of all values with the same upper bits, for values that are not negative. From there the right one is
 * a step or two away, however many boundaries there are.
 */
const firstBuckets = (boundaries: ReadonlyArray<number>): Uint16Array => {
  const buckets = new Uint16Array(0x8000)
  const double = new DataView(new ArrayBuffer(8))
  for (let bits = 0; bits < buckets.length; bits++) {
    double.setUint32(0, bits << UpperBits)
    const least = double.getFloat64(0)
    buckets[bits] = Number.isNaN(least) ? 0 : bucketOf(boundaries, least)
  }
  return buckets
}

/** What the code for rows needs beside the points. */
type Tables = {
  readonly first: Uint16Array
  readonly boundaries: Float64Array
}

const tables = new Interned<Tables>()

/** Made once for a list of boundaries: 64 kB each, and many recorders have the same metric. */
const tablesOf = (boundaries: ReadonlyArray<number>): Tables =>
  tables.get(boundaries.join(), () => ({
    first: firstBuckets(boundaries),
    boundaries: Float64Array.from([...boundaries, Number.POSITIVE_INFINITY])
  }))

/** Counts of the buckets in `a`; three figures for each series in `b`: sum, least, greatest. */
export class HistogramPoints implements Points {
  a = noNumbers
  b = noNumbers
  readonly constants: Tables
  readonly boundaries: ReadonlyArray<number>

  readonly least = -Number.MAX_VALUE

  constructor(boundaries: ReadonlyArray<number>) {
    this.boundaries = boundaries
    this.constants = tablesOf(boundaries)
  }

  get #buckets(): number {
    return this.boundaries.length + 1
  }

  code(high: string): string {
    return `
      let bucket = v > 0 ? k.first[${high} >>> ${UpperBits}] : 0;
      while (k.boundaries[bucket] < v) bucket++;
      a[s * ${this.#buckets} + bucket] += 1;
      const f = s * 3;
      b[f] += v;
      if (v < b[f + 1]) b[f + 1] = v;
      if (v > b[f + 2]) b[f + 2] = v;`
  }

  reserve(index: number): void {
    this.a = grown(this.a, (index + 1) * this.#buckets).fill(0, index * this.#buckets, (index + 1) * this.#buckets)
    this.b = grown(this.b, (index + 1) * 3)
    this.b.set([0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], index * 3)
  }

  add(index: number, value: number): void {
    const { a, b } = this
    const f = index * 3
    a[index * this.#buckets + bucketOf(this.boundaries, value)]! += 1
    b[f]! += value
    if (value < b[f + 1]!) b[f + 1] = value
    if (value > b[f + 2]!) b[f + 2] = value
  }

  point(index: number): HistogramPoint {
    const counts = Array.from(this.a.subarray(index * this.#buckets, (index + 1) * this.#buckets))
    const [sum, min, max] = this.b.subarray(index * 3, index * 3 + 3) as unknown as [number, number, number]
    return { count: counts.reduce((a, b) => a + b, 0), sum, min, max, counts }
  }

  put(index: number, { counts, max, min, sum }: HistogramPoint): void {
    this.a.set(counts, index * this.#buckets)
    this.b.set([sum, min, max], index * 3)
  }

  merge(index: number, other: HistogramPoints, from: number): void {
    const { a, b } = this
    const buckets = this.#buckets
    for (let i = 0; i < buckets; i++) a[index * buckets + i]! += other.a[from * buckets + i]!
    const [f, of] = [index * 3, from * 3]
    b[f]! += other.b[of]!
    b[f + 1] = least(b[f + 1]!, other.b[of + 1]!)
    b[f + 2] = greatest(b[f + 2]!, other.b[of + 2]!)
  }

  copy(count: number): HistogramPoints {
    const copy = new HistogramPoints(this.boundaries)
    copy.load(this.save(count))
    return copy
  }

  save(count: number): TwoArrays {
    return { a: this.a.subarray(0, count * this.#buckets), b: this.b.subarray(0, count * 3) }
  }

  load({ a, b }: TwoArrays): void {
    this.a = a.slice()
    this.b = b.slice()
  }
}
