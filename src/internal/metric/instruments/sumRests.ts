/**
 * Exact sums in arrays of doubles: one for the sum, one for what that rounds away, and beside them, for few series, what
 * does not fit in the two.
 */
import { type ExactSum, errorOf, exactSum, isExact, unitsIn } from "./exactSum.ts"
import { sumDraftOf } from "./sumDraft.ts"

/**
 * As statements of JavaScript: adds `v` to the double at `high`, and what that rounds away to the one at `low`. What does
 * not fit there is left to `points.carry`. How much is rounded away is not asked first, though it is nothing for many
 * values: where it is nothing for one value and something for the next, that question costs four times the answer.
 */
export const addCode = (high: string, low: string): string => `
      const x = ${high}, t = x + v, w = t - x, e = x - (t - w) + (v - w), y = ${low}, u = y + e;
      ${high} = t;
      if (u - y === e && u - e === y) ${low} = u; else points.carry(s, x, v);`

/** Where the sum of a series lies: the double, and the one for what it rounds away. */
export type SumPlace = readonly [highs: Float64Array, high: number, lows: Float64Array, low: number]

/** By the index of the series, what its two doubles do not have, in units of the least double. */
export class SumRests {
  #units: Map<number, bigint> | undefined

  /** Adds a value to the sum in its place. */
  add(index: number, highs: Float64Array, high: number, low: number, value: number): void {
    const before = highs[high]!
    const sum = before + value
    highs[high] = sum
    const error = errorOf(before, value, sum)
    const lower = highs[low]! + error
    if (isExact(highs[low]!, error, lower)) highs[low] = lower
    else this.carry(index, before, value, [highs, high, highs, low])
  }

  /** `value` was added to `before`, which has put the sum in its place. Puts there what that has rounded away. */
  carry(index: number, before: number, value: number, [highs, high, lows, low]: SumPlace): void {
    const error = errorOf(before, value, before + value)
    if (!Number.isFinite(error)) {
      highs[high] = value
      this.#add(index, unitsIn(before))
      return
    }
    const sum = lows[low]! + error
    if (isExact(lows[low]!, error, sum)) lows[low] = sum
    else this.#add(index, unitsIn(error))
  }

  /** Adds what another series has here. */
  take(index: number, from: SumRests, other: number): void {
    const units = from.#units?.get(other)
    if (units !== undefined) this.#add(index, units)
  }

  #add(index: number, units: bigint): void {
    this.set(index, this.of(index) + units)
  }

  set(index: number, units: bigint): void {
    if (units === 0n) {
      this.#units?.delete(index)
      return
    }
    this.#units ??= new Map()
    this.#units.set(index, units)
  }

  put(index: number, sum: ExactSum, [highs, high, lows, low]: SumPlace): void {
    const draft = sumDraftOf(sum)
    highs[high] = draft.sum
    lows[low] = draft.low
    this.set(index, draft.units)
  }

  at(index: number, [highs, high, lows, low]: SumPlace): ExactSum {
    return exactSum(highs[high]!, lows[low]!, this.#units?.get(index))
  }

  of(index: number): bigint {
    return this.#units?.get(index) ?? 0n
  }

  has(index: number): boolean {
    return this.#units?.has(index) === true
  }

  forget(index: number): void {
    this.#units?.delete(index)
  }

  /** Those of the series from one index up to another one. */
  save(from: number, to: number): ReadonlyMap<number, bigint> | undefined {
    if (this.#units === undefined) return undefined
    const saved = new Map<number, bigint>()
    for (let index = from; index < to; index++) {
      const units = this.#units.get(index)
      if (units !== undefined) saved.set(index, units)
    }
    return saved.size === 0 ? undefined : saved
  }

  load(saved: ReadonlyMap<number, bigint> | undefined): void {
    for (const [index, units] of saved ?? []) this.set(index, units)
  }
}
