import type { LabelValue } from "../definition/instrument.ts"
import type { PointTable } from "./blockPoints.ts"
import { Blocks, bitsFor } from "./blocks.ts"
import { DefaultPrecision, type DistinctPoint, type DistinctSettings, hashOf } from "./distinct.ts"
import { type Registers, rankOf, registerOf, registersOf } from "./hyperLogLog.ts"
import { packed, unpacked } from "./packedRegisters.ts"
import type { Packer, Unpacker } from "./packing.ts"

// The contents of a series' block. Its registers have their own block.
const Length = 0
const Address = 1
const Bits = 2
const SeriesBits = 2

/** The value of {@link Length} if the block contains the ranks of all registers, as bytes. */
const All = -1

/**
 * Otherwise it contains the registers that have a rank, in order, as register times this plus rank. No rank is 62 or
 * more.
 */
const Ranks = 64

/** Storing an eighth of the registers in this way takes as much memory as all of them as bytes. */
const AllShare = 8

/** The series of {@link ./distinct.ts} in place. */
export class DistinctTable implements PointTable<DistinctPoint, LabelValue> {
  readonly #precision: number
  readonly #blocks = new Blocks()

  constructor({ precision = DefaultPrecision }: DistinctSettings) {
    this.#precision = precision
  }

  create(): number {
    return this.#blocks.take(SeriesBits)
  }

  free(address: number): void {
    this.#freeRegisters(address)
    this.#blocks.give(address, SeriesBits)
  }

  #freeRegisters(address: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    if (figures[f + Bits]! > 0) this.#blocks.give(figures[f + Address]!, figures[f + Bits]!)
    figures[f + Bits] = 0
  }

  add(address: number, value: LabelValue): void {
    const hash = hashOf(value)
    const register = registerOf(hash, this.#precision)
    const rank = rankOf(hash, this.#precision)
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    if (figures[f + Length] !== All) return this.#addFew(address, figures, f, register * Ranks + rank)
    const all = figures[f + Address]!
    const ranks = this.#blocks.bytesOf(all)
    const at = this.#blocks.at(all) * 8 + register
    if (rank > ranks[at]!) ranks[at] = rank
  }

  /** `value`: a register and its rank, see {@link Ranks}. */
  #addFew(address: number, figures: Float64Array, f: number, value: number): void {
    const least = value - (value % Ranks)
    const length = figures[f + Length]!
    const few = figures[f + Address]!
    const values = this.#blocks.of(few)
    const v = this.#blocks.at(few)
    let from = v
    for (let to = v + length; from < to; ) {
      const middle = (from + to) >> 1
      if (values[middle]! < least) from = middle + 1
      else to = middle
    }
    if (from < v + length && values[from]! < least + Ranks) {
      if (value > values[from]!) values[from] = value
    } else if ((length + 1) * AllShare > 2 ** this.#precision) {
      const all = this.#registers(address)
      all[least / Ranks] = value % Ranks
      this.#putAll(address, all)
    } else this.#insert(figures, f, from - v, value)
  }

  #insert(figures: Float64Array, f: number, at: number, value: number): void {
    const length = figures[f + Length]!
    if (figures[f + Bits] === 0 || length === 2 ** figures[f + Bits]!) {
      const bits = bitsFor(length + 1)
      const more = this.#blocks.take(bits)
      const few = figures[f + Address]!
      const from = this.#blocks.at(few)
      if (length > 0) {
        this.#blocks.of(more).set(this.#blocks.of(few).subarray(from, from + length), this.#blocks.at(more))
        this.#blocks.give(few, figures[f + Bits]!)
      }
      figures[f + Address] = more
      figures[f + Bits] = bits
    }
    const values = this.#blocks.of(figures[f + Address]!)
    const v = this.#blocks.at(figures[f + Address]!)
    values.copyWithin(v + at + 1, v + at, v + length)
    values[v + at] = value
    figures[f + Length] = length + 1
  }

  #putAll(address: number, registers: Registers): void {
    this.#putNumbers(address, All, new Float64Array(registers.buffer))
  }

  /** Replaces the contents of a series. `length`: see {@link Length}. `numbers`: the contents of its block. */
  #putNumbers(address: number, length: number, numbers: ArrayLike<number>): void {
    this.#freeRegisters(address)
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    figures[f + Length] = length
    if (length === 0) return
    const bits = length === All ? this.#precision - 3 : bitsFor(length)
    const block = this.#blocks.take(bits)
    this.#blocks.of(block).set(numbers, this.#blocks.at(block))
    figures[f + Address] = block
    figures[f + Bits] = bits
  }

  /** The contents of a series' block, in place. */
  #numbers(address: number): Float64Array {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    const length = figures[f + Length]!
    if (length === 0) return none
    const block = figures[f + Address]!
    const from = this.#blocks.at(block)
    return this.#blocks.of(block).subarray(from, from + (length === All ? 2 ** figures[f + Bits]! : length))
  }

  #lengthOf(address: number): number {
    return this.#blocks.of(address)[this.#blocks.at(address) + Length]!
  }

  /** All registers, as a separate array. */
  #registers(address: number): Registers {
    const numbers = this.#numbers(address)
    if (this.#lengthOf(address) === All) return new Uint8Array(numbers.slice().buffer)
    const all = registersOf(this.#precision)
    for (const number of numbers) all[Math.floor(number / Ranks)] = number % Ranks
    return all
  }

  point(address: number): DistinctPoint {
    return { precision: this.#precision, registers: packed(this.#registers(address)) }
  }

  put({ registers }: DistinctPoint): number {
    const address = this.create()
    const all = unpacked(registers, this.#precision)
    const few: Array<number> = []
    for (const [register, rank] of all.entries()) if (rank > 0) few.push(register * Ranks + rank)
    if (few.length * AllShare > all.length) this.#putAll(address, all)
    else this.#putNumbers(address, few.length, few)
    return address
  }

  take(from: DistinctTable, other: number): number {
    const address = this.create()
    this.#putNumbers(address, from.#lengthOf(other), from.#numbers(other))
    return address
  }

  pack(to: Packer, address: number): void {
    to.number(this.#lengthOf(address))
    to.numbers(this.#numbers(address))
  }

  unpack(from: Unpacker): number {
    const address = this.create()
    this.#putNumbers(address, from.number(), from.numbers())
    return address
  }
}

const none = new Float64Array(0)
