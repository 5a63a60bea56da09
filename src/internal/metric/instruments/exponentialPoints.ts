/** Exponential histograms in place. */
import {
  copyOfDraft,
  draftForm,
  draftOf,
  type ExponentialDraft,
  type ExponentialPoint,
  type ExponentialSettings,
  newDraft,
  pointOf,
  take
} from "./exponential.ts"
import { type Packed, packAll, unpackAll } from "./packing.ts"
import { noNumbers, type Points } from "./points.ts"
import { SharedSeries } from "./sharedSeries.ts"

/** A draft for each series. */
export class ExponentialPoints implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly #settings: ExponentialSettings
  #series: Array<ExponentialDraft> = []
  readonly #shared = new SharedSeries()

  constructor(settings: ExponentialSettings) {
    this.#settings = settings
  }

  code(): string {
    return "points.add(s, v);"
  }

  reserve(index: number): void {
    this.#shared.leave(index)
    this.#series[index] = newDraft(this.#settings)
  }

  add(index: number, value: number): void {
    if (this.#shared.leave(index)) this.#series[index] = copyOfDraft(this.#series[index]!)
    take(this.#series[index]!, value, this.#settings.maxSize)
  }

  point(index: number): ExponentialPoint {
    return pointOf(this.#series[index]!)
  }

  put(index: number, point: ExponentialPoint): void {
    this.#shared.leave(index)
    this.#series[index] = draftOf(point)
  }

  copy(count: number): ExponentialPoints {
    const copy = new ExponentialPoints(this.#settings)
    copy.#series = this.#series.slice(0, count)
    this.#shared.share(count)
    return copy
  }

  save(from: number, to: number): Packed {
    return packAll(draftForm, this.#series.slice(from, to))
  }

  load(saved: ReadonlyArray<Packed>): void {
    this.#series = saved.flatMap((some) => unpackAll(draftForm, some) as Array<ExponentialDraft>)
  }
}
