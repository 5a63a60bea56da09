import { deepStrictEqual } from "node:assert/strict"
import { it } from "@effect/vitest"
import fc from "fast-check"
import type { Measure } from "../../src/internal/metric/instruments/measure.ts"

/** A value with the time of its measurement. */
export type Measured<Value> = readonly [value: Value, at: number]

/** The point after at least one value. */
export const pointOf = <Point, Value>(
  measure: Measure<Point, Value>,
  values: ReadonlyArray<Measured<Value>>
): Point => {
  const [value, at] = values[0]!
  return values.slice(1).reduce((point, each) => measure.next(point, ...each), measure.first(value, at))
}

export const someMeasured = <Value>(
  value: fc.Arbitrary<Value>,
  at: fc.Arbitrary<number> = fc.integer({ min: -1000, max: 1000 }),
  maxLength = 30
): fc.Arbitrary<ReadonlyArray<Measured<Value>>> => fc.array(fc.tuple(value, at), { minLength: 1, maxLength })

/** As from a clock that is never set back. */
export const inOrder = <Value>(values: ReadonlyArray<Measured<Value>>): ReadonlyArray<Measured<Value>> =>
  values.toSorted(([, left], [, right]) => left - right)

/**
 * What has to be true of points that several processes keep. `inTime` puts them in the order of a clock, for points that depend on it.
 */
export const obeysTheLaws = <Point, Value>(
  measure: Measure<Point, Value>,
  some: fc.Arbitrary<ReadonlyArray<Measured<Value>>>,
  inTime: (values: ReadonlyArray<Measured<Value>>) => ReadonlyArray<Measured<Value>> = (values) => values
): void => {
  const of = (values: ReadonlyArray<Measured<Value>>) => pointOf(measure, inTime(values))

  it("a merged point equals the point of the values of both", () => {
    fc.assert(
      fc.property(some, some, (left, right) => {
        deepStrictEqual(measure.merge(of(left), of(right)), of([...left, ...right]))
      })
    )
  })

  it("merging is commutative and associative", () => {
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        const { merge } = measure
        deepStrictEqual(merge(of(a), of(b)), merge(of(b), of(a)))
        deepStrictEqual(merge(merge(of(a), of(b)), of(c)), merge(of(a), merge(of(b), of(c))))
      })
    )
  })

  it("a point can be sent and stored, and continued from there", () => {
    fc.assert(
      fc.property(some, some, (before, after) => {
        const point = pointOf(measure, before)
        const stored = JSON.parse(JSON.stringify(point)) as Point
        deepStrictEqual(stored, point)
        deepStrictEqual(structuredClone(point), point)
        deepStrictEqual(
          after.reduce((later, each) => measure.next(later, ...each), stored),
          pointOf(measure, [...before, ...after])
        )
        deepStrictEqual(point, pointOf(measure, before), "a point was changed in place")
      })
    )
  })
}
