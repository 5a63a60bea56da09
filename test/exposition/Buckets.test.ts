// Exponential histograms as classic ones: their boundaries depend on the definition only, so Prometheus can add up
// replicas and compare times.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import { textOf } from "../support/exposition.ts"
import { parseExposition } from "../support/expositionParser.ts"

const Event = Schema.TaggedUnion({ measured: { value: Schema.Number, of: Schema.String } })

type Measured = readonly [of: string, value: number]
type Series = ReadonlyMap<string, ReadonlyArray<readonly [le: number, count: number]>>

/** The buckets of each series: how many values are up to each boundary. */
const bucketsOf = (measured: ReadonlyArray<Measured>, settings: { readonly unit?: string } & object = {}): Series => {
  const metric = Metric.exponentialHistogram("h", { events: Event, value: "value", labels: ["of"], ...settings })
  const state = Metric.fold(
    metric,
    measured.map(([of, value]) => ({ _tag: "measured", of, value }) as const)
  )
  const text = textOf(metricData(metric, Metric.snapshot(metric, state).dimensions))
  const series = new Map<string, Array<readonly [le: number, count: number]>>()
  const family = [...parseExposition(text, "text").values()][0]
  for (const { labels, name, value } of family?.samples ?? []) {
    if (!name.endsWith("_bucket")) continue
    const le = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)
    series.set(labels.of!, [...(series.get(labels.of!) ?? []), [le, value]])
  }
  return series
}

const boundariesOf = (settings: object = {}): ReadonlyArray<number> =>
  bucketsOf([["a", 1]], settings)
    .get("a")!
    .map(([le]) => le)

const values = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: 0.1, max: 1000 }),
  fc.integer({ min: -8, max: 1024 }),
  fc.constantFrom(0, -0, 1, 2, 4, -1, -2, Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE)
)
const usual = fc.oneof(fc.double({ noNaN: true, min: 2 ** -10, max: 2 ** 29 }), fc.integer({ min: 1, max: 1024 }))
const measured = (value: fc.Arbitrary<number>) =>
  fc.array(fc.tuple(fc.constantFrom("a", "b"), value), { minLength: 1, maxLength: 40 })
const settings = fc.constantFrom<object[]>(
  {},
  { maxSize: 2 },
  { maxSize: 10 },
  { maxScale: -3 },
  { maxSize: 300, maxScale: 5 },
  { range: [0.01, 10] },
  { range: [1e-300, 1e300] },
  { range: [5e-324, 1.7e308], maxSize: 3 }
)

/** What a replica has counted. */
const upTo = (all: ReadonlyArray<Measured>, own: string, le: number): number =>
  all.filter(([of, value]) => of === own && value <= le).length

