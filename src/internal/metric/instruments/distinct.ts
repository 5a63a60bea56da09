/**
 * The number of distinct values, by HyperLogLog. A point is a set of registers, which does not depend on the order or
 * the repetition of values.
 */

import { type Hash64, murmur3 } from "../../util/murmur3.ts"
import { isLabelValue, type LabelValue } from "../definition/instrument.ts"
import { estimateOf, rankOf, registerOf } from "./hyperLogLog.ts"
import type { Measure } from "./measure.ts"
import { changed, packed, rankAt, unpacked } from "./packedRegisters.ts"

export interface DistinctSettings {
  /** The base-2 logarithm of the number of registers, from 4 to 16. Default: 11, for a standard error of 2.3 %. */
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
export const hashOf = (value: LabelValue): Hash64 => murmur3(String(value), Seeds[typeof value as keyof typeof Seeds])

export const DefaultPrecision = 11

export const distinctMeasure = ({
  precision = DefaultPrecision
}: DistinctSettings): Measure<DistinctPoint, LabelValue> => {
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

/** Rounded, so that the estimate of few values is exact. */
export const estimate = (point: DistinctPoint): number =>
  Math.round(estimateOf(unpacked(point.registers, point.precision)))

export const showDistinct = (point: DistinctPoint | null) => ({ estimate: point === null ? 0 : estimate(point) })
