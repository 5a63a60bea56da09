/**
 * The buckets of exponential histograms, as OpenTelemetry's data model has them: at a scale, base is 2^(2^-scale), and
 * bucket `i` is for values in (base^i, base^(i + 1)]. The bucket is right for every double, subnormal ones included.
 */

const double = new DataView(new ArrayBuffer(8))

const ExponentBias = 1023
const FractionOfHigh = 0xfffff
/** The upper half of 1. */
const HighOfOne = 0x3ff00000
const LeastNormal = 2 ** -1022

/** The bucket of a positive, finite value. Scales go up to 20. */
export const bucketOf = (value: number, scale: number): number => {
  const shift = value < LeastNormal ? 54 : 0
  double.setFloat64(0, shift === 0 ? value : value * 2 ** shift)
  const high = double.getInt32(0)
  const exponent = (high >>> 20) - ExponentBias - shift
  const isPowerOfTwo = (high & FractionOfHigh) === 0 && double.getInt32(4) === 0
  // Upper bounds are inclusive.
  if (scale <= 0) return (isPowerOfTwo ? exponent - 1 : exponent) >> -scale
  const first = exponent * (1 << scale)
  if (isPowerOfTwo) return first - 1
  double.setInt32(0, (high & FractionOfHigh) | HighOfOne)
  return first + bucketOfSignificand(double.getFloat64(0), scale)
}

/** More than the logarithm is wrong by, and so little that hardly a value is that near to a bound. */
const Near = 2 ** -28

/** The bucket of a value between 1 and 2, neither of them. It lies on no bound: these are irrational. */
const bucketOfSignificand = (value: number, scale: number): number => {
  const position = Math.log2(value) * (1 << scale)
  return Math.abs(position - Math.round(position)) > Near ? Math.floor(position) : exactBucket(value, scale)
}

/**
 * Bits of the fraction. No double is nearer than 2^-78 to a bound at the scale 20 (all of them have been computed), and
 * what is cut off below adds up to less than 2^-100.
 */
const Bits = 128n

/** The digits of the binary logarithm, one by one: each squaring brings the next in front of the point. */
const exactBucket = (value: number, scale: number): number => {
  const two = 2n << Bits
  let power = BigInt(value * 2 ** 52) << (Bits - 52n)
  let digits = 0
  for (let i = 0; i < scale; i++) {
    power = (power * power) >> Bits
    digits *= 2
    if (power < two) continue
    power >>= 1n
    digits += 1
  }
  return digits
}

/** Where a bucket begins, to the last few digits: `base ** bucket`. 0 where that is less than any number. */
export const lowerBound = (bucket: number, scale: number): number => {
  if (scale <= 0) return 2 ** (bucket * 2 ** -scale)
  const exponent = bucket >> scale
  return 2 ** ((bucket - exponent * (1 << scale)) / (1 << scale)) * 2 ** exponent
}

/**
 * How far {@link middleOf} a bucket is from any value in it, as a part of that value: (base - 1) / (base + 1), and what
 * rounding may add. Subnormal values are not that exact themselves.
 */
export const relativeError = (scale: number): number => halfWidth(scale) + 8 * Number.EPSILON

/** (base - 1) / (base + 1), without a difference of numbers that are nearly the same. */
const halfWidth = (scale: number): number => Math.tanh((Math.LN2 / 2) * 2 ** -scale)

/** The value that is as far from both ends of a bucket, relative to them: 2 * lower * upper / (lower + upper). */
export const middleOf = (bucket: number, scale: number): number => lowerBound(bucket, scale) * (1 + halfWidth(scale))