describe("exported buckets", () => {
  it("count exactly the values up to each boundary while values are in the range", () => {
    fc.assert(
      fc.property(measured(usual), fc.constantFrom({}, { maxSize: 10 }, { maxScale: -3 }), (all, options) => {
        for (const [of, buckets] of bucketsOf(all, options)) {
          for (const [le, count] of buckets) expect(count, `up to ${le}`).toBe(upTo(all, of, le))
        }
      }),
      { numRuns: 200 }
    )
  })

  it("count at least the values up to each boundary, and all of them in total, for any values", () => {
    fc.assert(
      fc.property(measured(values), settings, (all, options) => {
        for (const [of, buckets] of bucketsOf(all, options)) {
          for (const [le, count] of buckets) expect(count).toBeGreaterThanOrEqual(upTo(all, of, le))
          expect(buckets.at(-1)).toEqual([Number.POSITIVE_INFINITY, all.filter(([each]) => each === of).length])
          expect(buckets[0]).toEqual([0, upTo(all, of, 0)])
          for (let i = 1; i < buckets.length; i++) expect(buckets[i]![1]).toBeGreaterThanOrEqual(buckets[i - 1]![1])
        }
      }),
      { numRuns: 200 }
    )
  })

  it("never decrease as values come, however far the scale falls", () => {
    fc.assert(
      fc.property(measured(values), settings, (all, options) => {
        let before: Series = new Map()
        for (let i = 1; i <= all.length; i++) {
          const now = bucketsOf(all.slice(0, i), options)
          for (const [of, buckets] of before) {
            for (const [at, [le, count]] of buckets.entries()) {
              expect(now.get(of)![at]![0]).toBe(le)
              expect(now.get(of)![at]![1]).toBeGreaterThanOrEqual(count)
            }
          }
          before = now
        }
      }),
      { numRuns: 50 }
    )
  })

  it("are in order, at most 40 plus one for 0, and the same for any values", () => {
    fc.assert(
      fc.property(measured(values), settings, (all, options) => {
        const boundaries = boundariesOf(options)
        expect(boundaries.length).toBeLessThanOrEqual(42)
        expect(boundaries.length).toBeGreaterThanOrEqual(3)
        expect(boundaries.toSorted((a, b) => a - b)).toEqual(boundaries)
        expect(new Set(boundaries).size).toBe(boundaries.length)
        for (const buckets of bucketsOf(all, options).values()) expect(buckets.map(([le]) => le)).toEqual(boundaries)
      }),
      { numRuns: 100 }
    )
  })

  it("of a metric without a unit are powers of two from a thousandth to half a billion", () => {
    const powers = Array.from({ length: 40 }, (_, i) => 2 ** (i - 10))
    expect(boundariesOf()).toEqual([0, ...powers, Number.POSITIVE_INFINITY])
  })

  it.each([
    ["s", 2 ** -20, 2 ** 12],
    ["ms", 2 ** -11 / 1000, 2 ** 22 / 1000],
    ["By", 1, 2 ** 39],
    ["MBy", 2 ** -20 * 1e6, 2 ** 20 * 1e6],
    ["%", 2 ** -14 / 100, 2 ** 8 / 100]
  ])("of a metric in %s range from %d to %d in the base unit", (unit, first, last) => {
    const boundaries = boundariesOf({ unit })
    expect([boundaries[1], boundaries.at(-2)]).toEqual([first, last])
  })

  it("are as fine as a declared range allows", () => {
    const boundaries = boundariesOf({ range: [1, 512] })
    expect(boundaries.length).toBe(2 + 9 * 4 + 1)
    expect(boundaries.filter(Number.isInteger)).toEqual([0, ...Array.from({ length: 10 }, (_, i) => 2 ** i)])
    expect(boundariesOf({ range: [1, 512], maxScale: 0 }).length).toBe(2 + 9 + 1)
    expect(boundariesOf({ range: [1, 16] }).length).toBe(2 + 4 * 8 + 1)
  })

  it("are never finer than the buckets of values within the range", () => {
    // Five buckets hold ten octaves at the scale -2.
    expect(boundariesOf({ range: [1, 1024], maxSize: 5 })).toEqual([0, 1, 16, 256, 4096, Number.POSITIVE_INFINITY])
  })

  it("add up over replicas, so that quantiles of all are accurate to one bucket", () => {
    const replicas = [
      (i: number) => 1 + ((i * 37) % 5),
      (i: number) => 1000 + ((i * 37) % 4000),
      (i: number) => 1 + (i % 5)
    ]
    const all = replicas.map((value) => Array.from({ length: 500 }, (_, i): Measured => ["a", value(i)]))
    const each = all.map((own) => bucketsOf(own, { unit: "ms" }).get("a")!)
    const truth = all
      .flat()
      .map(([, value]) => value / 1000)
      .sort((a, b) => a - b)
    for (const q of [0.5, 0.6, 0.7, 0.9, 0.99]) {
      const rank = q * truth.length
      const sums = each[0]!.map(([le], i) => [le, each.reduce((sum, own) => sum + own[i]![1], 0)] as const)
      const at = sums.findIndex(([, count]) => count >= rank)
      const exact = truth[Math.ceil(rank) - 1]!
      expect(exact).toBeLessThanOrEqual(sums[at]![0])
      expect(exact).toBeGreaterThan(sums[at - 1]![0])
    }
  })
})
