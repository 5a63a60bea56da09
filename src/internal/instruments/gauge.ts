import type { Measure } from "./instrument.ts"
import { grown, noNumbers, type Points } from "./points.ts"

/** The last value, and when it was measured (milliseconds since the Unix epoch). */
export interface GaugePoint {
  readonly value: number
  readonly at: number
}

export const gaugeMeasure: Measure<GaugePoint> = {
  least: -Number.MAX_VALUE,
  first: (value, at) => ({ value, at }),
  next: (_point, value, at) => ({ value, at })
}

/** Values in `a`, times in `b`. */
export class GaugePoints implements Points {
  a = noNumbers
  b = noNumbers

  get least(): number {
    return gaugeMeasure.least
  }

  code(): string {
    return "a[s] = v; b[s] = time;"
  }

  reserve(index: number): void {
    this.a = grown(this.a, index + 1)
    this.b = grown(this.b, index + 1)
  }

  add(index: number, value: number, at: number): void {
    this.a[index] = value
    this.b[index] = at
  }

  point(index: number): GaugePoint {
    return { value: this.a[index]!, at: this.b[index]! }
  }
}
