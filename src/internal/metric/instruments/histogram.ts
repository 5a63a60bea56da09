import { Interned } from "../../util/interned.ts"
import type { Steps } from "../../util/steps.ts"
import { type ExactSum, less, plus, rounded } from "./exactSum.ts"
import { LaterCopies, MissingSeries } from "./laterCopies.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { grown, joined, noNumbers, type Points, type SumCode, type TwoArrays } from "./points.ts"
import { type SumPlace, SumRests } from "./sumRests.ts"

/**
 * What a histogram keeps: `counts[i]` are the values up to `boundaries[i]`, the last one those beyond all.
 *
 * @category models
 * @since 0.2.0
 */
export interface HistogramPoint {
  readonly count: number
  readonly sum: ExactSum
  readonly min: number
  readonly max: number
  readonly counts: ReadonlyArray<number>
}

/** The bucket of a value. Boundaries are inclusive, like `le` in Prometheus. */
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
    return { count: 1, sum: 0 + value, min: 0 + value, max: 0 + value, counts }
  },
  next: ({ count, counts, max, min, sum }, value) => ({
    count: count + 1,
    sum: plus(sum, value),
    min: least(min, 0 + value),
    max: greatest(max, 0 + value),
    counts: counts.with(bucketOf(boundaries, value), counts[bucketOf(boundaries, value)]! + 1)
  }),
  merge: (left, right) => ({
    count: left.count + right.count,
    sum: plus(left.sum, right.sum),
    min: least(left.min, right.min),
    max: greatest(left.max, right.max),
    counts: left.counts.map((count, bucket) => count + right.counts[bucket]!)
  }),
  // The minimum and maximum since then are unknown. Those of all values are bounds for them.
  minus: (later, earlier) => ({
    ...later,
    count: later.count - earlier.count,
    sum: less(later.sum, earlier.sum),
    counts: later.counts.map((count, bucket) => count - earlier.counts[bucket]!)
  })
})

// They compare as the kernel does, and the two have to agree.
// biome-ignore lint/complexity/useMathMinMax: as said.
const least = (point: number, value: number): number => (value < point ? value : point)
// biome-ignore lint/complexity/useMathMinMax: likewise.
const greatest = (point: number, value: number): number => (value > point ? value : point)

export const showHistogram = (buckets: number) => (point: HistogramPoint | null) =>
  point === null
    ? { count: 0, sum: 0, min: null, max: null, counts: new Array<number>(buckets).fill(0) }
    : { ...point, sum: rounded(point.sum) }

/** The upper bits of a double that index {@link firstBuckets}: sign, exponent, and four bits of the fraction. */
const UpperBits = 16

/**
 * The lowest bucket of all values with the same upper bits, for values that are not negative. The right one is a step
 * or two away, however many boundaries there are.
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

/** What the code for rows needs in addition to the points. */
type Tables = {
  readonly first: Uint16Array
  readonly boundaries: Float64Array
}

const tables = new Interned<Tables>()

/** Created once per list of boundaries: 64 kB each, and many recorders have the same metric. */
const tablesOf = (boundaries: ReadonlyArray<number>): Tables =>
  tables.get(boundaries.join(), () => ({
    first: firstBuckets(boundaries),
    boundaries: Float64Array.from([...boundaries, Number.POSITIVE_INFINITY])
  }))

/** The contents of `b` for each series: the sum, its rounding error, the minimum, the maximum. */
const Figures = 4

const sumCode: SumCode = ["b[s << 2]", "b[s << 2 | 1]"]

interface SavedHistograms extends TwoArrays {
  readonly rests: ReadonlyMap<number, bigint> | undefined
}

/** Counts of the buckets in `a`, {@link Figures} in `b`. */
export class HistogramPoints implements Points {
  a = noNumbers
  b = noNumbers
  readonly constants: Tables
  readonly boundaries: ReadonlyArray<number>

