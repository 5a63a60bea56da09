// Exponential histograms: the buckets of OpenTelemetry's data model, states that do not depend on the order of values,
// and quantiles with the stated accuracy.

import { DDSketch } from "@datadog/sketches-js"
import { describe, expect, it } from "@effect/vitest"
import { ExponentialHistogramAggregator } from "@opentelemetry/sdk-metrics/build/src/aggregator/ExponentialHistogram.js"
import { getMapping } from "@opentelemetry/sdk-metrics/build/src/aggregator/exponential-histogram/mapping/getMapping.js"
import fc from "fast-check"
import { BlockPoints } from "../../src/internal/metric/instruments/blockPoints.ts"
import { type ExactSum, plus } from "../../src/internal/metric/instruments/exactSum.ts"
import { type ExponentialPoint, exponentialMeasure } from "../../src/internal/metric/instruments/exponential.ts"
import {
  bucketOf,
  lowerBound,
  middleOf,
  relativeError
} from "../../src/internal/metric/instruments/exponentialScale.ts"
import { ExponentialTable } from "../../src/internal/metric/instruments/exponentialTable.ts"
import { quantile, showExponential } from "../../src/internal/metric/instruments/exponentialView.ts"
import { doubleBelow, isInBucket, neighbour } from "../support/exactBuckets.ts"
import { asMany, runs } from "../support/long.ts"

const scales = Array.from({ length: 32 }, (_, i) => i - 11)
const anyScale = fc.constantFrom(...scales)
const anyPositive = fc.oneof(
  fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }),
  fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  fc.integer({ min: 1, max: 1000 }),
  fc.integer({ min: -1074, max: 1023 }).map((exponent) => 2 ** exponent)
)

describe("the bucket index", () => {
  it.each(scales)("is correct for the values around every power of two, at the scale %d", (scale) => {
    const wrong: Array<number> = []
    for (let exponent = -1074; exponent <= 1023; exponent++) {
      const power = 2 ** exponent
      for (const value of [neighbour(power, -1), power, neighbour(power, 1)]) {
        if (value > 0 && !isInBucket(value, bucketOf(value, scale), scale)) wrong.push(value)
      }
    }
    expect(wrong).toEqual([])
  })

  it.each(scales)("is correct for the smallest and the largest values, at the scale %d", (scale) => {
    const subnormal = 2 ** -1022
    for (const value of [Number.MIN_VALUE, 3 * Number.MIN_VALUE, subnormal / 3, Number.MAX_VALUE, 1.5 * 2 ** 1023]) {
      expect(isInBucket(value, bucketOf(value, scale), scale)).toBe(true)
    }
  })

  it("is correct for any value, at any scale", () => {
    fc.assert(
      fc.property(anyPositive, anyScale, (value, scale) => isInBucket(value, bucketOf(value, scale), scale)),
      { numRuns: runs(5000) }
    )
  })

  it("separates the doubles on either side of any bound, however close they are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.double({ min: -1022, max: 1023, noNaN: true }), (scale, at) => {
        const bucket = Math.floor(at * 2 ** scale)
        const below = doubleBelow(bucket, scale)
        for (const value of [neighbour(below, -1), below, neighbour(below, 1)]) {
          expect(isInBucket(value, bucketOf(value, scale), scale)).toBe(true)
        }
      }),
      { numRuns: runs(2000) }
    )
  })

  it("covers two buckets of the next finer scale", () => {
    fc.assert(
      fc.property(anyPositive, fc.constantFrom(...scales.slice(1)), (value, scale) => {
        expect(bucketOf(value, scale - 1)).toBe(bucketOf(value, scale) >> 1)
      })
    )
  })

  it("never decreases as values grow, and neither do the bounds", () => {
    fc.assert(
      fc.property(anyPositive, anyPositive, anyScale, (a, b, scale) => {
        const [low, high] = [bucketOf(Math.min(a, b), scale), bucketOf(Math.max(a, b), scale)]
        expect(low).toBeLessThanOrEqual(high)
        expect(lowerBound(low, scale)).toBeLessThanOrEqual(lowerBound(high, scale))
        expect(lowerBound(low, scale)).toBeLessThanOrEqual(lowerBound(low + 1, scale))
      })
    )
  })

  it.each(scales)("starts at the power of two that it names, at the scale %d", (scale) => {
    for (let exponent = -1074; exponent <= 1023; exponent++) {
      const bucket = exponent * 2 ** scale
      if (Number.isInteger(bucket)) expect(lowerBound(bucket, scale)).toBe(2 ** exponent)
    }
  })

  it("has a middle that is within the error of its scale from any of its values", () => {
    const anyNormal = anyPositive.filter((value) => value >= 2 ** -1020)
    fc.assert(
      fc.property(anyNormal, anyScale, (value, scale) => {
        const middle = Math.min(Number.MAX_VALUE, middleOf(bucketOf(value, scale), scale))
        expect(Math.abs(middle - value) / value).toBeLessThanOrEqual(relativeError(scale))
      }),
      { numRuns: runs(2000) }
    )
  })

  it("has the error derived from the base of its scale", () => {
    expect(relativeError(0)).toBeCloseTo(1 / 3, 14) // base 2
    expect(relativeError(1)).toBeCloseTo((Math.SQRT2 - 1) / (Math.SQRT2 + 1), 14)
    expect(relativeError(-1)).toBeCloseTo(3 / 5, 14) // base 4
    expect(relativeError(-11)).toBeCloseTo(1, 14)
  })

  it("matches the OpenTelemetry SDK", () => {
    const anyOrdinary = fc.oneof(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.integer({ min: -1000, max: 1000 }).map((exponent) => 2 ** exponent)
    )
    fc.assert(
      fc.property(anyOrdinary, fc.integer({ min: -10, max: 20 }), (value, scale) => {
        expect(bucketOf(value, scale)).toBe(getMapping(scale).mapToIndex(value))
      }),
      { numRuns: runs(2000), seed: 1 }
    )
  })
})

