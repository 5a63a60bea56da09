import { type LabelValue, labelValue, MostOfLabel } from "../definition/instrument.ts"
import type { PointTable } from "./blockPoints.ts"
import { Blocks, bitsFor } from "./blocks.ts"
import type { FrequencyPoint } from "./frequency.ts"
import type { Packer, Unpacker } from "./packing.ts"
import { ValueCodes } from "./valueCodes.ts"

// The contents of a series' block. Its values have their own block with the code and the count of each.
const Others = 0
const Length = 1
const Address = 2
const Bits = 3
const SeriesBits = 2

/** A series with more values than this uses a map. {@link Length} is then -1. */
const FewValues = 16

interface Counted {
  count: number
}

/** The series of a frequency in place: equivalent to the pure functions of {@link ./frequency.ts}. */
export class FrequencyTable implements PointTable<FrequencyPoint, LabelValue> {
  readonly #maxValues: number
  readonly #most: number
  readonly #blocks = new Blocks()
  readonly #codes = new ValueCodes()
  /** The counts of series with many values: as objects, so that counting takes one look-up. */
  #maps: Map<number, Map<string, Counted>> | undefined

  /** `most`: as in {@link labelValue}. */
  constructor(maxValues: number, most = MostOfLabel) {
    this.#maxValues = maxValues
    this.#most = most
  }

  create(): number {
    return this.#blocks.take(SeriesBits)
  }

  free(address: number): void {
    this.#maps?.delete(address)
    this.#freeFew(address)
    this.#blocks.give(address, SeriesBits)
  }

  #freeFew(address: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    if (figures[f + Bits] === 0) return
    const few = figures[f + Address]!
    const values = this.#blocks.of(few)
    const v = this.#blocks.at(few)
    for (let i = 0; i < figures[f + Length]!; i++) this.#codes.disown(values[v + 2 * i]!)
    this.#blocks.give(few, figures[f + Bits]!)
    figures[f + Bits] = 0
  }

  add(address: number, of: LabelValue): void {
    const value = typeof of === "string" && of.length <= this.#most ? of : String(labelValue(of, this.#most))
    this.#addTo(address, value, 1)
  }

  #addTo(address: number, value: string, count: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    const length = figures[f + Length]!
    if (length < 0) {
      const counts = this.#maps!.get(address)!
      const counted = counts.get(value)
      if (counted !== undefined) counted.count += count
      else if (counts.size < this.#maxValues) counts.set(value, { count })
      else figures[f + Others]! += count
      return
    }
    const code = this.#codes.find(value)
    if (code >= 0 && length > 0) {
      const few = figures[f + Address]!
      const values = this.#blocks.of(few)
      const v = this.#blocks.at(few)
      for (let i = v; i < v + 2 * length; i += 2) {
        if (values[i] !== code) continue
        values[i + 1]! += count
        return
      }
    }
    if (length >= this.#maxValues) figures[f + Others]! += count
    else if (length < FewValues) this.#append(figures, f, value, count)
    else {
      const counts = countedOf(this.#entries(address)).set(value, { count })
      this.#freeFew(address)
      this.#putMap(address, counts)
    }
  }

  /** Adds a new value. */
  #append(figures: Float64Array, f: number, value: string, count: number): void {
    const length = figures[f + Length]!
    const bits = figures[f + Bits]!
    if (bits === 0 || 2 * length === 2 ** bits) {
      const more = this.#blocks.take(bitsFor(2 * (length + 1)))
      if (bits > 0) {
        const few = figures[f + Address]!
        const from = this.#blocks.at(few)
        this.#blocks.of(more).set(this.#blocks.of(few).subarray(from, from + 2 * length), this.#blocks.at(more))
        this.#blocks.give(few, bits)
      }
      figures[f + Address] = more
      figures[f + Bits] = bitsFor(2 * (length + 1))
    }
    const few = figures[f + Address]!
    const at = this.#blocks.at(few) + 2 * length
    this.#blocks.of(few)[at] = this.#codes.own(value)
    this.#blocks.of(few)[at + 1] = count
    figures[f + Length] = length + 1
  }

  /** In the order in which they appeared. */
  *#entries(address: number): Iterable<[value: string, count: number]> {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    for (const [value, { count }] of this.#maps?.get(address) ?? []) yield [value, count]
    const few = figures[f + Address]!
    for (let i = 0; i < figures[f + Length]!; i++) {
      const values = this.#blocks.of(few)
      const v = this.#blocks.at(few) + 2 * i
      yield [this.#codes.text(values[v]!), values[v + 1]!]
    }
  }

  point(address: number): FrequencyPoint {
    return { counts: Object.fromEntries(this.#entries(address)), others: this.#othersOf(address) }
  }

  put({ counts, others }: FrequencyPoint): number {
    return this.#make(Object.entries(counts), others)
  }

  /** Counts beyond the limit go to the others. */
  #make(entries: Iterable<readonly [value: string, count: number]>, others: number): number {
    const address = this.create()
    this.#blocks.of(address)[this.#blocks.at(address) + Others] = others
    for (const [value, count] of entries) this.#addTo(address, value, count)
    return address
  }

  take(from: FrequencyTable, other: number): number {
    const isMap = from.#maps?.has(other) === true
    const address = this.#make(isMap ? [] : from.#entries(other), from.#othersOf(other))
    if (isMap) this.#putMap(address, countedOf(from.#entries(other)))
    return address
  }

  #putMap(address: number, counts: Map<string, Counted>): void {
    this.#maps ??= new Map()
    this.#maps.set(address, counts)
    this.#blocks.of(address)[this.#blocks.at(address) + Length] = -1
  }

  #othersOf(address: number): number {
    return this.#blocks.of(address)[this.#blocks.at(address) + Others]!
  }

  pack(to: Packer, address: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    to.number(figures[f + Others]!)
    to.number(this.#maps?.get(address)?.size ?? figures[f + Length]!)
    for (const [value, count] of this.#entries(address)) {
      to.text(value)
      to.number(count)
    }
  }

  unpack(from: Unpacker): number {
    const others = from.number()
    const entries = Array.from({ length: from.number() }, () => [from.text(), from.number()] as const)
    return this.#make(entries, others)
  }
}

const countedOf = (entries: Iterable<[value: string, count: number]>): Map<string, Counted> => {
  const counts = new Map<string, Counted>()
  for (const [value, count] of entries) counts.set(value, { count })
  return counts
}
