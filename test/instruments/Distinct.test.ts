// The number of distinct values: a set of registers, and an estimate with a stated error.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import type { LabelValue } from "../../src/internal/metric/definition/instrument.ts"
import { BlockPoints } from "../../src/internal/metric/instruments/blockPoints.ts"
import {
  type DistinctSettings,
  distinctMeasure,
  estimate,
  showDistinct
} from "../../src/internal/metric/instruments/distinct.ts"
import { DistinctTable } from "../../src/internal/metric/instruments/distinctTable.ts"
import { rankOf, registerOf } from "../../src/internal/metric/instruments/hyperLogLog.ts"
import { changed, packed, rankAt, unpacked } from "../../src/internal/metric/instruments/packedRegisters.ts"
import { murmur3 } from "../../src/internal/util/murmur3.ts"
import { obeysTheLaws, pointOf, someMeasured } from "../support/measureLaws.ts"

const anyValue: fc.Arbitrary<LabelValue> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.integer({ min: -20, max: 20 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null)
)
const at = 0
const pointsOf = (settings: DistinctSettings) => new BlockPoints(() => new DistinctTable(settings), false)
const valuesOf = (values: ReadonlyArray<LabelValue>) => values.map((value) => [value, at] as const)

describe.each([4, 5, 11, 16])("a distinct count of precision %d", (precision) => {
  const measure = distinctMeasure({ precision })
  // 16 registers fill up in these.
  obeysTheLaws(measure, someMeasured(anyValue, fc.constant(at), 40))

  it("a point is the same whatever the order of its values", () => {
    const shuffled = fc.array(anyValue, { minLength: 1 }).chain((values) => {
      return fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length }))
    })
    fc.assert(
      fc.property(shuffled, ([values, others]) => {
        deepStrictEqual(pointOf(measure, valuesOf(others)), pointOf(measure, valuesOf(values)))
      })
    )
  })

  it("a repeated value changes nothing: the point is the same object", () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 40 }), (values) => {
        const point = pointOf(measure, valuesOf(values))
        for (const value of values) expect(measure.next(point, value, at)).toBe(point)
      })
    )
  })

  it("adding in place yields the same point", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyValue, { minLength: 1, maxLength: 60 }), { maxLength: 3 }), (series) => {
        const points = pointsOf({ precision })
        for (const [index, values] of series.entries()) {
          points.reserve(index)
          for (const value of values) points.add(index, value, at)
        }
        for (const [index, values] of series.entries()) {
          deepStrictEqual(points.point(index), pointOf(measure, valuesOf(values)))
        }
      })
    )
  })

  it("a point stays small: never more characters than registers", () => {
    const points = pointsOf({ precision })
    points.reserve(0)
    for (let i = 0; i < 100_000; i++) points.add(0, i, at)
    expect(points.point(0).registers.length).toBe(2 ** precision)
    expect(measure.first(1, at).registers.length).toBe(4)
  })

  it("registers encoded as a string decode to the same registers, from none to all of them", () => {
    // Each with a hash of its own, and one of the greatest rank.
    const most = 64 - precision + 1
    const ranks = Array.from({ length: 2 ** precision }, (_, i) => (i === 3 ? most : (i % most) + 1))
    for (const count of [0, 1, 2, 3, 4, 2 ** (precision - 2) - 1, 2 ** (precision - 2), 2 ** precision]) {
      const registers = Uint8Array.from(ranks, (rank, i) => ((i * 7) % 2 ** precision < count ? rank : 0))
      const text = packed(registers)
      deepStrictEqual(unpacked(text, precision), registers)
      for (let i = 0; i < Math.min(registers.length, 64); i++) expect(rankAt(text, precision, i)).toBe(registers[i])
      const other = registers.slice()
      other[1] = most
      expect(changed(text, precision, 1, most)).toBe(packed(other))
    }
  })
})

it("a series starts empty when its place is reused", () => {
  const points = pointsOf({})
  points.reserve(0)
  points.add(0, "a", at)
  points.reserve(0)
  points.add(0, "b", at)
  deepStrictEqual(points.point(0), distinctMeasure({}).first("b", at))
})

describe("distinct values", () => {
  const estimateOf = (...values: ReadonlyArray<LabelValue>) => estimate(pointOf(distinctMeasure({}), valuesOf(values)))

  it("include a number, its text, true and null separately", () => {
    expect(estimateOf(1, "1", true, "true", null, "null")).toBe(6)
  })

  it("treat 0 and -0 as equal, and NaN as equal to itself", () => {
    expect(estimateOf(0, -0)).toBe(1)
    expect(estimateOf(Number.NaN, Number.NaN)).toBe(1)
  })

  it("include separately strings that differ in a trailing zero, in case, or in an unpaired surrogate", () => {
    expect(estimateOf("", "\0", "\0\0", "a", "A", "\ud800", "\udc00")).toBe(7)
  })

  it("exclude any other type", () => {
    const { accepts } = distinctMeasure({})
    for (const value of ["", 0, true, null]) expect(accepts(value)).toBe(true)
    for (const value of [undefined, 1n, {}, [], Symbol.iterator, () => 1]) expect(accepts(value)).toBe(false)
  })
})

