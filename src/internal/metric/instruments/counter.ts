import { allSteps, type Steps } from "../../util/steps.ts"
import { type ExactSum, less, plus, rounded } from "./exactSum.ts"
import { isMeasurable, type Measure } from "./measure.ts"
import { grown, joined, noNumbers, type Points, type SumCode } from "./points.ts"
import { type SumPlace, SumRests } from "./sumRests.ts"

/** Adds up. 0 + value: -0 counts as 0, regardless of the order. */
const sum = {
  first: (value: number): ExactSum => 0 + value,
  next: plus,
  merge: (left: ExactSum, right: ExactSum): ExactSum => plus(left, right),
  minus: less
}

/** Accepts finite values that are not negative. */
export const counterMeasure: Measure<ExactSum> = {
  ...sum,
  accepts: (value): value is number => isMeasurable(value, 0)
}

/** A sum that may also decrease. */
export const upDownMeasure: Measure<ExactSum> = {
  ...sum,
  accepts: (value): value is number => isMeasurable(value, -Number.MAX_VALUE)
}

export const showSum = (point: ExactSum | null) => ({ value: rounded(point ?? 0) })

/** The saved form of sums. The second array is present only if it is not empty. */
interface SavedSums {
  readonly a: Float64Array
  readonly b: Float64Array
  readonly rests: ReadonlyMap<number, bigint> | undefined
}

const sumCode: SumCode = ["a[s]", "b[s]"]

/** Totals in `a`, and their rounding errors in `b`. */
export class SumPoints implements Points {
  a = noNumbers
  b = noNumbers
  readonly #rests = new SumRests()
  readonly least: number
  /** If all values are 1, nothing is rounded, so this and `b` are absent. */
  readonly sum: SumCode | undefined
  readonly together = "sum"

  constructor(least: number, isCount: boolean) {
    this.least = least
    this.sum = isCount ? undefined : sumCode
  }

  code(): string {
    return this.#isCount ? "a[s] += v;" : ""
  }

  get #isCount(): boolean {
    return this.sum === undefined
  }

  reserve(index: number): void {
    this.a = grown(this.a, index + 1)
    this.a[index] = 0
    if (this.#isCount) return
    this.b = grown(this.b, index + 1)
    this.b[index] = 0
    this.#rests.forget(index)
  }

  add(index: number, value: number): void {
    if (this.#isCount) this.a[index]! += value
    else this.#rests.add(index, this.a, index, this.b, index, value)
  }

  #place(index: number): SumPlace {
    return [this.a, index, this.b, index]
  }

  point(index: number): ExactSum {
    return this.#isCount ? this.a[index]! : this.#rests.at(index, this.#place(index))
  }

  /** The point as it is shown. */
  rounded(index: number): number {
    if (this.#isCount) return this.a[index]!
    return this.#rests.has(index) ? rounded(this.point(index)) : this.a[index]! + this.b[index]!
  }

  put(index: number, point: ExactSum): void {
    this.#rests.put(index, point, this.#place(index))
  }

  merge(index: number, other: SumPoints, from: number): void {
    this.add(index, other.a[from]!)
    if (this.#isCount) return
    this.add(index, other.b[from]!)
    this.#rests.take(index, other.#rests, from)
  }

  copy(count: number): SumPoints {
    const copy = new SumPoints(this.least, this.#isCount)
    allSteps(copy.loading([this.save(0, count)]))
    return copy
  }

  save(from: number, to: number): SavedSums {
    const [a, b] = [this.a.slice(from, to), this.b.slice(from, to)]
    return { a, b: b.some((low) => low !== 0) ? b : noNumbers, rests: this.#rests.save(from, to) }
  }

  *loading(saved: ReadonlyArray<SavedSums>): Steps<void> {
    this.a = yield* joined(saved.map(({ a }) => a))
    const lows = ({ a, b }: SavedSums): Float64Array => (b.length === 0 ? new Float64Array(a.length) : b)
    if (!this.#isCount) this.b = yield* joined(saved.map(lows))
    for (const { rests } of saved) this.#rests.load(rests)
  }
}
