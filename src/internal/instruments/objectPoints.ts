import type { Measure } from "./measure.ts"
import { noNumbers, type Points } from "./points.ts"

/** The points of any measure, as its pure functions make them. */
export class ObjectPoints<Point, Value> implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly code: (() => string) | undefined
  readonly #measure: Measure<Point, Value>
  readonly #points: Array<Point | undefined> = []

  /** `takesNumbers`: any finite number will do, so that rows can be folded. */
  constructor(measure: Measure<Point, Value>, takesNumbers: boolean) {
    this.#measure = measure
    this.code = takesNumbers ? () => "points.add(s, v, time);" : undefined
  }

  reserve(index: number): void {
    this.#points[index] = undefined
  }

  add(index: number, value: Value, at: number): void {
    const point = this.#points[index]
    this.#points[index] = point === undefined ? this.#measure.first(value, at) : this.#measure.next(point, value, at)
  }

  point(index: number): Point {
    return this.#points[index]!
  }
}
