/**
 * Exponential histograms in place: equivalent to the pure functions of {@link ./exponential.ts}, as numbers in {@link
 * Blocks}.
 */

import type { PointTable } from "./blockPoints.ts"
import { Blocks, bitsFor } from "./blocks.ts"
import { DefaultMaxScale, DefaultMaxSize, type ExponentialPoint, type ExponentialSettings } from "./exponential.ts"
import { type Buckets, shiftToFit } from "./exponentialBuckets.ts"
import { bucketOf } from "./exponentialScale.ts"
import { type Packer, type Unpacker, units } from "./packing.ts"
import { type SumPlace, SumRests } from "./sumRests.ts"

// The contents of a histogram's block.
const Sum = 0
const Low = 1
const Min = 2
const Max = 3
const Count = 4
const ZeroCount = 5
const Scale = 6
const Positive = 8
const Negative = 12
const FigureBits = 4

// For each side: the first bucket, the number of buckets, and the block of their counts, followed by zeros.
const Offset = 0
const Length = 1
const Address = 2
const Bits = 3

export class ExponentialTable implements PointTable<ExponentialPoint, number> {
  readonly #maxSize: number
  readonly #maxScale: number
  readonly #blocks = new Blocks()
  /** By address. */
  readonly #rests = new SumRests()

  constructor({ maxScale = DefaultMaxScale, maxSize = DefaultMaxSize }: ExponentialSettings) {
    this.#maxSize = maxSize
    this.#maxScale = maxScale
  }

  /** Returns the address of a new histogram without values. */
  create(): number {
    const address = this.#blocks.take(FigureBits)
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    figures[f + Min] = Number.POSITIVE_INFINITY
    figures[f + Max] = Number.NEGATIVE_INFINITY
    figures[f + Scale] = this.#maxScale
    return address
  }

  free(address: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    for (const side of [f + Positive, f + Negative]) {
      if (figures[side + Bits]! > 0) this.#blocks.give(figures[side + Address]!, figures[side + Bits]!)
    }
    this.#rests.forget(address)
    this.#blocks.give(address, FigureBits)
  }

  /** Adds a value, at the finest scale that has room for it. */
  add(address: number, of: number): void {
    const value = 0 + of // 0 and -0 are the same.
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    figures[f + Count]! += 1
    this.#rests.add(address, figures, f + Sum, figures, f + Low, value)
    if (value < figures[f + Min]!) figures[f + Min] = value
    if (value > figures[f + Max]!) figures[f + Max] = value
    if (value === 0) {
      figures[f + ZeroCount]! += 1
      return
    }
    const side = f + (value > 0 ? Positive : Negative)
    const bucket = bucketOf(Math.abs(value), figures[f + Scale]!)
    const first = figures[side + Offset]!
    const length = figures[side + Length]!
    const at = bucket - first
    if (at >= 0 && at < length) {
      const block = figures[side + Address]!
      this.#blocks.of(block)[this.#blocks.at(block) + at]! += 1
      return
    }
    this.#count(figures, f, side, bucket)
  }

  /** Counts a value in a new bucket. */
  #count(figures: Float64Array, f: number, side: number, bucket: number): void {
    const length = figures[side + Length]!
    const first = length === 0 ? bucket : figures[side + Offset]!
    const shift = shiftToFit(Math.min(bucket, first), Math.max(bucket, first + length - 1), this.#maxSize)
    if (shift > 0) {
      figures[f + Scale]! -= shift
      this.#coarsen(figures, f + Positive, shift)
      this.#coarsen(figures, f + Negative, shift)
    }
    this.#extend(figures, side, bucket >> shift)
    const block = figures[side + Address]!
    this.#blocks.of(block)[this.#blocks.at(block) + (bucket >> shift) - figures[side + Offset]!]! += 1
  }

