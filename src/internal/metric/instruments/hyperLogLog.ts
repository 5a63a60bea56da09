/**
 * HyperLogLog (Flajolet et al., 2007) with hashes of 64 bits and the improved estimator of Otmar Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches" (2017, https://arxiv.org/abs/1702.01284): no tables, no bias for small
 * sets. The standard error is about 1.04 / sqrt(registers).
 */
import type { Hash64 } from "../../util/murmur3.ts"

/**
 * 2 to the power of the precision registers, from 4 to 16. Each contains the maximum of its ranks; 0 if it has none.
 */
export type Registers = Uint8Array

export const registersOf = (precision: number): Registers => new Uint8Array(2 ** precision)

/** The register of a hash is given by its first bits. */
export const registerOf = ({ high }: Hash64, precision: number): number => high >>> (32 - precision)

/** The rank is the position of the first 1 among the following bits, or one more than their number if there is none. */
export const rankOf = ({ high, low }: Hash64, precision: number): number => {
  const rest = high << precision
  return rest === 0 ? 32 - precision + Math.clz32(low) + 1 : Math.clz32(rest) + 1
}

/** The estimated number of values, not rounded. */
export const estimateOf = (registers: Registers): number => {
  const m = registers.length
  const most = 64 - Math.log2(m) + 1
  const having = new Float64Array(most + 1)
  for (const rank of registers) having[rank]!++
  let z = m * tau(1 - having[most]! / m)
  for (let rank = most - 1; rank > 0; rank--) z = (z + having[rank]!) / 2
  z += m * sigma(having[0]! / m)
  return (m * m) / (2 * Math.LN2 * z)
}

/** x + the sum of x^(2^k) * 2^(k-1) over k >= 1: the contribution of empty registers. */
const sigma = (x: number): number => {
  if (x === 1) return Number.POSITIVE_INFINITY
  let sum = x
  for (let power = x * x, factor = 1; ; power *= power, factor *= 2) {
    const more = sum + power * factor
    if (more === sum) return sum
    sum = more
  }
}

/** (1 - x - the sum of (1 - x^(2^-k))^2 * 2^-k over k >= 1) / 3: the contribution of full registers. */
const tau = (x: number): number => {
  if (x === 0 || x === 1) return 0
  let sum = 1 - x
  for (let root = Math.sqrt(x), factor = 0.5; ; root = Math.sqrt(root), factor /= 2) {
    const less = sum - (1 - root) ** 2 * factor
    if (less === sum) return sum / 3
    sum = less
  }
}