describe("the estimate", () => {
  const sizes = [10, 100, 1000, 10_000, 100_000, 1_000_000]
  const points = [4, 8, 11, 14, 16].map((precision) => ({ precision, points: pointsOf({ precision }) }))

  it("of 10 to 1 000 000 values is within four times its standard error", () => {
    for (const each of points) each.points.reserve(0)
    for (let i = 1; i <= 1_000_000; i++) {
      for (const each of points) if (each.precision === 11 || i <= 100_000) each.points.add(0, `user-${i}`, at)
      if (!sizes.includes(i)) continue
      for (const { precision, points: all } of points) {
        if (precision !== 11 && i > 100_000) continue
        const error = Math.abs(estimate(all.point(0)) - i) / i
        expect(error, `${i} values, precision ${precision}`).toBeLessThan((4 * 1.04) / Math.sqrt(2 ** precision))
      }
    }
  })

  it("has the stated error without bias, over many sets of many sizes", () => {
    for (const size of [50, 500, 1300, 2500, 5000, 20_000]) {
      const errors = Array.from({ length: 60 }, (_, set) => {
        const all = pointsOf({ precision: 9 })
        all.reserve(0)
        for (let i = 0; i < size; i++) all.add(0, set * 1_000_000 + i, at)
        return estimate(all.point(0)) / size - 1
      })
      const stated = 1.04 / Math.sqrt(2 ** 9)
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
      const spread = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
      expect(Math.abs(mean), `${size} values`).toBeLessThan((4 * stated) / Math.sqrt(errors.length))
      expect(spread, `${size} values`).toBeLessThan(1.4 * stated)
    }
  })

  it("of a few values is exact", () => {
    for (let count = 1; count <= 30; count++) {
      const values = Array.from({ length: count }, (_, i) => `value ${i}`)
      expect(showDistinct(pointOf(distinctMeasure({}), valuesOf(values)))).toEqual({ estimate: count })
    }
  })

  it("of no values is 0", () => {
    expect(showDistinct(null)).toEqual({ estimate: 0 })
    expect(estimate({ precision: 11, registers: "" })).toBe(0)
  })

  it("of full registers is finite or infinite, never NaN", () => {
    const precision = 4
    const registers = packed(new Uint8Array(2 ** precision).fill(64 - precision + 1))
    expect(estimate({ precision, registers })).toBeGreaterThan(2 ** 60)
  })
})

describe("the hash", () => {
  it("is MurmurHash3_x86_128 of UTF-16, little-endian: it matches vectors from mmh3 for Python", () => {
    const vectors: ReadonlyArray<readonly [text: string, seed: number, high: number, low: number]> = [
      ["", 0, 0, 0],
      ["", 1, -2000376340, 1423049145],
      ["a", 0, 54243734, -856731679],
      ["ab", 0, 638564691, -1356679427],
      ["abc", 0, 727422883, 553082805],
      ["abcd", 0, -1779465529, -454255966],
      ["abcde", 0, 1261831646, 1825874437],
      ["abcdef", 0, 1617600992, -2030536188],
      ["abcdefg", 0, -2061509026, -132474197],
      ["abcdefgh", 0, 1815443029, -1913087839],
      ["abcdefghi", 0, 396613426, 938402950],
      ["The quick brown fox jumps over the lazy dog", 0, 364820102, 261420746],
      ["The quick brown fox jumps over the lazy dog", 7, -1375177036, -1064259332],
      ["über 😀 Ж", 3, 1588066121, 1374686720]
    ]
    for (const [text, seed, high, low] of vectors) deepStrictEqual(murmur3(text, seed), { high, low })
  })

  it("uses its first bits for the register, and the position of the next 1 for the rank", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.nat(31), fc.integer({ min: 4, max: 16 }), (a, b, zeros, precision) => {
        // Few bits are set, so that high ranks come.
        const hash = { high: a & (b << zeros), low: (b >>> zeros) | 0 }
        const bits = [hash.high, hash.low].map((word) => (word >>> 0).toString(2).padStart(32, "0")).join("")
        const place = bits.slice(precision).indexOf("1")
        expect(registerOf(hash, precision)).toBe(Number.parseInt(bits.slice(0, precision), 2))
        expect(rankOf(hash, precision)).toBe(place < 0 ? 64 - precision + 1 : place + 1)
      })
    )
    expect(rankOf({ high: 0, low: 0 }, 4)).toBe(61)
  })
})
