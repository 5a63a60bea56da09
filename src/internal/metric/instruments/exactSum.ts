/**
 * Sums of doubles without rounding errors: the result is the same in any order and grouping, so it does not matter
 * which part took which values. It is rounded once, to the nearest double, when it is shown.
 *
 * The rounding error of an addition of two doubles is a double again and can be computed (Knuth's TwoSum), so a sum is
 * represented by a few doubles, usually one or two (Shewchuk 1997). Difficult cases, above all halves and overflows,
 * are computed with integers in units of the smallest double, as in the accumulators of Neal (2015). The result equals
 * that of `Math.sumPrecise`, except that -0 counts as 0.
 */

/**
 * A sum of doubles, exact, as plain data. A double is itself. Otherwise it is several doubles, each the nearest one to
 * what those before it have left. Beyond the greatest double, it is a hexadecimal number of times 2^-1074. Equal sums are
 * equal data.
 *
 * @category models
 * @since 0.2.0
 */
export type ExactSum = number | ReadonlyArray<number> | string

export const plus = (left: ExactSum, right: ExactSum): ExactSum => {
  if (typeof left === "string" || typeof right === "string") return ofUnits(unitsOf(left) + unitsOf(right))
  if (typeof right === "object")
    return typeof left === "number" ? plus(right, left) : right.reduce<ExactSum>(plus, left)
  if (typeof left === "object") return plusPart(left, right)
  const sum = left + right
  return isExact(left, right, sum) ? sum : exactSum(left, right)
}

/** What was added to `earlier` to get `later`. */
export const less = (later: ExactSum, earlier: ExactSum): ExactSum => plus(later, negative(earlier))

/** The nearest double. Infinite if the sum is out of range. */
export const rounded = (sum: ExactSum): number =>
  typeof sum === "number" ? sum : typeof sum === "string" ? nearest(parsed(sum)) : sum[0]!

/** Whether `left + right` has no rounding error. */
export const isExact = (left: number, right: number, sum: number): boolean =>
  sum - left === right && sum - right === left

/** The rounding error of `left + right`. Not finite if the sum, or a step of the computation, is not. */
export const errorOf = (left: number, right: number, sum: number): number => {
  const ofRight = sum - left
  return left - (sum - ofRight) + (right - ofRight)
}

/** The sum of these parts. */
export const exactSum = (high: number, low: number, units = 0n): ExactSum => {
  if (units === 0n) {
    const sum = high + low
    if (isExact(high, low, sum)) return sum
    const rest = errorOf(high, low, sum)
    if (Number.isFinite(rest)) return [sum, rest]
  }
  return ofUnits(unitsIn(high) + unitsIn(low) + units)
}

const plusPart = (parts: ReadonlyArray<number>, value: number): ExactSum => {
  if (parts.length === 2) {
    const [high, low] = parts as [number, number]
    const sum = high + value
    const error = errorOf(high, value, sum)
    const rest = low + error
    // After an overflow, nothing computed from it compares equal.
    if (isExact(low, error, rest)) return exactSum(sum, rest)
  }
  const all = inOrder(grown(parts, value))
  if (!isNearest(all)) return ofUnits(unitsOf(parts) + unitsIn(value))
  return all.length === 1 ? all[0]! : all
}

/** Adds a value to the smallest part, its rounding error to the next one, and so on. */
const grown = (parts: ReadonlyArray<number>, value: number): Array<number> => {
  const all = [value, ...parts]
  for (let i = parts.length; i > 0; i--) {
    const sum = all[0]! + all[i]!
    all[i] = errorOf(all[0]!, all[i]!, sum)
    all[0] = sum
  }
  return all
}

/** Combines what fits in one double, starting with the largest part. */
const inOrder = ([first = 0, ...others]: ReadonlyArray<number>): Array<number> => {
  const all: Array<number> = []
  let last = first
  for (const each of others) {
    const sum = last + each
    const rest = errorOf(last, each, sum)
    if (rest !== 0) all.push(sum)
    last = rest === 0 ? sum : rest
  }
  if (last !== 0 || all.length === 0) all.push(last)
  return all
}

/**
 * Whether each part is the nearest double to the sum of all parts from it on. For a half this is uncertain if further
 * parts follow.
 */
const isNearest = (parts: ReadonlyArray<number>): boolean =>
  parts.every((part, i) => {
    const next = parts[i + 1] ?? 0
    const isHalf = part + 2 * next - part === 2 * next
    return Number.isFinite(part) && part + next === part && (i + 2 >= parts.length || !isHalf)
  })

const negative = (sum: ExactSum): ExactSum => {
  if (typeof sum === "number") return -sum
  if (typeof sum !== "string") return sum.map((part) => -part)
  return sum.startsWith("-") ? sum.slice(1) : `-${sum}`
}

// --- in units of the least double

const double = new Float64Array(1)
const bits = new BigUint64Array(double.buffer)
const FractionBits = 52n
const One = 1n << FractionBits

/** A finite double as a multiple of 2^-1074. */
export const unitsIn = (value: number): bigint => {
  double[0] = value
  const exponent = (bits[0]! >> FractionBits) & 0x7ffn
  const fraction = bits[0]! & (One - 1n)
  const magnitude = exponent === 0n ? fraction : (fraction | One) << (exponent - 1n)
  return value < 0 ? -magnitude : magnitude
}

/** The same for a sum. */
export const unitsOf = (sum: ExactSum): bigint => {
  if (typeof sum === "number") return unitsIn(sum)
  return typeof sum === "string" ? parsed(sum) : sum.reduce((units, part) => units + unitsIn(part), 0n)
}

const parsed = (text: string): bigint => (text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`))

const ofUnits = (units: bigint): ExactSum => {
  const parts: Array<number> = []
  let rest = units
  do {
    const part = nearest(rest)
    if (!Number.isFinite(part)) return units.toString(16)
    parts.push(part)
    rest -= unitsIn(part)
  } while (rest !== 0n)
  return parts.length === 1 ? parts[0]! : parts
}

/**
 * The number of bits kept of a number of units that is too large for a double: more than a double has, so that it is
 * rounded once.
 */
const Enough = 64

/** Halves are rounded to even, as `Number` does. */
const nearest = (units: bigint): number => {
  const number = Number(units)
  if (Number.isFinite(number)) return number * Number.MIN_VALUE
  const magnitude = units < 0n ? -units : units
  const beyond = magnitude.toString(16).length * 4 - Enough
  const first = magnitude >> BigInt(beyond)
  // The bits cut off matter only for whether it is more than a half.
  const isMore = first << BigInt(beyond) !== magnitude
  const scaled = Number(isMore ? first | 1n : first) * 2 ** (beyond - 1074)
  return units < 0n ? -scaled : scaled
}
