import type { Steps } from "../../util/steps.ts"
import type { Measure } from "./measure.ts"
import { type Form, type Packed, packAll, unpackAll } from "./packing.ts"
import { noNumbers, type Points } from "./points.ts"

interface SavedPoints {
  readonly points: Packed
  readonly at: number
}

/** The points of any measure, as its pure functions make them. */
export class ObjectPoints<Point, Value> implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly code: (() => string) | undefined
  readonly #measure: Measure<Point, Value>
  readonly #form: Form<Point>
  #points: Array<Point | undefined> = []
  /** When the last value was measured. */
  latest = Number.NEGATIVE_INFINITY

  /** `takesNumbers`: any finite number will do, so that rows can be folded. */
  constructor(measure: Measure<Point, Value>, form: Form<Point>, takesNumbers: boolean) {
    this.#measure = measure
    this.#form = form
    this.code = takesNumbers ? () => "points.add(s, v, time);" : undefined
  }

  reserve(index: number): void {
    this.#points[index] = undefined
  }

  add(index: number, value: Value, at: number): void {
    if (at < this.latest) this.rewind(at)
    this.latest = at
    const point = this.#points[index]
    this.#points[index] = point === undefined ? this.#measure.first(value, at) : this.#measure.next(point, value, at)
  }

  rewind(at: number): void {
    const { rewind } = this.#measure
    if (rewind === undefined || at >= this.latest) return
    this.latest = at
    for (const [i, point] of this.#points.entries()) if (point !== undefined) this.#points[i] = rewind(point, at)
  }

  point(index: number): Point {
    return this.#points[index]!
  }

  put(index: number, point: Point, latest = this.latest): void {
    this.#points[index] = point
    if (latest > this.latest) this.latest = latest
  }

  copy(): ObjectPoints<Point, Value> {
    const copy = new ObjectPoints(this.#measure, this.#form, false)
    copy.#points = this.#points.slice()
    copy.latest = this.latest
    return copy
  }

  save(from: number, to: number): SavedPoints {
    return { points: packAll(this.#form, this.#points.slice(from, to)), at: this.latest }
  }

  *loading(saved: ReadonlyArray<SavedPoints>): Steps<void> {
    for (const { at, points } of saved) {
      if (this.#points.length > 0) yield
      for (const point of unpackAll(this.#form, points)) this.#points.push(point)
      this.latest = at
    }
  }
}
