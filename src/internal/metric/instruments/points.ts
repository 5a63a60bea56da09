/** The points of an instrument in place: numbers in typed arrays, by the index of their series. */
import type { Steps } from "../../util/steps.ts"
import type { Measure } from "./measure.ts"

export interface Points {
  /** The arrays, which grow. Their contents are up to the instrument. */
  readonly a: Float64Array
  readonly b: Float64Array
  /** Makes room for the series up to `index`, which starts from zero. */
  readonly reserve: (index: number) => void
  /** The minimum that rows may contain, among finite values. */
  readonly least: number
  /** Adds a value that its measure accepts. */
  readonly add: (index: number, value: never, at: number) => void
  /**
   * The same as a JavaScript statement, for the code that folds rows: `s` is the index, `v` the value, `time` when it
   * was measured, `points` are these points, `a` and `b` the arrays, `k` the {@link constants}. `high` is an expression
   * for the upper half of `v`. If it is absent, events are folded.
   */
  readonly code?: ((high: string) => string) | undefined
  /** The place of the exact sum of a series, which {@link code} must not add to. */
  readonly sum?: SumCode | undefined
  /**
   * The combination of many values of one series and one time, which is then added as one value: their sum, or the last
   * of them.
   */
  readonly together?: "sum" | "last"
  /** Tables of numbers for the code, by name. */
  readonly constants?: { readonly [table: string]: ArrayLike<number> } | undefined
  /** When the last value was measured, if {@link rewind} needs it. */
  readonly latest?: number | undefined
  /** The clock is at `at`: see {@link Measure.rewind}. */
  readonly rewind?: (at: number) => void
  /** The point in the form of the pure reducer. */
  readonly point: (index: number) => unknown
  /**
   * Sets a series to this point, which may come from other points. `latest`: theirs, if they have one. Values in it
   * that exceed a limit of these points are kept as such.
   */
  readonly put: (index: number, point: never, latest: number | undefined) => void
  /**
   * Merges a point of other points of the same definition into one of these, which may be new. Present if numbers can
   * be merged without creating an object.
   */
  readonly merge?: (index: number, other: never, from: number) => void
  /** A copy of the first `count` series as they are now, to be read while these continue to change. */
  readonly copy: (count: number) => Points
  /** Releases one of the copies, if copies are made series by series: see {@link ./laterCopies.ts}. */
  readonly releaseCopy?: () => void
  /** Present while there are copies that get a series only when it changes: {@link keep} must be called before. */
  readonly copies?: unknown
  /** Called before a series changes. Code for rows calls it; `add` and the other methods here do so themselves. */
  readonly keep?: (index: number) => void
  /** The series in a range of indexes, including free ones, as separate plain data. */
  readonly save: (from: number, to: number) => unknown
  /** Takes over the saved parts, each with some series. These points are new. */
  readonly loading: (saved: ReadonlyArray<never>) => Steps<void>
}

/** As expressions, for {@link Points.code}: the double of a sum, and the one for its rounding error. */
export type SumCode = readonly [high: string, low: string]

/** The saved form of points in two arrays. */
export type TwoArrays = Pick<Points, "a" | "b">

/** An array with room for `length` numbers: the same one, or a larger copy. */
export const grown = (numbers: Float64Array, length: number): Float64Array => {
  if (numbers.length >= length) return numbers
  const larger = new Float64Array(Math.max(length, numbers.length * 2))
  larger.set(numbers)
  return larger
}

export function* joined(parts: ReadonlyArray<Float64Array>): Steps<Float64Array> {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let to = 0
  for (const part of parts) {
    if (to > 0) yield
    all.set(part, to)
    to += part.length
  }
  return all
}

export const noNumbers: Float64Array = new Float64Array(0)
