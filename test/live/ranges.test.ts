/**
 * Two ranges of the last minutes, overlaid and by their means.
 */
import { describe, expect, it } from "@effect/vitest"
import { change, earlier, meanOf } from "../../src/internal/live/model/ranges.ts"

describe("a shifted range", () => {
  it("has at each time the value of the given number of seconds before", () => {
    expect(earlier([0, 1, 2, 3], [10, 11, 12, 13], 2)).toEqual([null, 10, 10, 11])
  })

  it("takes the nearest update, and has a gap if none is near", () => {
    const times = [0, 1.1, 2, 60, 61.1, 62.2]
    expect(earlier(times, [1, 2, 3, 4, 5, 6], 60)).toEqual([null, null, null, 1, 2, 3])
    expect(earlier([], [], 60)).toEqual([])
  })

  it("takes the nearest mean for data older than the updates", () => {
    const times = [10, 20, 30, 31, 32]
    expect(earlier(times, [1, 2, 3, 4, 5], 10, 30)).toEqual([null, 1, 2, 2, 2])
    expect(earlier(times, [1, 2, 3, 4, 5], 6, 30)).toEqual([null, 1, 2, 3, 3])
  })

  it("keeps its gaps", () => {
    expect(earlier([0, 1, 2], [1, null, 3], 1)).toEqual([1, 1, null])
  })
})

it("the mean of a range covers the values in it", () => {
  expect(meanOf([0, 1, 2, 3], [100, 2, null, 4], 1, 3)).toBe(3)
  expect(meanOf([0, 1], [null, null], 0, 1)).toBe(null)
  // The first one is of ten updates.
  expect(meanOf([0, 1, 2], [1, 12, 12], 0, 2, 1)).toBeCloseTo((10 + 24) / 12)
})

it.each([
  [11, 10, "+10 %"],
  [9.5, 10, "−5.0 %"],
  [-2, -1, "−100 %"],
  [5, 5, "±0 %"],
  [1, 0, ""],
  [null, 1, ""]
])("the change to %s from %s is %s", (now, before, text) => {
  expect(change(now, before)).toBe(text)
})
