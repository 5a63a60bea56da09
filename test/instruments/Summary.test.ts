// Summaries: quantiles of the values in a sliding window, count and sum of all values, for any times.
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { relativeError } from "../../src/internal/metric/instruments/exponentialScale.ts"
import { SlidingPoints } from "../../src/internal/metric/instruments/slidingPoints.ts"
import {
  type SummaryPoint,
  type SummarySettings,
  showSummary,
  summaryMeasure,
  windowOf
} from "../../src/internal/metric/instruments/summary.ts"
import { SummaryTable } from "../../src/internal/metric/instruments/summaryTable.ts"

type Measured = readonly [value: number, at: number]

const fold = (settings: SummarySettings, measured: ReadonlyArray<Measured>): SummaryPoint => {
  const { first, next } = summaryMeasure(settings)
  return measured.slice(1).reduce((point, [value, at]) => next(point, value, at), first(...measured[0]!))
}

/** Slots of 100 ms. */
const second: SummarySettings = { quantiles: [0, 0.5, 1], windowMillis: 1000, slots: 10 }
const show = (measured: ReadonlyArray<Measured>, now: number) => showSummary(second)(fold(second, measured), now)
const none = { "0": null, "0.5": null, "1": null }

describe("a summary", () => {
  it("shows quantiles of the values in the window, and count and sum of all values", () => {
    const measured: ReadonlyArray<Measured> = [
      [1, 0],
      [2, 400],
      [3, 900]
    ]
    expect(show(measured.slice(0, 1), 0)).toEqual({ count: 1, sum: 1, quantiles: { "0": 1, "0.5": 1, "1": 1 } })
    expect(show(measured, 999)).toMatchObject({ count: 3, sum: 6, quantiles: { "0": 1, "1": 3 } })
    expect(show(measured, 1000)).toMatchObject({ count: 3, sum: 6, quantiles: { "0": 2, "1": 3 } })
    expect(show(measured, 1400)).toMatchObject({ count: 3, sum: 6, quantiles: { "0": 3, "0.5": 3, "1": 3 } })
    expect(show(measured, 1899)).toMatchObject({ count: 3, sum: 6, quantiles: { "0": 3, "0.5": 3, "1": 3 } })
    expect(show(measured, 1900)).toEqual({ count: 3, sum: 6, quantiles: none })
  })

  it("shows nothing before its first value", () => {
    expect(showSummary(second)(null, 0)).toEqual({ count: 0, sum: 0, quantiles: none })
  })

  it("slides in steps: a value is shown for at most the window, and for all of it less one step", () => {
    const quantile = (at: number, now: number) => show([[7, at]], now).quantiles["1"]
    const anyTime = fc.integer({ min: -1e12, max: 1e12 })
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 0, max: 900 }), fc.integer({ min: 1000, max: 1e9 }), (at, less, more) => {
        expect(quantile(at, at + less)).toBe(7)
        expect(quantile(at, at + more)).toBe(null)
      })
    )
  })

  it("has a window of one minute in six steps by default", () => {
    const { slots } = fold({ quantiles: [0.5] }, [
      [1, 0],
      [1, 9_999],
      [1, 10_000],
      [1, 59_999]
    ])
    expect(slots.map(({ count, slot }) => [slot, count])).toEqual([
      [0, 2],
      [1, 1],
      [5, 1]
    ])
    expect(fold({ quantiles: [0.5] }, [...times(0, 1), ...times(60_000, 1)]).slots.map(({ slot }) => slot)).toEqual([6])
  })

  it("counts all values when the clock is set back, and has the quantiles of those that came since", () => {
    const measured: ReadonlyArray<Measured> = [
      [5, 10_000],
      [1000, 9_000]
    ]
    expect(show(measured, 9_000)).toEqual({ count: 2, sum: 1005, quantiles: { "0": 1000, "0.5": 1000, "1": 1000 } })
    expect(show(measured, 10_000)).toEqual({ count: 2, sum: 1005, quantiles: none })
  })

  it("accepts a value that is late by one slot, and shows a future value once its time comes", () => {
    const measured: ReadonlyArray<Measured> = [
      [5, 10_000],
      [3, 9_900]
    ]
    expect(show(measured, 9_999).quantiles).toEqual({ "0": 3, "0.5": 3, "1": 3 })
    expect(show(measured, 10_000).quantiles).toMatchObject({ "0": 3, "1": 5 })
  })

  it("shows the requested quantiles under their names", () => {
    const settings = { quantiles: [0.5, 0.999, 1, 1e-7] }
    const { quantiles } = showSummary(settings)(fold(settings, [[1, 0]]), 0)
    expect(quantiles).toEqual({ "0.5": 1, "0.999": 1, "1": 1, "1e-7": 1 })
  })

  it("is as accurate as an exponential histogram with 160 buckets", () => {
    const settings = { quantiles: [0.01, 0.5, 0.9, 0.99], windowMillis: 60_000 }
    const measured = Array.from({ length: 6000 }, (_, i): Measured => [1 + ((i * 7919) % 6000), i * 10])
    const { quantiles } = showSummary(settings)(fold(settings, measured), 59_990)
    for (const q of settings.quantiles) {
      const exact = q * 6000
      expect(Math.abs(quantiles[q]! - exact) / exact).toBeLessThanOrEqual(relativeError(3)) // 6000 < 2^(160 / 2^3)
    }
  })
})