// --- points

interface Settings {
  readonly maxScale?: number
  readonly maxSize?: number
}

const settingsOf: ReadonlyArray<Settings> = [
  {},
  { maxSize: 2 },
  { maxSize: 3, maxScale: -2 },
  { maxSize: 20 },
  { maxSize: 160, maxScale: 3 }
]
const anySettings = fc.constantFrom(...settingsOf)
const anyValue = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0.01, max: 100, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: -100, max: 0, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: -1e300, max: 1e300, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1, 2, 4, 0.5, Number.MIN_VALUE, -Number.MIN_VALUE, 1e-310) }
)
const anyValues = fc.array(anyValue, { minLength: 1, maxLength: 60 })

const fold = (settings: Settings, values: ReadonlyArray<number>): ExponentialPoint => {
  const { first, next } = exponentialMeasure(settings)
  return values.slice(1).reduce((point, value) => next(point, value, 0), first(values[0]!, 0))
}

/** As the definition says it, from all values at once: the finest scale at which neither side is too long. */
const define = ({ maxScale = 20, maxSize = 160 }: Settings, of: ReadonlyArray<number>): ExponentialPoint => {
  const values = of.map((value) => 0 + value)
  const above = values.filter((value) => value > 0)
  const below = values.filter((value) => value < 0).map((value) => -value)
  const bucketsAt = (side: ReadonlyArray<number>, scale: number) => side.map((value) => bucketOf(value, scale))
  const span = (buckets: ReadonlyArray<number>) =>
    buckets.length === 0 ? 0 : Math.max(...buckets) - Math.min(...buckets) + 1
  let scale = maxScale
  while ([above, below].some((side) => span(bucketsAt(side, scale)) > maxSize)) scale--
  const counted = (buckets: ReadonlyArray<number>) => {
    const offset = buckets.length === 0 ? 0 : Math.min(...buckets)
    const counts = new Array<number>(span(buckets)).fill(0)
    for (const bucket of buckets) counts[bucket - offset]! += 1
    return { offset, counts }
  }
  return {
    count: values.length,
    sum: values.reduce<ExactSum>(plus, 0),
    min: Math.min(...values),
    max: Math.max(...values),
    scale,
    zeroCount: values.filter((value) => value === 0).length,
    positive: counted(bucketsAt(above, scale)),
    negative: counted(bucketsAt(below, scale))
  }
}

