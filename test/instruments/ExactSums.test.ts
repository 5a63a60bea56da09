// A sum is exact: it is the same for any values in any order and grouping, and is rounded once, when it is shown.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { type ExactSum, less, plus, rounded } from "../../src/internal/metric/instruments/exactSum.ts"
import { awkward, awkwardValues, differenceOf, sumOf } from "../support/exactSums.ts"
import { runs } from "../support/long.ts"

const added = (values: ReadonlyArray<number>): ExactSum => values.reduce<ExactSum>(plus, 0)

const shuffled = (values: ReadonlyArray<number>): fc.Arbitrary<ReadonlyArray<number>> =>
  fc.shuffledSubarray([...values], { minLength: values.length })

/** Values, the same in another order, and where that is cut into two. */
const twice = awkwardValues().chain((values) => fc.tuple(fc.constant(values), shuffled(values), fc.nat(values.length)))

it("an exact sum is rounded once", () => {
  fc.assert(
    fc.property(awkwardValues(), (values) => {
      expect(rounded(added(values))).toBe(sumOf(values))
    }),
    { numRuns: runs(1500) }
  )
})

it("an exact sum is the same in any order and grouping, also as plain data", () => {
  fc.assert(
    fc.property(twice, ([values, others, cut]) => {
      const sum = added(values)
      deepStrictEqual(plus(added(others.slice(0, cut)), added(others.slice(cut))), sum)
      deepStrictEqual(plus(added(others.slice(cut)), added(others.slice(0, cut))), sum)
      deepStrictEqual(JSON.parse(JSON.stringify(sum)), sum)
    }),
    { numRuns: runs(1500) }
  )
})

it("an exact sum minus an earlier one is the sum of what came in between", () => {
  fc.assert(
    fc.property(awkwardValues(), awkwardValues(), (before, since) => {
      const rest = less(added([...before, ...since]), added(before))
      deepStrictEqual(rest, added(since))
      expect(rounded(rest)).toBe(differenceOf([...before, ...since], before))
    }),
    { numRuns: runs(1000) }
  )
})

it("an exact sum is a single number if one is enough, and never -0", () => {
  fc.assert(
    fc.property(awkward, (value) => deepStrictEqual(added([value]), 0 + value)),
    { numRuns: runs(400) }
  )
  for (const values of [[], [-0], [-0, -0], [1, -1], [0.1, 0.2, -0.2, -0.1], [1e300, 1, -1e300, -1]]) {
    deepStrictEqual(added(values), 0)
  }
  deepStrictEqual(added([1, 2, 2 ** 52]), 2 ** 52 + 3)
})

describe("rounding", () => {
  it.each([
    ["rounds half to even", [1, 2 ** -53], 1],
    ["rounds up just above a half", [1, 2 ** -53, Number.MIN_VALUE], 1 + 2 ** -52],
    ["rounds down just below a half", [1 + 2 ** -52, 2 ** -53, -Number.MIN_VALUE], 1 + 2 ** -52],
    ["keeps small values next to large ones that cancel", [1e300, 1, 1e-300, -1e300], 1],
    ["never overflows in between", [Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE], Number.MAX_VALUE],
    ["yields the greatest double up to half a step beyond it", [Number.MAX_VALUE, 2 ** 970, -1], Number.MAX_VALUE],
    ["yields infinity from there on", [Number.MAX_VALUE, 2 ** 970], Number.POSITIVE_INFINITY],
    ["yields negative infinity likewise", [-Number.MAX_VALUE, -1e308], Number.NEGATIVE_INFINITY],
    [
      "subtracts correctly if an intermediate result overflows",
      [-3 * 2 ** 970, Number.MAX_VALUE],
      Number.MAX_VALUE - 2 ** 971
    ],
    ["is exact for subnormal numbers", [2 ** -1022, -Number.MIN_VALUE, -(2 ** -1022)], -Number.MIN_VALUE],
    ["of tenths is the nearest double to their sum", [0.1, 0.2, 0.3, -0.3, -0.2, -0.1, 0.1], 0.1]
  ] as const)("%s", (_, values, expected) => {
    expect(sumOf(values)).toBe(expected)
    expect(rounded(added(values))).toBe(expected)
    expect(rounded(added(values.toReversed()))).toBe(expected)
  })
})
