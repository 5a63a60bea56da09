// The buckets of exponential histograms as defined by the data model, in big integers.

/** Bits behind the point. */
const Bits = 300n
const One = 1n << Bits

const squareRoot = (n: bigint): bigint => {
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (;;) {
    const y = (x + n / x) >> 1n
    if (y >= x) return x
    x = y
  }
}

/** `roots[k]` is 2^(2^-k). */
const roots = [2n << Bits]
while (roots.length <= 20) roots.push(squareRoot(roots.at(-1)! << Bits))

const fractions = new Map<number, bigint>()

/** 2^(of / 2^20), for 0 <= of < 2^20: exact for 0, else to more than 250 bits. */
const powerOfFraction = (of: number): bigint => {
  let power = fractions.get(of)
  if (power === undefined) {
    power = One
    for (let k = 1; k <= 20; k++) if ((of & (1 << (20 - k))) !== 0) power = (power * roots[k]!) >> Bits
    fractions.set(of, power)
  }
  return power
}

/** A positive number: `significand / 2^300 * 2^exponent`, where the significand is from 1 to below 2. */
interface Exact {
  readonly significand: bigint
  readonly exponent: number
}

const view = new DataView(new ArrayBuffer(8))

const exact = (value: number): Exact => {
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const fraction = bits & ((1n << 52n) - 1n)
  const exponent = Number(bits >> 52n)
  if (exponent > 0) return { significand: (fraction << (Bits - 52n)) + One, exponent: exponent - 1023 }
  const leading = fraction.toString(2).length - 1
  return { significand: fraction << (Bits - BigInt(leading)), exponent: leading - 1074 }
}

/** The lower bound of a bucket: 2^(bucket / 2^scale). */
const exactBound = (bucket: number, scale: number): Exact => {
  if (scale <= 0) return { significand: One, exponent: bucket * 2 ** -scale }
  const exponent = Math.floor(bucket / 2 ** scale)
  return { significand: powerOfFraction((bucket - exponent * 2 ** scale) * 2 ** (20 - scale)), exponent }
}

const isBelow = (left: Exact, right: Exact): boolean =>
  left.exponent === right.exponent ? left.significand < right.significand : left.exponent < right.exponent

/** Whether a value is in (base^bucket, base^(bucket + 1)]. */
export const isInBucket = (value: number, bucket: number, scale: number): boolean =>
  isBelow(exactBound(bucket, scale), exact(value)) && !isBelow(exactBound(bucket + 1, scale), exact(value))

/** The greatest double that is not above the lower bound of a bucket, which must be a normal number. */
export const doubleBelow = (bucket: number, scale: number): number => {
  const { exponent, significand } = exactBound(bucket, scale)
  return Number(significand >> (Bits - 52n)) * 2 ** -52 * 2 ** exponent
}

/** The double next to a positive one. */
export const neighbour = (value: number, by: 1 | -1): number => {
  view.setFloat64(0, value)
  view.setBigUint64(0, view.getBigUint64(0) + BigInt(by))
  return view.getFloat64(0)
}
