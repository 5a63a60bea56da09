import { isMeasurable, type Measure } from "./measure.ts"
import { grown, noNumbers, type Points } from "./points.ts"

/** Adds up. 0 + value: -0 counts as 0, whichever comes first. */
const sum = {
  first: (value: number): number => 0 + value,
  next: (point: number, value: number): number => point + value,
  merge: (left: number, right: number): number => left + right,
  minus: (later: number, earlier: number): number => later - earlier
}

/** Counts: finite, not negative. */
export const counterMeasure: Measure<number> = {
  ...sum,
  accepts: (value): value is number => isMeasurable(value, 0)
}

/** A sum that may go down as well. */
export const upDownMeasure: Measure<number> = {
  ...sum,
  accepts: (value): value is number => isMeasurable(value, -Number.MAX_VALUE)
}

/** Totals, in `a`. */
export class SumPoints implements Points {
  a = noNumbers
  readonly b = noNumbers
  readonly least: number
  readonly together = "sum"

  constructor(least: number) {
    this.least = least
  }

  code(): string {
    return "a[s] += v;"
  }

  reserve(index: number): void {
    this.a = grown(this.a, index + 1)
    this.a[index] = 0
  }

  add(index: number, value: number): void {
    this.a[index]! += value
  }

  point(index: number): number {
    return this.a[index]!
  }

  put(index: number, point: number): void {
    this.a[index] = point
  }

  merge(index: number, other: SumPoints, from: number): void {
    this.a[index]! += other.a[from]!
  }

  copy(count: number): SumPoints {
    const copy = new SumPoints(this.least)
    copy.load(this.save(count))
    return copy
  }

  save(count: number): Float64Array {
    return this.a.subarray(0, count)
  }

  load(saved: Float64Array): void {
    this.a = saved.slice()
  }
}
