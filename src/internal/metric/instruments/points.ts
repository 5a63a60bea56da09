/**
 * The points of an instrument in place: numbers in typed arrays, by the index of their series.
 */
import type { Steps } from "../../util/steps.ts"
import type { Measure } from "./measure.ts"

export interface Points {
  /** The arrays, which grow. What lies in them is the instrument's business. */
  readonly a: Float64Array
  readonly b: Float64Array
  /** Makes room for the series up to `index`, which begins anew. */
  readonly reserve: (index: number) => void
  /** The least value that rows can have, of finite ones. */
  readonly least: number
  /** Takes a value that its measure accepts. */
  readonly add: (index: number, value: never, at: number) => void
  /**
   * The same as a statement of JavaScript, for the code that folds rows: `s` is the index, `v` the value, `time` when
   * it was measured, `points` are these points, `a` and `b` the arrays, `k` the {@link constants}. `high` is an
   * expression for the upper half of `v`. Without it events are folded.
   */
  readonly code?: ((high: string) => string) | undefined
  /** Where the exact sum of a series lies, which is not for {@link code} to add to. */
  readonly sum?: SumCode | undefined
  /** What many values of one series and one time come to: their sum, or the last of them. It is added as one value then. */
  readonly together?: "sum" | "last"
  /** Tables of numbers that the code looks things up in, by name. */
  readonly constants?: { readonly [table: string]: ArrayLike<number> } | undefined
  /** When the last value was measured, where that matters to {@link rewind}. */
  readonly latest?: number | undefined
  /** The clock is at `at`: see {@link Measure.rewind}. */
  readonly rewind?: (at: number) => void
  /** The point of the pure reducer. */
  readonly point: (index: number) => unknown
  /**
   * Has a series be at this point, which may come from other points. `latest`: theirs, where they have one. Values that it
   * has beyond a limit of these points are kept as values beyond it.
   */
  readonly put: (index: number, point: never, latest: number | undefined) => void
  /**
   * Merges a point of other points of the same definition into one of these, which may have begun just now. Where numbers
   * need no object for that.
   */
  readonly merge?: (index: number, other: never, from: number) => void
  /** The first `count` series as they are now, to be looked at while these go on. */
  readonly copy: (count: number) => Points
  /** Nobody looks at one of the copies any more. Where copies are made series by series: see {@link ./laterCopies.ts}. */
  readonly releaseCopy?: () => void
  /** There, while there are copies that have a series only when it changes: {@link keep} is to be called before. */
  readonly copies?: unknown
  /** A series is about to change. Rows say so, `add` and what else there is here does so itself. */
  readonly keep?: (index: number) => void
  /** What it has of the series from one index up to another one, as plain data of its own. Free ones are among them. */
  readonly save: (from: number, to: number) => unknown
  /** Takes over what was saved of all series, some of them in each part. These are fresh ones. */
  readonly loading: (saved: ReadonlyArray<never>) => Steps<void>
}

/** As expressions, for {@link Points.code}: the double of a sum, and the one for what it rounds away. */
export type SumCode = readonly [high: string, low: string]

/** What points save that lie in two arrays. */
export type TwoArrays = Pick<Points, "a" | "b">

/** An array that has room for `length` numbers: the same one, or a larger copy. */
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
