// The plain measures: an up-down sum, an average, extremes.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { averageMeasure, showAverage } from "../../src/internal/metric/instruments/average.ts"
import { upDownMeasure } from "../../src/internal/metric/instruments/counter.ts"
import type { Measure } from "../../src/internal/metric/instruments/measure.ts"
import { minMaxMeasure, showMinMax } from "../../src/internal/metric/instruments/minMax.ts"
import { awkward } from "../support/exactSums.ts"
import { obeysTheLaws, pointOf, someMeasured } from "../support/measureLaws.ts"

const numbers = someMeasured(awkward)
const at = 0
const valuesOf = (values: ReadonlyArray<number>) => values.map((value) => [value, at] as const)

const measures: { readonly [name: string]: Measure<unknown> } = {
  upDown: upDownMeasure as Measure<unknown>,
  average: averageMeasure as Measure<unknown>,
  minMax: minMaxMeasure as Measure<unknown>
}

describe.each(Object.entries(measures))("%s", (_name, measure) => {
  obeysTheLaws(measure, numbers)

  it("accepts any finite number, and nothing else", () => {
    for (const value of [0, -0, -1, 0.5, Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE]) {
      expect(measure.accepts(value)).toBe(true)
    }
    for (const value of [Number.NaN, Infinity, -Infinity, "1", 1n, null, undefined, {}]) {
      expect(measure.accepts(value)).toBe(false)
    }
  })

  it("treats -0 as 0", () => {
    for (const values of [[-0], [-0, -0], [0, -0], [-0, 0]]) {
      deepStrictEqual(pointOf(measure, valuesOf(values)), pointOf(measure, valuesOf(values.map(() => 0))))
    }
  })
})

describe("upDown", () => {
  it("increases and decreases", () => {
    expect(pointOf(upDownMeasure, valuesOf([3, -5, 1]))).toBe(-1)
  })

  it("yields what came between two points as their difference", () => {
    fc.assert(
      fc.property(numbers, numbers, (before, after) => {
        const earlier = pointOf(upDownMeasure, before)
        const later = pointOf(upDownMeasure, [...before, ...after])
        expect(upDownMeasure.minus?.(later, earlier)).toEqual(pointOf(upDownMeasure, after))
      })
    )
  })
})

describe("average", () => {
  it("shows the average with its sum and count", () => {
    expect(showAverage(pointOf(averageMeasure, valuesOf([1, 2, 6])))).toEqual({ average: 3, count: 3, sum: 9 })
  })

  it("has no average without values", () => {
    expect(showAverage(null)).toEqual({ average: null, count: 0, sum: 0 })
  })

  it("yields what came between two points as their difference", () => {
    fc.assert(
      fc.property(numbers, numbers, (before, after) => {
        const earlier = pointOf(averageMeasure, before)
        const later = pointOf(averageMeasure, [...before, ...after])
        expect(averageMeasure.minus?.(later, earlier)).toEqual(pointOf(averageMeasure, after))
      })
    )
  })
})

describe("minMax", () => {
  it("has the minimum and the maximum of all values", () => {
    fc.assert(
      fc.property(numbers, (measured) => {
        const sorted = measured.map(([value]) => 0 + value).sort((a, b) => a - b)
        const shown = { min: sorted[0], max: sorted.at(-1), count: sorted.length }
        deepStrictEqual({ ...showMinMax(pointOf(minMaxMeasure, measured)) }, shown)
      })
    )
  })

  it("has neither without values", () => {
    expect(showMinMax(null)).toEqual({ min: null, max: null, count: 0 })
  })
})