describe("an exponential histogram", () => {
  it("has the finest scale that fits its values, whatever they are and in whatever order they came", () => {
    fc.assert(
      fc.property(anySettings, anyValues, (settings, values) => {
        expect(fold(settings, values)).toStrictEqual(define(settings, values))
        expect(fold(settings, values.toReversed())).toStrictEqual(define(settings, values))
      }),
      { numRuns: 500 }
    )
  })

  it("counts a power of two below the bound that equals it", () => {
    const { negative, positive, scale } = fold({ maxScale: 0 }, [1, 2, 3, 4, 5, -8])
    expect([scale, positive, negative]).toEqual([0, { offset: -1, counts: [1, 1, 2, 1] }, { offset: 2, counts: [1] }])
  })

  it("is the same however its values are split into merged parts", () => {
    fc.assert(
      fc.property(anySettings, fc.array(anyValues, { minLength: 1, maxLength: 5 }), (settings, parts) => {
        const { merge } = exponentialMeasure(settings)
        const points = parts.map((part) => fold(settings, part))
        const all = parts.flat()
        expect(points.reduce(merge)).toStrictEqual(fold(settings, all))
        expect(points.reduceRight(merge)).toStrictEqual(fold(settings, all))
      }),
      { numRuns: 500 }
    )
  })

  it("merges in any order and grouping, and changes neither part", () => {
    fc.assert(
      fc.property(anySettings, anyValues, anyValues, anyValues, (settings, a, b, c) => {
        const { merge } = exponentialMeasure(settings)
        const [x, y, z] = [fold(settings, a), fold(settings, b), fold(settings, c)]
        const before = JSON.stringify([x, y, z])
        expect(merge(x, y)).toStrictEqual(merge(y, x))
        expect(merge(merge(x, y), z)).toStrictEqual(merge(x, merge(y, z)))
        expect(JSON.stringify([x, y, z])).toBe(before)
      }),
      { numRuns: 300 }
    )
  })

  it("yields what came later when an earlier state is subtracted", () => {
    fc.assert(
      fc.property(anySettings, anyValues, anyValues, (settings, before, since) => {
        const { minus } = exponentialMeasure(settings)
        const later = fold(settings, [...before, ...since])
        const { max, min, ...rest } = minus!(later, fold(settings, before))
        const { max: _, min: __, ...expected } = define({ maxSize: 1e9, maxScale: later.scale }, since)
        expect(rest).toStrictEqual(expected)
        if (since.length === 0) return
        // Those of all values are bounds for them.
        for (const [extreme, exact] of [
          [min, Math.min(...since)],
          [max, Math.max(...since)]
        ] as const) {
          expect(extreme).toBeGreaterThanOrEqual(later.min)
          expect(extreme).toBeLessThanOrEqual(later.max)
          if (exact !== 0 && Math.abs(exact) < 2 ** -1020) continue
          expect(Math.abs(extreme - exact)).toBeLessThanOrEqual(relativeError(later.scale) * Math.abs(exact))
        }
      }),
      { numRuns: 300 }
    )
  })

  it("is plain data, and continues from its serialised form", () => {
    fc.assert(
      fc.property(anySettings, anyValues, anyValue, (settings, values, value) => {
        const point = fold(settings, values)
        expect(structuredClone(point)).toStrictEqual(point)
        const written: ExponentialPoint = JSON.parse(JSON.stringify(point))
        expect(written).toStrictEqual(point)
        const { next } = exponentialMeasure(settings)
        expect(next(written, value, 0)).toStrictEqual(next(point, value, 0))
        expect(written).toStrictEqual(point)
      })
    )
  })

  it("is the same in place, whatever was added to other series", () => {
    fc.assert(
      fc.property(anySettings, fc.array(anyValues, { minLength: 1, maxLength: 3 }), (settings, series) => {
        const points = new BlockPoints(() => new ExponentialTable(settings), true)
        for (const i of series.keys()) points.reserve(i)
        const most = Math.max(...series.map((values) => values.length))
        for (let at = 0; at < most; at++) {
          for (const [i, values] of series.entries()) if (at < values.length) points.add(i, values[at]!, 0)
        }
        expect(series.map((_, i) => points.point(i))).toStrictEqual(series.map((values) => fold(settings, values)))
        points.reserve(0)
        points.add(0, 1, 0)
        expect(points.point(0)).toStrictEqual(fold(settings, [1]))
      })
    )
  })

  it("returns points that do not change while it continues", () => {
    const points = new BlockPoints(() => new ExponentialTable({}), true)
    points.reserve(0)
    points.add(0, 1, 0)
    const point = points.point(0)
    points.add(0, 1, 0)
    expect(point).toStrictEqual(fold({}, [1]))
  })

  it("accepts any finite number, and nothing else", () => {
    const { accepts } = exponentialMeasure({})
    expect([0, -1, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE].every(accepts)).toBe(true)
    expect([NaN, Infinity, -Infinity, "1", null, undefined, 1n].some(accepts)).toBe(false)
  })

  it("matches the OpenTelemetry SDK for the same values", () => {
    const anyMeasured = fc.double({ min: -1e6, max: 1e6, noNaN: true }).filter((v) => v === 0 || Math.abs(v) > 1e-6)
    fc.assert(
      fc.property(
        fc.constantFrom(4, 20, 160),
        fc.array(anyMeasured, { minLength: 1, maxLength: 100 }),
        (maxSize, values) => {
          const theirs = new ExponentialHistogramAggregator(maxSize, true).createAccumulation([0, 0])
          for (const value of values) theirs.record(value)
          const { count, max, min, negative, positive, scale, zeroCount } = theirs.toPointValue()
          const expected = {
            count,
            sum: values.reduce<ExactSum>(plus, 0), // theirs is rounded at each step
            min: 0 + min!,
            max: 0 + max!,
            scale: count === zeroCount ? 20 : scale, // theirs says 0 where there are no buckets
            zeroCount,
            positive: { offset: positive.bucketCounts.length && positive.offset, counts: positive.bucketCounts },
            negative: { offset: negative.bucketCounts.length && negative.offset, counts: negative.bucketCounts }
          }
          expect(fold({ maxSize }, values)).toStrictEqual(expected)
        }
      ),
      { seed: 1 }
    )
  })
})

