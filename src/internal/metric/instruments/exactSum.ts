/**
 * Sums of doubles without a rounding in them: the same in any order and grouping, so that it does not matter by whom and
 * in how many parts values were taken. They are rounded once, to the nearest double, when they are shown.
 *
 * What the addition of two doubles rounds away is a double again and can be computed (Knuth's TwoSum), so most sums are
 * two doubles at most (Dekker 1971, Shewchuk 1997). The few that are not are whole numbers of the least double, as in the
 * accumulators of Kulisch and Neal (2015). The result is that of `Math.sumPrecise`, except that -0 counts as 0.
 */

/**
 * A sum of doubles, exact, as plain data. A double is itself. Otherwise it is the nearest double and the rest, if that is
 * one; and if not, a hexadecimal number of times 2^-1074. Equal sums are equal data.
 *
 * @category models
 * @since 0.2.0
 */
export type ExactSum = number | readonly [nearest: number, rest: number] | string

export const plus = (left: ExactSum, right: ExactSum): ExactSum => {
  if (typeof right !== "number") return typeof left === "number" ? plus(right, left) : plusSlowly(left, right)
  if (typeof left === "number") {
    const sum = left + right
    return isExact(left, right, sum) ? sum : exactSum(left, right)
  }
  if (typeof left === "string") return plusSlowly(left, right)
  const high = left[0] + right
  const error = errorOf(left[0], right, high)
  const low = left[1] + error
  // Where something overflows, what is computed from it is equal to nothing.
  return isExact(left[1], error, low) ? exactSum(high, low) : plusSlowly(left, right)
}

/** What came to `earlier` that made it `later`. */
export const less = (later: ExactSum, earlier: ExactSum): ExactSum => plus(later, negative(earlier))

/** The nearest double. Infinite where the sum is beyond them. */
export const rounded = (sum: ExactSum): number =>
  typeof sum === "number" ? sum : typeof sum === "string" ? nearest(parsed(sum)) : sum[0]

/** Whether nothing was rounded away of `left + right`. */
export const isExact = (left: number, right: number, sum: number): boolean =>
  sum - left === right && sum - right === left

/** What was rounded away of `left + right`. Not finite where the sum, or a step on the way here, is not. */
export const errorOf = (left: number, right: number, sum: number): number => {
  const ofRight = sum - left
  return left - (sum - ofRight) + (right - ofRight)
}

/** The sum that has these parts. */
export const exactSum = (high: number, low: number, units = 0n): ExactSum => {
  if (units === 0n) {
    const sum = high + low
    if (isExact(high, low, sum)) return sum
    const rest = errorOf(high, low, sum)
    if (Number.isFinite(rest)) return [sum, rest]
  }
  return ofUnits(unitsIn(high) + unitsIn(low) + units)
}

const plusSlowly = (left: ExactSum, right: ExactSum): ExactSum => {
  if (typeof left === "object" && typeof right === "object") {
    const rests = left[1] + right[1]
    if (isExact(left[1], right[1], rests)) return plus([left[0], rests], right[0])
  }
  return ofUnits(unitsOf(left) + unitsOf(right))
}

const negative = (sum: ExactSum): ExactSum => {
  if (typeof sum === "number") return -sum
  if (typeof sum !== "string") return [-sum[0], -sum[1]]
  return sum.startsWith("-") ? sum.slice(1) : `-${sum}`
}

// --- in units of the least double

const double = new Float64Array(1)
const bits = new BigUint64Array(double.buffer)
const FractionBits = 52n
const One = 1n << FractionBits

/** How often 2^-1074 is in a finite double. */
export const unitsIn = (value: number): bigint => {
  double[0] = value
  const exponent = (bits[0]! >> FractionBits) & 0x7ffn
  const fraction = bits[0]! & (One - 1n)
  const magnitude = exponent === 0n ? fraction : (fraction | One) << (exponent - 1n)
  return value < 0 ? -magnitude : magnitude
}

/** The same in a sum. */
export const unitsOf = (sum: ExactSum): bigint => {
  if (typeof sum === "number") return unitsIn(sum)
  return typeof sum === "string" ? parsed(sum) : unitsIn(sum[0]) + unitsIn(sum[1])
}

const parsed = (text: string): bigint => (text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`))

const ofUnits = (units: bigint): ExactSum => {
  const high = nearest(units)
  if (!Number.isFinite(high)) return units.toString(16)
  const rest = units - unitsIn(high)
  if (rest === 0n) return high
  const low = nearest(rest)
  return unitsIn(low) === rest ? [high, low] : units.toString(16)
}

/** Bits of a number of units that is too large for a double: more than a double has, so that it is rounded once. */
const Enough = 64

/** Halves go to the even one, as `Number` has it. */
const nearest = (units: bigint): number => {
  const number = Number(units)
  if (Number.isFinite(number)) return number * Number.MIN_VALUE
  const magnitude = units < 0n ? -units : units
  const beyond = magnitude.toString(16).length * 4 - Enough
  const first = magnitude >> BigInt(beyond)
  // What is cut off decides only whether it is more than a half.
  const isMore = first << BigInt(beyond) !== magnitude
  const scaled = Number(isMore ? first | 1n : first) * 2 ** (beyond - 1074)
  return units < 0n ? -scaled : scaled
}
