// Exponential histograms as classic ones: every count is exact, and all series have the same boundaries.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import { textOf } from "../support/exposition.ts"
import { parseExposition } from "../support/expositionParser.ts"

const Event = Schema.TaggedUnion({ measured: { value: Schema.Number, of: Schema.String } })

type Measured = readonly [of: string, value: number]

/** The buckets of each series: how many values are up to each boundary. */
const bucketsOf = (measured: ReadonlyArray<Measured>, settings: object = {}) => {
  const metric = Metric.exponentialHistogram("h", { events: Event, value: "value", labels: ["of"], ...settings })
  const state = Metric.fold(
    metric,
    measured.map(([of, value]) => ({ _tag: "measured", of, value }) as const)
  )
  const text = textOf(metricData(metric, Metric.snapshot(metric, state).dimensions))
  const series = new Map<string, Array<readonly [le: number, count: number]>>()
  for (const { labels, name, value } of parseExposition(text, "text").get("h")?.samples ?? []) {
    if (name !== "h_bucket") continue
    const le = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)
    series.set(labels.of!, [...(series.get(labels.of!) ?? []), [le, value]])
  }
  return series
}

const values = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: 0.1, max: 1000 }),
  fc.integer({ min: -8, max: 1024 }),
  fc.constantFrom(0, -0, 1, 2, 4, -1, -2, Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE)
)
const measurements = fc.array(fc.tuple(fc.constantFrom("a", "b"), values), { minLength: 1, maxLength: 40 })
const settings = fc.constantFrom({}, { maxSize: 2 }, { maxScale: 0 }, { maxSize: 300, maxScale: 5 })

describe("buckets", () => {
  it("count exactly the values up to each boundary", () => {
    fc.assert(
      fc.property(measurements, settings, (measured, options) => {
        for (const [of, buckets] of bucketsOf(measured, options)) {
          const own = measured.filter(([each]) => each === of)
          for (const [le, count] of buckets) expect(count).toBe(own.filter(([, value]) => value <= le).length)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("are few, in order, and the same for all series", () => {
    fc.assert(
      fc.property(measurements, (measured) => {
        const all = [...bucketsOf(measured).values()].map((buckets) => buckets.map(([le]) => le))
        for (const boundaries of all) {
          expect(boundaries).toEqual(all[0])
          expect(boundaries.length).toBeLessThanOrEqual(2 * 29 + 2)
          expect(boundaries.toSorted((a, b) => a - b)).toEqual(boundaries)
          expect(new Set(boundaries).size).toBe(boundaries.length)
        }
      })
    )
  })

  it("of usual values are those between powers of two, a quarter of one each", () => {
    const [boundaries] = [
      ...bucketsOf([
        ["a", 1.5],
        ["a", 3]
      ]).values()
    ].map((buckets) => buckets.map(([le]) => le))
    expect(boundaries!.filter((le) => Number.isInteger(le))).toEqual([1, 2, 4])
    expect(boundaries!.length).toBe(10)
  })

  it("of values that are far apart are wider", () => {
    const [buckets] = bucketsOf([
      ["a", 1e-6],
      ["a", 1e6]
    ]).values()
    expect(buckets!.length).toBeLessThanOrEqual(30)
    expect(buckets!.at(-1)).toEqual([Number.POSITIVE_INFINITY, 2])
  })
})