// --- quantiles

/** The same numbers each time, from 0 to 1. */
const uniform = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const next = uniform(7)
const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
const many = (value: () => number) => Array.from({ length: 20_000 }, value)
const samples: { readonly [name: string]: ReadonlyArray<number> } = {
  lognormal: many(() => Math.exp(1.5 * normal())),
  Pareto: many(() => (1 - next()) ** (-1 / 1.2)),
  bimodal: many(() => (next() < 0.7 ? 1 + normal() / 10 : 1000 + normal())),
  constant: many(() => Math.PI),
  "around zero": many(() => normal()),
  negative: many(() => -Math.exp(normal())),
  "powers of two": many(() => 2 ** Math.floor(20 * next())),
  "mostly zero": many(() => (next() < 0.6 ? 0 : normal()))
}

const inPlace = (settings: Settings, values: ReadonlyArray<number>): ExponentialPoint => {
  const points = new BlockPoints(() => new ExponentialTable(settings), true)
  points.reserve(0)
  for (const value of values) points.add(0, value, 0)
  return points.point(0)
}

const sorted = (values: ReadonlyArray<number>): ReadonlyArray<number> => values.toSorted((a, b) => a - b)

/** The least value that at least a share of `q` of all does not exceed. */
const exactQuantile = (values: ReadonlyArray<number>, q: number): number =>
  values.find((_, i) => (i + 1) / values.length >= q)!

const qs = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1]