const times = (at: number, ...values: ReadonlyArray<number>): ReadonlyArray<Measured> =>
  values.map((value) => [value, at])

// --- laws

const anySettings = fc.constantFrom<SummarySettings>(
  second,
  { quantiles: [0.5] },
  { quantiles: [0.5], windowMillis: 1000, slots: 1 },
  { quantiles: [0.5], windowMillis: 1, slots: 3 }
)
const anyTime = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -500, max: 5000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(-0, 1e-300, -1e-300, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53) }
)
const inOrder = (measured: ReadonlyArray<Measured>) => measured.toSorted(([, left], [, right]) => left - right)

const anyValue = fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.constantFrom(0, -0, 1, 1e300))
const anyMeasured: fc.Arbitrary<Array<Measured>> = fc.array(fc.tuple(anyValue, anyTime), {
  minLength: 1,
  maxLength: 30
})

describe("the state of a summary", () => {
  it("has at most as many slots as the window plus one, in order, up to the slot of the last value", () => {
    fc.assert(
      fc.property(anySettings, anyMeasured, (settings, measured) => {
        const { count, slots } = fold(settings, measured)
        const { slots: most = 6, windowMillis = 60_000 } = settings
        expect(count).toBe(measured.length)
        expect(slots.length).toBeLessThanOrEqual(most)
        const last = measured.at(-1)![1]
        const slotMillis = windowMillis / most
        if (Math.abs(last) < 1e15) {
          const slot = Math.floor(last / slotMillis) + 0
          expect(slots.map((each) => each.slot)).toContain(slot)
          expect(slots.at(-1)!.slot - slot).toBeLessThanOrEqual(most < 10 ? 0 : 1)
        }
        for (const [i, { slot }] of slots.entries()) {
          expect(Number.isFinite(slot)).toBe(true)
          if (i > 0) expect(slot).toBeGreaterThan(slots[i - 1]!.slot)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("does not depend on how merged parts were split", () => {
    fc.assert(
      fc.property(anySettings, fc.array(anyMeasured, { minLength: 1, maxLength: 4 }), (settings, parts) => {
        const { merge } = summaryMeasure(settings)
        const all = inOrder(parts.flat())
        const points = parts.map((part) => fold(settings, inOrder(part)))
        expect(points.reduce(merge)).toStrictEqual(fold(settings, all))
        expect(points.reduceRight(merge)).toStrictEqual(fold(settings, all))
      }),
      { numRuns: 300 }
    )
  })

  it("merges in any order and grouping, and changes neither part", () => {
    fc.assert(
      fc.property(anySettings, anyMeasured, anyMeasured, anyMeasured, (settings, a, b, c) => {
        const { merge } = summaryMeasure(settings)
        const [x, y, z] = [fold(settings, a), fold(settings, b), fold(settings, c)]
        const before = JSON.stringify([x, y, z])
        expect(merge(x, y)).toStrictEqual(merge(y, x))
        expect(merge(merge(x, y), z)).toStrictEqual(merge(x, merge(y, z)))
        expect(JSON.stringify([x, y, z])).toBe(before)
      }),
      { numRuns: 300 }
    )
  })

  it("is plain data, and continues from its serialised form", () => {
    fc.assert(
      fc.property(anySettings, anyMeasured, anyValue, anyTime, (settings, measured, value, at) => {
        const point = fold(settings, measured)
        expect(structuredClone(point)).toStrictEqual(point)
        const written: SummaryPoint = JSON.parse(JSON.stringify(point))
        expect(written).toStrictEqual(point)
        const { next } = summaryMeasure(settings)
        expect(next(written, value, at)).toStrictEqual(next(point, value, at))
        expect(written).toStrictEqual(point)
      })
    )
  })

  it("is the same in place, whatever was added to other series", () => {
    fc.assert(
      fc.property(anySettings, anyMeasured, anyMeasured, (settings, a, b) => {
        const points = new SlidingPoints(windowOf(settings), () => new SummaryTable(windowOf(settings)))
        points.reserve(0)
        points.reserve(1)
        const both = [...a.map((each) => [0, each] as const), ...b.map((each) => [1, each] as const)]
        for (const [series, each] of both.sort(([, left], [, right]) => left[1] - right[1])) points.add(series, ...each)
        const before = [points.point(0), points.point(1)]
        expect(before).toStrictEqual([fold(settings, inOrder(a)), fold(settings, inOrder(b))])
        points.add(0, ...a[0]!)
        expect(before[0]).toStrictEqual(fold(settings, inOrder(a)))
        points.reserve(0)
        points.add(0, 1, 0)
        expect(points.point(0)).toStrictEqual(fold(settings, [[1, 0]]))
      }),
      { numRuns: 300 }
    )
  })

  it("accepts any finite number, and nothing else", () => {
    const { accepts } = summaryMeasure(second)
    expect([0, -1, Number.MAX_VALUE, -Number.MAX_VALUE].every(accepts)).toBe(true)
    expect([NaN, Infinity, "1", null].some(accepts)).toBe(false)
  })
})