  readonly least = -Number.MAX_VALUE
  readonly sum = sumCode
  readonly #rests = new SumRests()
  /** While there are readers. */
  copies: LaterCopies<HistogramPoints> | undefined
  /** In a copy. */
  missing: MissingSeries<HistogramPoints> | undefined

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
      a[Math.imul(s, ${this.#buckets}) + bucket] += 1;
      const f = s << 2;
      if (v < b[f | 2]) b[f | 2] = v;
      if (v > b[f | 3]) b[f | 3] = v;`
  }

  keep(index: number): void {
    this.copies?.keep(index)
  }

  reserve(index: number): void {
    this.keep(index)
    this.a = grown(this.a, (index + 1) * this.#buckets).fill(0, index * this.#buckets, (index + 1) * this.#buckets)
    this.b = grown(this.b, (index + 1) * Figures)
    this.b.set([0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], index * Figures)
    this.#rests.forget(index)
  }

  add(index: number, value: number): void {
    this.keep(index)
    const { a, b } = this
    const f = index * Figures
    a[index * this.#buckets + bucketOf(this.boundaries, value)]! += 1
    this.#add(index, value)
    if (value < b[f + 2]!) b[f + 2] = value
    if (value > b[f + 3]!) b[f + 3] = value
  }

  #add(index: number, value: number): void {
    this.#rests.add(index, this.b, index * Figures, this.b, index * Figures + 1, value)
  }

  #place(index: number): SumPlace {
    return [this.b, index * Figures, this.b, index * Figures + 1]
  }

  /** In a copy: takes over the series first. */
  #see(index: number): void {
    this.missing?.give(index, this)
  }

  /** The sum as it is shown. */
  rounded(index: number): number {
    this.#see(index)
    const { b } = this
    const f = index * Figures
    return this.#rests.has(index) ? rounded(this.#rests.at(index, this.#place(index))) : b[f]! + b[f + 1]!
  }

  /** -0 counts as 0, regardless of the order. */
  min(index: number): number {
    this.#see(index)
    return 0 + this.b[index * Figures + 2]!
  }

  /** The counts are those of the points themselves. */
  counts(index: number): Float64Array {
    this.#see(index)
    return this.a.subarray(index * this.#buckets, (index + 1) * this.#buckets)
  }

  point(index: number): HistogramPoint {
    const counts = Array.from(this.counts(index))
    const sum = this.#rests.at(index, this.#place(index))
    const max = 0 + this.b[index * Figures + 3]!
    return { count: counts.reduce((a, b) => a + b, 0), sum, min: this.min(index), max, counts }
  }

  put(index: number, { counts, max, min, sum }: HistogramPoint): void {
    this.keep(index)
    this.a.set(counts, index * this.#buckets)
    this.#rests.put(index, sum, this.#place(index))
    this.b.set([min, max], index * Figures + 2)
  }

  merge(index: number, other: HistogramPoints, from: number): void {
    this.keep(index)
    other.#see(from)
    const { a, b } = this
    const buckets = this.#buckets
    for (let i = 0; i < buckets; i++) a[index * buckets + i]! += other.a[from * buckets + i]!
    const [f, of] = [index * Figures, from * Figures]
    this.#add(index, other.b[of]!)
    this.#add(index, other.b[of + 1]!)
    this.#rests.take(index, other.#rests, from)
    b[f + 2] = least(b[f + 2]!, other.b[of + 2]!)
    b[f + 3] = greatest(b[f + 3]!, other.b[of + 3]!)
  }

  copy(count: number): HistogramPoints {
    const copy = new HistogramPoints(this.boundaries)
    copy.a = new Float64Array(count * this.#buckets)
    copy.b = new Float64Array(count * Figures)
    copy.missing = new MissingSeries<HistogramPoints>(this, count)
    this.copies ??= new LaterCopies()
    this.copies.add(copy)
    return copy
  }

  releaseCopy(): void {
    if (this.copies?.release() === true) this.copies = undefined
  }

  takeOver(index: number, from: HistogramPoints): void {
    const buckets = this.#buckets
    for (let i = index * buckets; i < (index + 1) * buckets; i++) this.a[i] = from.a[i]!
    for (let i = index * Figures; i < (index + 1) * Figures; i++) this.b[i] = from.b[i]!
    this.#rests.take(index, from.#rests, index)
  }

  save(from: number, to: number): SavedHistograms {
    for (let index = from; this.missing !== undefined && index < to; index++) this.#see(index)
    const a = this.a.slice(from * this.#buckets, to * this.#buckets)
    return { a, b: this.b.slice(from * Figures, to * Figures), rests: this.#rests.save(from, to) }
  }

  *loading(saved: ReadonlyArray<SavedHistograms>): Steps<void> {
    this.a = yield* joined(saved.map(({ a }) => a))
    this.b = yield* joined(saved.map(({ b }) => b))
    for (const { rests } of saved) this.#rests.load(rests)
  }
}