  #sum(figures: Float64Array, f: number): SumPlace {
    return [figures, f + Sum, figures, f + Low]
  }

  /** Extends a side to include a bucket. */
  #extend(figures: Float64Array, side: number, bucket: number): void {
    const length = figures[side + Length]!
    const offset = length === 0 ? bucket : figures[side + Offset]!
    const before = Math.max(0, offset - bucket)
    const needed = Math.max(length + before, bucket - offset + 1)
    this.#reserve(figures, side, needed)
    if (before > 0) {
      const block = figures[side + Address]!
      const counts = this.#blocks.of(block)
      const from = this.#blocks.at(block)
      counts.copyWithin(from + before, from, from + length)
      counts.fill(0, from, from + before)
    }
    figures[side + Offset] = offset - before
    figures[side + Length] = needed
  }

  /** Makes room on a side for this many buckets. */
  #reserve(figures: Float64Array, side: number, length: number): void {
    const bits = figures[side + Bits]!
    if (bits > 0 && length <= 2 ** bits) return
    const block = this.#blocks.take(bitsFor(length))
    if (bits > 0) {
      const old = figures[side + Address]!
      const from = this.#blocks.at(old)
      this.#blocks.of(block).set(this.#blocks.of(old).subarray(from, from + 2 ** bits), this.#blocks.at(block))
      this.#blocks.give(old, bits)
    }
    figures[side + Address] = block
    figures[side + Bits] = bitsFor(length)
  }

  /** The same values at a scale that is lower by `shift`. Each step merges pairs of buckets. */
  #coarsen(figures: Float64Array, side: number, shift: number): void {
    const length = figures[side + Length]!
    if (length === 0) return
    const offset = figures[side + Offset]!
    const first = offset >> shift
    const counts = this.#blocks.of(figures[side + Address]!)
    const from = this.#blocks.at(figures[side + Address]!)
    for (let i = 0; i < length; i++) {
      const count = counts[from + i]!
      counts[from + i] = 0
      // A bucket never moves backwards.
      counts[from + ((offset + i) >> shift) - first]! += count
    }
    figures[side + Offset] = first
    figures[side + Length] = ((offset + length - 1) >> shift) - first + 1
  }

  point(address: number): ExponentialPoint {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    return {
      count: figures[f + Count]!,
      sum: this.#rests.at(address, this.#sum(figures, f)),
      min: figures[f + Min]!,
      max: figures[f + Max]!,
      scale: figures[f + Scale]!,
      zeroCount: figures[f + ZeroCount]!,
      positive: this.#buckets(figures, f + Positive),
      negative: this.#buckets(figures, f + Negative)
    }
  }

  #buckets(figures: Float64Array, side: number): Buckets {
    return { offset: figures[side + Offset]!, counts: Array.from(this.#counts(figures, side)) }
  }

  /** The counts of a side, in place. */
  #counts(figures: Float64Array, side: number): Float64Array {
    const length = figures[side + Length]!
    const block = figures[side + Address]!
    return length === 0
      ? none
      : this.#blocks.of(block).subarray(this.#blocks.at(block), this.#blocks.at(block) + length)
  }

  /** Returns the address of a new histogram at this point. */
  put({ count, max, min, negative, positive, scale, sum, zeroCount }: ExponentialPoint): number {
    const address = this.#blocks.take(FigureBits)
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    this.#rests.put(address, sum, this.#sum(figures, f))
    figures.set([min, max, count, zeroCount, scale], f + Min)
    this.#putCounts(figures, f + Positive, positive.offset, positive.counts)
    this.#putCounts(figures, f + Negative, negative.offset, negative.counts)
    return address
  }

  #putCounts(figures: Float64Array, side: number, offset: number, counts: ArrayLike<number>): void {
    figures[side + Offset] = offset
    if (counts.length === 0) return
    this.#reserve(figures, side, counts.length)
    figures[side + Length] = counts.length
    const block = figures[side + Address]!
    this.#blocks.of(block).set(counts, this.#blocks.at(block))
  }

  /** Returns the address of a copy of a histogram of another table. */
  take(from: ExponentialTable, other: number): number {
    const address = this.#blocks.take(FigureBits)
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    const others = from.#blocks.of(other)
    const of = from.#blocks.at(other)
    for (let i = 0; i < Positive; i++) figures[f + i] = others[of + i]!
    this.#rests.take(address, from.#rests, other)
    for (const side of [Positive, Negative]) {
      this.#putCounts(figures, f + side, others[of + side + Offset]!, from.#counts(others, of + side))
    }
    return address
  }

  pack(to: Packer, address: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    for (const figure of [Count, Sum, Low]) to.number(figures[f + figure]!)
    units.pack(to, this.#rests.of(address))
    for (const figure of [Min, Max, Scale, ZeroCount]) to.number(figures[f + figure]!)
    for (const side of [f + Positive, f + Negative]) {
      to.number(figures[side + Offset]!)
      to.numbers(this.#counts(figures, side))
    }
  }

  unpack(from: Unpacker): number {
    const address = this.#blocks.take(FigureBits)
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    for (const figure of [Count, Sum, Low]) figures[f + figure] = from.number()
    this.#rests.set(address, units.unpack(from))
    for (const figure of [Min, Max, Scale, ZeroCount]) figures[f + figure] = from.number()
    for (const side of [f + Positive, f + Negative]) this.#putCounts(figures, side, from.number(), from.numbers())
    return address
  }
}

const none = new Float64Array(0)
