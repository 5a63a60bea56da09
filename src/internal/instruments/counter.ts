import type { Measure } from "./instrument.ts"
import { grown, noNumbers, type Points } from "./points.ts"

/** Counts add up: finite, not negative. */
export const counterMeasure: Measure<number> = {
  least: 0,
  // 0 + value: -0 counts as 0, whichever comes first.
  first: (value) => 0 + value,
  next: (point, value) => point + value
}

/** Totals, in `a`. */
export class CounterPoints implements Points {
  a = noNumbers
  readonly b = noNumbers

  get least(): number {
    return counterMeasure.least
  }

  code(): string {
    return "a[s] += v;"
  }

  reserve(index: number): void {
    this.a = grown(this.a, index + 1)
  }

  add(index: number, value: number): void {
    this.a[index]! += value
  }

  point(index: number): number {
    return this.a[index]!
  }
}
