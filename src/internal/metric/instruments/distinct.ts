/**
 * How many different values there were, by HyperLogLog. A point is a set of registers, whatever the order in which its
 * values came, and how often.
 */

import { type Hash64, murmur3 } from "../../util/murmur3.ts"
import type { Steps } from "../../util/steps.ts"
import { isLabelValue, type LabelValue } from "../definition/instrument.ts"
import { estimateOf, type Registers, rankOf, registerOf, registersOf } from "./hyperLogLog.ts"
import type { Measure } from "./measure.ts"
import { changed, packed, rankAt, unpacked } from "./packedRegisters.ts"
import { type Packed, Packer, Unpacker } from "./packing.ts"
import { noNumbers, type Points } from "./points.ts"
import { SharedSeries } from "./sharedSeries.ts"

interface DistinctSettings {
  /** There are 2 to the power of this registers, from 4 to 16. Default: 11, for a standard error of 2.3 %. */
  readonly precision?: number
}

/**
 * `registers`: see {@link ./packedRegisters.ts}.
 *
 * @category models
 * @since 0.2.0
 */
export interface DistinctPoint {
  readonly precision: number
  readonly registers: string
}

const Seeds = { string: 0, number: 1, boolean: 2, object: 3 }

/** 1, "1" and true are different. -0 is 0. */
const hashOf = (value: LabelValue): Hash64 => murmur3(String(value), Seeds[typeof value as keyof typeof Seeds])

export const distinctMeasure = ({ precision = 11 }: DistinctSettings): Measure<DistinctPoint, LabelValue> => {
  const next = (point: DistinctPoint, value: LabelValue): DistinctPoint => {
    const hash = hashOf(value)
    const register = registerOf(hash, precision)
    const rank = rankOf(hash, precision)
    return rank <= rankAt(point.registers, precision, register)
      ? point
      : { precision, registers: changed(point.registers, precision, register, rank) }
  }
  return {
    accepts: isLabelValue,
    first: (value) => next({ precision, registers: "" }, value),
    next,
    merge: (left, right) => {
      const registers = unpacked(left.registers, precision)
      for (const [register, rank] of unpacked(right.registers, precision).entries()) {
        if (rank > registers[register]!) registers[register] = rank
      }
      return { precision, registers: packed(registers) }
    }
  }
}

/** Registers of a series that are in a map, which for few of them takes less memory: an eighth of all at most. */
const MapShare = 8

interface SavedRegisters {
  /** Of each series how many registers are in a map, and those; -1 where it has all. */
  readonly few: Packed
  /** All of the others, one after the other. */
  readonly all: Uint8Array
}

/** In place: for each series its registers, in a map as long as they are few. */
export class DistinctPoints implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly #precision: number
  #series: Array<Map<number, number> | Registers> = []
  readonly #shared = new SharedSeries()

  constructor({ precision = 11 }: DistinctSettings) {
    this.#precision = precision
  }

  reserve(index: number): void {
    this.#shared.leave(index)
    this.#series[index] = new Map()
  }

  add(index: number, value: LabelValue): void {
    const hash = hashOf(value)
    const register = registerOf(hash, this.#precision)
    const rank = rankOf(hash, this.#precision)
    const registers = this.#own(index)
    if (registers instanceof Uint8Array) {
      if (rank > registers[register]!) registers[register] = rank
    } else if (rank > (registers.get(register) ?? 0)) {
      registers.set(register, rank)
      if (registers.size * MapShare > 2 ** this.#precision) this.#series[index] = this.#all(registers)
    }
  }

  point(index: number): DistinctPoint {
    return { precision: this.#precision, registers: packed(this.#all(this.#series[index]!)) }
  }

  put(index: number, { registers }: DistinctPoint): void {
    this.#shared.leave(index)
    this.#series[index] = unpacked(registers, this.#precision)
  }

  /** Those of a series, to be changed. */
  #own(index: number): Map<number, number> | Registers {
    const registers = this.#series[index]!
    if (!this.#shared.leave(index)) return registers
    const own = registers instanceof Uint8Array ? registers.slice() : new Map(registers)
    this.#series[index] = own
    return own
  }

  copy(count: number): DistinctPoints {
    const copy = new DistinctPoints({ precision: this.#precision })
    copy.#series = this.#series.slice(0, count)
    this.#shared.share(count)
    return copy
  }

  save(from: number, to: number): SavedRegisters {
    const few = new Packer()
    const series = this.#series.slice(from, to)
    const arrays = series.filter((registers) => registers instanceof Uint8Array)
    const all = new Uint8Array(arrays.length * 2 ** this.#precision)
    for (const [i, registers] of arrays.entries()) all.set(registers, i * registers.length)
    for (const registers of series) {
      few.number(registers instanceof Uint8Array ? -1 : registers.size)
      if (registers instanceof Uint8Array) continue
      for (const [register, rank] of registers) {
        few.number(register)
        few.number(rank)
      }
    }
    return { few: few.packed, all }
  }

  *loading(saved: ReadonlyArray<SavedRegisters>): Steps<void> {
    for (const some of saved) {
      if (this.#series.length > 0) yield
      this.#load(some)
    }
  }

  #load({ all, few }: SavedRegisters): void {
    const from = new Unpacker(few)
    const length = 2 ** this.#precision
    let at = 0
    while (!from.done) {
      const size = from.number()
      if (size < 0) {
        this.#series.push(all.slice(at, at + length))
        at += length
      } else this.#series.push(new Map(Array.from({ length: size }, () => [from.number(), from.number()])))
    }
  }

  #all(registers: Map<number, number> | Registers): Registers {
    if (registers instanceof Uint8Array) return registers
    const all = registersOf(this.#precision)
    for (const [register, rank] of registers) all[register] = rank
    return all
  }
}

/** Rounded: the estimate of few values is exact. */
export const estimate = (point: DistinctPoint): number =>
  Math.round(estimateOf(unpacked(point.registers, point.precision)))

export const showDistinct = (point: DistinctPoint | null) => ({ estimate: point === null ? 0 : estimate(point) })
