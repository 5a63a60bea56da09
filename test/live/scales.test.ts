/**
 * The range of the value axis.
 */
import { describe, expect, it } from "@effect/vitest"
import { ownScale, rangeOf } from "../../src/internal/live/model/ranges.ts"

describe("a fitted axis", () => {
  it.each([
    [1000, 1010],
    [0.5, 0.6],
    [-1010, -1000]
  ])("spans the data from %d to %d, and little more", (min, max) => {
    const [from, to] = rangeOf(min, max, "fit")
    expect(from).toBeLessThan(min)
    expect(to).toBeGreaterThan(max)
    expect(to - from).toBeLessThan(1.25 * (max - min))
  })

  it("begins at zero if zero is as close as the data is high, and leaves room above a constant value", () => {
    expect(rangeOf(40, 100, "fit")).toEqual([0, 108])
    expect(rangeOf(-5, 10, "fit")).toEqual([-6.2, 11.2])
    expect(rangeOf(0, 0, "fit")).toEqual([0, 1])
    expect(rangeOf(null, null, "fit")).toEqual([0, 1])
    const [from, to] = rangeOf(7, 7, "fit")
    expect(from).toBeLessThan(7)
    expect(to).toBeGreaterThan(7)
  })
})

it("an axis from zero includes zero, wherever the data is", () => {
  expect(rangeOf(1000, 1010, "zero")[0]).toBe(0)
  expect(rangeOf(-1010, -1000, "zero")[1]).toBe(0)
})

it("a line on its own scale is a fraction of its maximum", () => {
  expect(ownScale([1, null, 4])).toEqual([0.25, null, 1])
  expect(ownScale([0, 0])).toEqual([0, 0])
  expect(ownScale([-4, 2])).toEqual([-1, 0.5])
  // What it is compared with is on the same scale.
  expect(ownScale([2, 8], [1, 4])).toEqual([0.5, 2])
})
