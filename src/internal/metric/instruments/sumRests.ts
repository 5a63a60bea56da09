/**
 * Exact sums in arrays of doubles: one for the sum, one for its rounding error, and separately, for few series,
 * whatever does not fit in the two.
 */
import { type ExactSum, errorOf, exactSum, isExact, unitsIn, unitsOf } from "./exactSum.ts"
import type { SumCode } from "./points.ts"

/**
 * JavaScript statements that add `v` to the double at `high`, and the rounding error to the one at `low`. If it fits
 * there, and `v` is at least `least`, `then` runs next. Otherwise, and for values that are not finite, nothing is
 * changed and `otherwise` runs. Nearly all additions take the same branch, whether they round or not, because a
 * processor could not predict which of them do.
 */
export const addCode = ([high, low]: SumCode, least: number, then: string, otherwise: string): string => `
      const x = ${high}, t = x + v, w = t - x, e = x - (t - w) + (v - w);
      const y = ${low}, u = y + e, z = u - y;
      if (z === e && u - z === y${least === -Number.MAX_VALUE ? "" : ` && v >= ${least}`}) { ${high} = t; ${low} = u; ${then} } else { ${otherwise} }`

/** The place of a series' sum: the double, and the one for its rounding error. */
export type SumPlace = readonly [highs: Float64Array, high: number, lows: Float64Array, low: number]

/** Multiplying by this splits a double into two with half of its digits each (Veltkamp). */
const Halving = 2 ** 27 + 1

/**
 * By the index of the series, whatever its two doubles do not contain: another double, and units of the smallest
 * double.
 */
export class SumRests {
  #thirds: Map<number, number> | undefined
  #units: Map<number, bigint> | undefined

  /** Adds a value to the sum in its place, like {@link addCode}. */
  add(index: number, highs: Float64Array, high: number, lows: Float64Array, low: number, value: number): void {
    const before = highs[high]!
    const sum = before + value
    const error = errorOf(before, value, sum)
    const rest = lows[low]! + error
    if (isExact(lows[low]!, error, rest)) {
      highs[high] = sum
      lows[low] = rest
    } else this.#carry(index, value, [highs, high, lows, low])
  }

  /**
   * Restarts the second double as the remainder of the first one. It keeps the upper half of its digits, so that there
   * is room for the next rounding errors.
   */
  #carry(index: number, value: number, [highs, high, lows, low]: SumPlace): void {
    const [first, second] = [highs[high]!, lows[low]!]
    const before = first + value
    const error = errorOf(first, value, before)
    const sum = before + second
    const left = errorOf(before, second, sum)
    const rest = left + error
    const scaled = rest * Halving
    const kept = scaled - (scaled - rest)
    // Each of them is computed from everything that may have overflowed before it.
    if (!Number.isFinite(kept)) {
      highs[high] = value
      this.#addUnits(index, unitsIn(first))
      return
    }
    highs[high] = sum
    lows[low] = kept
    this.#addThird(index, errorOf(left, error, rest))
    this.#addThird(index, rest - kept)
  }

  /** Adds what another series has here. */
  take(index: number, from: SumRests, other: number): void {
    if (from.has(other)) this.#addUnits(index, from.of(other))
  }

  #addThird(index: number, value: number): void {
    if (value === 0) return
    const before = this.#thirds?.get(index) ?? 0
    const sum = before + value
    if (!isExact(before, value, sum)) {
      this.#addUnits(index, unitsIn(value))
      return
    }
    this.#thirds ??= new Map()
    this.#thirds.set(index, sum)
  }

  #addUnits(index: number, units: bigint): void {
    this.set(index, this.of(index) + units)
  }

  set(index: number, units: bigint): void {
    this.forget(index)
    if (units === 0n) return
    this.#units ??= new Map()
    this.#units.set(index, units)
  }

  put(index: number, sum: ExactSum, [highs, high, lows, low]: SumPlace): void {
    const isBeyond = typeof sum === "string"
    const [first = 0, second = 0, ...others] = isBeyond ? [] : [sum].flat()
    highs[high] = first
    lows[low] = second
    this.set(index, unitsOf(isBeyond ? sum : others))
  }

  at(index: number, [highs, high, lows, low]: SumPlace): ExactSum {
    return exactSum(highs[high]!, lows[low]!, this.of(index))
  }

  of(index: number): bigint {
    return (this.#units?.get(index) ?? 0n) + unitsIn(this.#thirds?.get(index) ?? 0)
  }

  has(index: number): boolean {
    return this.#units?.has(index) === true || this.#thirds?.has(index) === true
  }

  forget(index: number): void {
    this.#units?.delete(index)
    this.#thirds?.delete(index)
  }

  /** The rests of the series in a range of indexes. */
  save(from: number, to: number): ReadonlyMap<number, bigint> | undefined {
    if (this.#units === undefined && this.#thirds === undefined) return undefined
    const saved = new Map<number, bigint>()
    for (let index = from; index < to; index++) {
      if (this.has(index)) saved.set(index, this.of(index))
    }
    return saved.size === 0 ? undefined : saved
  }

  load(saved: ReadonlyMap<number, bigint> | undefined): void {
    for (const [index, units] of saved ?? []) this.set(index, units)
  }
}
