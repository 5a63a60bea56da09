/**
 * The buckets of exponential histograms in OpenTelemetry's data model: at a scale, base is 2^(2^-scale), and bucket `i`
 * holds values in (base^i, base^(i + 1)]. The bucket is correct for every double, including subnormal ones.
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

/** More than the error of the logarithm, and so small that hardly any value is that close to a bound. */
const Near = 2 ** -28

/** The bucket of a value strictly between 1 and 2. It lies on no bound, because bounds are irrational. */
const bucketOfSignificand = (value: number, scale: number): number => {
  const position = Math.log2(value) * (1 << scale)
  return Math.abs(position - Math.round(position)) > Near ? Math.floor(position) : exactBucket(value, scale)
}

/**
 * The number of fraction bits. At scale 20 no double is closer than 2^-78 to a bound (all of them were computed), and
 * the bits cut off below add up to less than 2^-100.
 */
const Bits = 128n

/** Computes the digits of the binary logarithm one by one: each squaring moves the next digit before the point. */
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

/**
 * The lower bound of a bucket, except for the last few digits: `base ** bucket`. 0 if that is below the smallest
 * number.
 */
export const lowerBound = (bucket: number, scale: number): number => {
  if (scale <= 0) return 2 ** (bucket * 2 ** -scale)
  const exponent = bucket >> scale
  return 2 ** ((bucket - exponent * (1 << scale)) / (1 << scale)) * 2 ** exponent
}

/**
 * The maximum distance of {@link middleOf} a bucket from any value in it, relative to that value: (base - 1) / (base +
 * 1), plus rounding errors. Subnormal values themselves are less precise.
 */
export const relativeError = (scale: number): number => halfWidth(scale) + 8 * Number.EPSILON

/** (base - 1) / (base + 1), computed without subtracting nearly equal numbers. */
const halfWidth = (scale: number): number => Math.tanh((Math.LN2 / 2) * 2 ** -scale)

/** The value with the same relative distance from both ends of a bucket: 2 * lower * upper / (lower + upper). */
export const middleOf = (bucket: number, scale: number): number => lowerBound(bucket, scale) * (1 + halfWidth(scale))
