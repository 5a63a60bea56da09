/**
 * Sums of doubles in big integers: exact, and rounded once. It shares no code with the tested one.
 */
import fc from "fast-check"

const view = new DataView(new ArrayBuffer(8))

/** A finite double as a multiple of the least double, 2^-1074. */
const leastIn = (value: number): bigint => {
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const exponent = (bits >> 52n) & 0x7ffn
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const magnitude = exponent === 0n ? fraction : (fraction + (1n << 52n)) << (exponent - 1n)
  return bits >> 63n === 1n ? -magnitude : magnitude
}

const exact = (values: ReadonlyArray<number>): bigint => values.reduce((sum, value) => sum + leastIn(value), 0n)

const five = 5n ** 1074n

/** The double nearest to a multiple of 2^-1074, which is 5^1074 / 10^1074: the engine rounds decimals on parsing. */
const nearest = (least: bigint): number => Number(`${least * five}e-1074`)

/** The sum of finite doubles, rounded once. A sum beyond the doubles is infinite; an empty sum is 0, and so is -0. */
export const sumOf = (values: ReadonlyArray<number>): number => nearest(exact(values))

/** The difference of the sums of `all` and `before`, rounded once. */
export const differenceOf = (all: ReadonlyArray<number>, before: ReadonlyArray<number>): number =>
  nearest(exact(all) - exact(before))

const power = (most: number) => fc.integer({ min: -most, max: most }).map((exponent) => 2 ** exponent)

/** Numbers whose sums lose most: of all magnitudes, cancelling ones, and the extremes of the doubles. */
export const awkward: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 3, arbitrary: fc.double({ noNaN: true, min: -10, max: 10 }) },
  { weight: 3, arbitrary: fc.tuple(power(60), fc.constantFrom(1, -1, 1 + 2 ** -52, 0.1, -0.3)).map(([a, b]) => a * b) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[0, -0, 1, -1, 0.1, 2 ** 53, -(2 ** 53), 2 ** 53 + 2, 1e300, -1e300, 2 ** 970, -(2 ** 970), -3 * 2 ** 970],
      ...[Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, 1e-310]
    )
  },
  { weight: 1, arbitrary: fc.integer() }
)

/** Together some of them do not exceed the greatest double, and parts of them are not 0. */
export const modest = awkward.filter((value) => value === 0 || (Math.abs(value) > 1e-300 && Math.abs(value) < 1e300))

/** With many that also occur with the opposite sign. */
export const awkwardValues = (maxLength = 30): fc.Arbitrary<Array<number>> =>
  fc
    .tuple(fc.array(awkward, { maxLength }), fc.array(fc.nat(1000), { maxLength: maxLength / 2 }))
    .map(([values, again]) => [
      ...values,
      ...again.flatMap((i) => (values.length === 0 ? [] : [-values[i % values.length]!]))
    ])
