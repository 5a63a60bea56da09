// A sum has no rounding in it: whatever the values, their order and their grouping, it is one and the same, and is rounded
// once, when it is shown.
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

it("is the exact sum, rounded once", () => {
  fc.assert(
    fc.property(awkwardValues(), (values) => {
      expect(rounded(added(values))).toBe(sumOf(values))
    }),
    { numRuns: runs(1500) }
  )
})

it("is the same in any order and grouping, as plain data as well", () => {
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

it("less what it had before, it is what came since", () => {
  fc.assert(
    fc.property(awkwardValues(), awkwardValues(), (before, since) => {
      const rest = less(added([...before, ...since]), added(before))
      deepStrictEqual(rest, added(since))
      expect(rounded(rest)).toBe(differenceOf([...before, ...since], before))
    }),
    { numRuns: runs(1000) }
  )
})

it("is a number where one is enough, and never -0", () => {
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
    ["of two halves goes to the even one", [1, 2 ** -53], 1],
    ["of a half and the least beyond it goes up", [1, 2 ** -53, Number.MIN_VALUE], 1 + 2 ** -52],
    ["of a half and the least below it goes down", [1 + 2 ** -52, 2 ** -53, -Number.MIN_VALUE], 1 + 2 ** -52],
    ["does not lose what is small beside what cancels", [1e300, 1, 1e-300, -1e300], 1],
    ["knows no infinity on its way", [Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE], Number.MAX_VALUE],
    ["gives the greatest double below half a step beyond it", [Number.MAX_VALUE, 2 ** 970, -1], Number.MAX_VALUE],
    ["gives infinity from there on", [Number.MAX_VALUE, 2 ** 970], Number.POSITIVE_INFINITY],
    ["gives infinity below likewise", [-Number.MAX_VALUE, -1e308], Number.NEGATIVE_INFINITY],
    ["takes a difference that overflows on its way", [-3 * 2 ** 970, Number.MAX_VALUE], Number.MAX_VALUE - 2 ** 971],
    ["is exact below the normal numbers", [2 ** -1022, -Number.MIN_VALUE, -(2 ** -1022)], -Number.MIN_VALUE],
    ["of tenths is what they come to", [0.1, 0.2, 0.3, -0.3, -0.2, -0.1, 0.1], 0.1]
  ] as const)("%s", (_, values, expected) => {
    expect(sumOf(values)).toBe(expected)
    expect(rounded(added(values))).toBe(expected)
    expect(rounded(added(values.toReversed()))).toBe(expected)
  })
})