describe("a quantile", () => {
  it.each(Object.keys(samples))("is as accurate as stated: %s", (name) => {
    const values = sorted(samples[name]!)
    for (const maxSize of [2, 20, 160, 1000]) {
      const point = inPlace({ maxSize }, samples[name]!)
      for (const q of qs) {
        const exact = exactQuantile(values, q)
        const error = Math.abs(quantile(point, q)! - exact)
        expect(error).toBeLessThanOrEqual(relativeError(point.scale) * Math.abs(exact))
      }
    }
  })

  it("is as accurate as stated for any values", () => {
    fc.assert(
      fc.property(anySettings, anyValues, fc.double({ min: 0, max: 1, noNaN: true }), (settings, of, q) => {
        const values = of.filter((value) => value === 0 || Math.abs(value) >= 2 ** -1020)
        fc.pre(values.length > 0)
        const point = fold(settings, values)
        const exact = exactQuantile(sorted(values), q)
        const estimate = quantile(point, q)!
        expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(relativeError(point.scale) * Math.abs(exact))
        expect(estimate).toBeGreaterThanOrEqual(point.min)
        expect(estimate).toBeLessThanOrEqual(point.max)
      }),
      { numRuns: runs(1000) }
    )
  })

  it("is as accurate as stated for what was added since an earlier state, whose extremes do not count", () => {
    const { merge, minus } = exponentialMeasure({})
    const some = anyValues.map((of) => of.filter((value) => value === 0 || Math.abs(value) >= 2 ** -1020))
    fc.assert(
      fc.property(some, some, fc.double({ min: 0, max: 1, noNaN: true }), (before, added, q) => {
        fc.pre(before.length > 0 && added.length > 0)
        const earlier = fold({}, before)
        const delta = minus!(merge(earlier, fold({}, added)), earlier)
        const exact = exactQuantile(sorted(added), q)
        expect(Math.abs(quantile(delta, q)! - exact)).toBeLessThanOrEqual(relativeError(delta.scale) * Math.abs(exact))
      }),
      { numRuns: runs(1000) }
    )
    const one = minus!(fold({}, [1, 20, 8]), fold({}, [1, 20]))
    for (const q of [0, 0.5, 1])
      expect(Math.abs(quantile(one, q)! - 8)).toBeLessThanOrEqual(8 * relativeError(one.scale))
  })

  it("uses the nearest rank, also if a product is rounded up", () => {
    const upTo = (count: number) =>
      fold(
        {},
        Array.from({ length: count }, (_, i) => i + 1)
      )
    expect(quantile(fold({}, [1, 100]), 0.99)).toBe(100)
    expect(quantile(fold({}, [...Array<number>(98).fill(1), 100]), 0.99)).toBe(100)
    expect(quantile(fold({}, [...Array<number>(99).fill(1), 100]), 0.99)).toBe(1)
    // 0.07 * 100 is 7.000000000000001.
    for (const [q, count, exact] of [
      [0.07, 100, 7],
      [0.5, 4, 2],
      [0.95, 20, 19],
      [0.9, 10, 9]
    ] as const) {
      expect(Math.abs(quantile(upTo(count), q)! / exact - 1)).toBeLessThan(0.03)
    }
  })

  it("is exactly the minimum at 0 and the maximum at 1, and monotonic in between", () => {
    fc.assert(
      fc.property(anySettings, anyValues, (settings, values) => {
        const point = fold(settings, values)
        expect([quantile(point, 0), quantile(point, 1)]).toEqual([point.min, point.max])
        const estimates = qs.map((q) => quantile(point, q)!)
        expect(estimates).toEqual(sorted(estimates))
      })
    )
  })

  it("is exact if all values are equal", () => {
    for (const value of [Math.PI, -5e-324, 0, Number.MAX_VALUE / 4]) {
      expect(qs.map((q) => quantile(fold({}, [value, value, value]), q))).toEqual(qs.map(() => value))
    }
  })

  it("agrees with DDSketch within the accuracy of both", () => {
    for (const name of ["lognormal", "Pareto", "bimodal", "around zero"]) {
      const sketch = new DDSketch({ relativeAccuracy: 0.01 })
      for (const value of samples[name]!) sketch.accept(value)
      const point = inPlace({}, samples[name]!)
      for (const q of qs) {
        const exact = Math.abs(exactQuantile(sorted(samples[name]!), q))
        const apart = Math.abs(quantile(point, q)! - sketch.getValueAtQuantile(q))
        expect(apart).toBeLessThanOrEqual((relativeError(point.scale) + 0.0101) * exact)
      }
    }
  })

  it("is shown with the point, and absent without values", () => {
    expect(showExponential(fold({ maxScale: 0 }, [1, 2, 3]))).toEqual({
      count: 3,
      sum: 6,
      min: 1,
      max: 3,
      scale: 0,
      zeroCount: 0,
      positive: { offset: -1, counts: [1, 1, 1] },
      negative: { offset: 0, counts: [] },
      p50: 4 / 3,
      p90: 3,
      p99: 3,
      relativeError: relativeError(0)
    })
    expect(showExponential(null)).toEqual({
      count: 0,
      sum: 0,
      min: null,
      max: null,
      scale: 20,
      zeroCount: 0,
      positive: { offset: 0, counts: [] },
      negative: { offset: 0, counts: [] },
      p50: null,
      p90: null,
      p99: null,
      relativeError: relativeError(20)
    })
    const { first, minus } = exponentialMeasure({})
    expect(quantile(minus!(first(1, 0), first(1, 0)), 0.5)).toBe(null)
  })
})

describe("the size of an exponential histogram", () => {
  it("stays below 4 kB after any number of values of either sign over 30 orders of magnitude", () => {
    const values = asMany(10_000_000, 500_000)
    const points = new BlockPoints(() => new ExponentialTable({}), true)
    points.reserve(0)
    const value = uniform(11)
    for (let i = 0; i < values; i++) points.add(0, (i % 2 === 0 ? 1 : -1) * 10 ** (30 * value() - 15), 0)
    const point = points.point(0)
    expect(point.count).toBe(values)
    expect(point.scale).toBe(0)
    expect(JSON.stringify(point).length).toBeLessThan(4096)
  })
})
