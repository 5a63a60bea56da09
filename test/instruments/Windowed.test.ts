// A sliding time window in slots: its content as seen from the newest value and from the reader.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { showRate, showWindow, windowMeasure } from "../../src/internal/metric/instruments/window.ts"
import { awkward, sumOf } from "../support/exactSums.ts"
import { inOrder, type Measured, obeysTheLaws, pointOf, someMeasured } from "../support/measureLaws.ts"

/** Ten seconds in ten steps. */
const ten = { windowMillis: 10_000, slots: 10 }
const measure = windowMeasure(ten)
const valuesIn = (measured: ReadonlyArray<Measured<number>>, now: number) =>
  showWindow(ten)(pointOf(measure, measured), now)

/** The slot of a time, by a point of nothing else. */
const slotIn = (settings: Parameters<typeof windowMeasure>[0], at: number) =>
  windowMeasure(settings).first(0, at).slots[0]!.slot

const anyTime = fc.oneof(
  fc.integer({ min: -30, max: 30 }),
  fc.constant(-0),
  fc.double({ min: -30, max: 30, noNaN: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true })
)
const anySettings = fc.record({ windowMillis: fc.integer({ min: 1, max: 20 }), slots: fc.integer({ min: 1, max: 12 }) })

describe.each([
  { windowMillis: 10, slots: 10 },
  { windowMillis: 7, slots: 3 },
  { windowMillis: 5, slots: 1 },
  { windowMillis: 0.3, slots: 7 }
])("%o", (settings) => {
  obeysTheLaws(windowMeasure(settings), someMeasured(awkward, anyTime), inOrder)
})

it("has at most as many slots as the window, in order, and at most one ahead of the last value", () => {
  fc.assert(
    fc.property(anySettings, someMeasured(fc.integer(), anyTime), (settings, values) => {
      const slots = pointOf(windowMeasure(settings), values).slots.map(({ slot }) => slot)
      expect(slots.length).toBeLessThanOrEqual(settings.slots)
      deepStrictEqual(
        slots,
        [...new Set(slots)].sort((a, b) => a - b)
      )
      expect(slots.at(-1)! - slots[0]!).toBeLessThan(settings.slots)
      const last = slotIn(settings, values.at(-1)![1])
      expect(slots.at(-1)! - last).toBeLessThanOrEqual(settings.slots < 10 ? 0 : 1)
      expect(slots).toContain(last)
    })
  )
})

describe("the content of a window", () => {
  /** By definition, over all values, with integers that have no end. */
  const expected = (
    { slots, windowMillis }: { readonly slots: number; readonly windowMillis: number },
    measured: ReadonlyArray<Measured<number>>,
    now: number
  ) => {
    const slotOf = (at: number) => {
      const product = BigInt(at) * BigInt(slots)
      const length = BigInt(windowMillis)
      return product / length - (product % length < 0n ? 1n : 0n)
    }
    const isIn = (at: number, newest: number) =>
      slotOf(at) <= slotOf(newest) && slotOf(at) > slotOf(newest) - BigInt(slots)
    const newest = Math.max(...measured.map(([, at]) => at))
    const values = measured.filter(([, at]) => isIn(at, newest) && isIn(at, now)).map(([value]) => 0 + value)
    const count = values.length
    const sum = sumOf(values)
    if (count === 0) return { count, sum, min: null, max: null, average: null }
    return { count, sum, min: Math.min(...values), max: Math.max(...values), average: sum / count }
  }
  const some = someMeasured(awkward, fc.integer({ min: -40, max: 40 }))

  it("matches the definition, for a reader at any time", () => {
    fc.assert(
      fc.property(anySettings, some, fc.integer({ min: -60, max: 60 }), (settings, measured, now) => {
        const point = pointOf(windowMeasure(settings), inOrder(measured))
        const shown = expected(settings, measured, now)
        deepStrictEqual(showWindow(settings)(point, now), shown)
        deepStrictEqual(showRate(settings)(point, now), { perSecond: shown.sum / (settings.windowMillis / 1000) })
      }),
      { numRuns: 1000 }
    )
  })

  it("is never as old as the window is long, and always includes what is younger than the window less a slot", () => {
    fc.assert(
      fc.property(anySettings, fc.integer({ min: -40, max: 40 }), fc.nat(40), (settings, at, age) => {
        const { count } = showWindow(settings)(windowMeasure(settings).first(1, at), at + age)
        if (age >= settings.windowMillis) expect(count).toBe(0)
        if (age <= settings.windowMillis - settings.windowMillis / settings.slots) expect(count).toBe(1)
      }),
      { numRuns: 1000 }
    )
  })
})

describe("the edges of a window", () => {
  it("a slot is in the window as a whole, until the reader reaches its end", () => {
    const point = pointOf(measure, [
      [1, 0],
      [2, 999]
    ])
    expect(showWindow(ten)(point, 9999).count).toBe(2)
    expect(showWindow(ten)(point, 10_000).count).toBe(0)
  })

  it("values after the reader's slot do not count", () => {
    expect(
      valuesIn(
        [
          [1, 0],
          [2, 1000]
        ],
        999.9
      ).sum
    ).toBe(1)
  })

  it("a value may be late by one slot, and is in the window with earlier values", () => {
    const late = (at: number) =>
      valuesIn(
        [
          [1, 10_000],
          [2, at]
        ],
        10_000
      ).sum
    expect(late(9999)).toBe(3)
    expect(late(9000)).toBe(3)
  })

  it("an even earlier value means that the clock was set back, and discards what lies after it", () => {
    const set = (at: number, now: number) =>
      valuesIn(
        [
          [1, 5000],
          [2, 10_000],
          [4, at]
        ],
        now
      ).sum
    expect(set(8999, 8999)).toBe(5)
    expect(set(8999, 10_000)).toBe(5)
    expect(set(-9_000_000, 10_000)).toBe(0)
    expect(set(-9_000_000, -9_000_000)).toBe(4)
  })

  it("no value is late in a window of a few long slots", () => {
    const few = { windowMillis: 9000, slots: 9 }
    const point = pointOf(windowMeasure(few), [
      [1, 10_000],
      [2, 9999]
    ])
    expect(showWindow(few)(point, 10_000).sum).toBe(2)
  })

  it("times before 1970 and between milliseconds are supported", () => {
    const shown = valuesIn(
      [
        [1, -10_000.5],
        [4, -9999.5],
        [2, -0.5]
      ],
      -0.25
    )
    expect(shown.sum).toBe(6)
  })

  it("times so far away that slots are indistinguishable still yield finite results", () => {
    for (const at of [Number.MAX_VALUE, -Number.MAX_VALUE]) {
      const point = measure.first(1, at)
      deepStrictEqual(JSON.parse(JSON.stringify(point)), point)
      expect(showWindow(ten)(point, at).count).toBe(1)
    }
  })
})

it("an empty window has no extremes, no average, and a rate of 0", () => {
  const nothing = { count: 0, sum: 0, min: null, max: null, average: null }
  for (const point of [null, measure.first(1, 0)]) {
    expect(showWindow(ten)(point, 60_000)).toEqual(nothing)
    expect(showRate(ten)(point, 60_000)).toEqual({ perSecond: 0 })
  }
})

it("a window is one minute long by default", () => {
  const settings = { slots: 60 }
  expect(showRate(settings)(windowMeasure(settings).first(30, 0), 59_999)).toEqual({ perSecond: 0.5 })
  expect(showRate(settings)(windowMeasure(settings).first(30, 0), 60_000)).toEqual({ perSecond: 0 })
})
