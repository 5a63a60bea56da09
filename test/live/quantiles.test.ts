/**
 * Quantiles from the data of histograms.
 */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import { Metric } from "mvx-metrics"
import { bucketsOf, exponentialBucketsOf, quantileOf, since } from "../../src/internal/live/model/quantiles.ts"

const events = Schema.TaggedUnion({ measured: { value: Schema.Number } })
const boundaries = [1, 2, 5, 10, 20, 50]
const Explicit = Metric.histogram("explicit", { events, value: "value", boundaries })
const Exponential = Metric.exponentialHistogram("exponential", { events, value: "value" })

const measured = (values: ReadonlyArray<number>) => values.map((value) => ({ _tag: "measured" as const, value }))
const explicit = (values: ReadonlyArray<number>) =>
  bucketsOf(Metric.snapshot(Explicit, Metric.fold(Explicit, measured(values))).dimensions)
const exponential = (values: ReadonlyArray<number>) =>
  exponentialBucketsOf(Metric.snapshot(Exponential, Metric.fold(Exponential, measured(values))).dimensions)

const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1 })

describe("a quantile", () => {
  it("is absent if there are no values", () => {
    expect(quantileOf(explicit([]), 0.5)).toBe(null)
    expect(quantileOf(exponential([]), 0.5)).toBe(null)
  })

  it("is in the bucket of its rank, between the minimum and the maximum", () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
        const sorted = all.toSorted((left, right) => left - right)
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!
        const estimate = quantileOf(explicit(all), q)!
        const bucketOf = (value: number): number => boundaries.filter((boundary) => boundary < value).length
        expect(estimate).toBeGreaterThanOrEqual(sorted[0]!)
        expect(estimate).toBeLessThanOrEqual(sorted.at(-1)!)
        // A quantile on the edge of its bucket belongs to it.
        expect([bucketOf(exact), bucketOf(exact) - 1]).toContain(bucketOf(estimate))
      }),
      // Where rounding would leave the bucket.
      { examples: [[[-5e-324, -8.90029543402461e-308], 1]] }
    )
  })

  it("of an exponential histogram is as accurate as its bucket width", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
    expect(quantileOf(exponential(hundred), 0.5)).toBeCloseTo(50, -0.5)
    expect(quantileOf(exponential([-3, 0, 0, 0, 7]), 0.5)).toBe(0)
    expect(quantileOf(exponential([-3, -3, -3, 0, 7]), 0.5)).toBeCloseTo(-3, 1)
  })

  it("of an interval covers only the values of that interval", () => {
    const lately = quantileOf(since(explicit([1.5, 1.5, 1.5, 30, 30]), explicit([1.5, 1.5, 1.5])), 0.5)
    expect(lately).toBeGreaterThan(20)
    expect(quantileOf(since(explicit([30]), explicit([30])), 0.5)).toBe(null)
  })

  it("after a reset covers everything", () => {
    expect(quantileOf(since(explicit([30]), explicit([1.5, 1.5, 1.5])), 0.5)).toBeGreaterThan(20)
  })
})
