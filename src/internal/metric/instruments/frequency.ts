import type { Steps } from "../../util/steps.ts"
import { isLabelValue, type LabelValue, labelValue } from "../definition/instrument.ts"
import type { Measure } from "./measure.ts"
import { type Packed, Packer, Unpacker } from "./packing.ts"
import { noNumbers, type Points } from "./points.ts"
import { SharedSeries } from "./sharedSeries.ts"

/**
 * How often each value came; beyond the limit on values, all others together.
 *
 * @category models
 * @since 0.2.0
 */
export interface FrequencyPoint {
  readonly counts: { readonly [value: string]: number }
  readonly others: number
}

const countOf = (counts: FrequencyPoint["counts"], value: string): number =>
  Object.hasOwn(counts, value) ? counts[value]! : 0

/** Not by assignment, which would take `__proto__` for something else. */
const withCount = (counts: FrequencyPoint["counts"], value: string, count: number): FrequencyPoint["counts"] => ({
  ...counts,
  [value]: count
})

const combine = (
  left: FrequencyPoint["counts"],
  right: FrequencyPoint["counts"],
  combined: (left: number, right: number) => number
): FrequencyPoint["counts"] =>
  Object.fromEntries(
    [...new Set([...Object.keys(left), ...Object.keys(right)])].map((value) => [
      value,
      combined(countOf(left, value), countOf(right, value))
    ])
  )

/** A value that did not come is not there. */
const withoutZeros = (counts: FrequencyPoint["counts"]): FrequencyPoint["counts"] =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))

export const frequencyMeasure = (maxValues: number, most?: number): Measure<FrequencyPoint, LabelValue> => {
  const next = (point: FrequencyPoint, of: LabelValue): FrequencyPoint => {
    const value = String(labelValue(of, most))
    const { counts, others } = point
    return Object.hasOwn(counts, value) || Object.keys(counts).length < maxValues
      ? { counts: withCount(counts, value, countOf(counts, value) + 1), others }
      : { counts, others: others + 1 }
  }
  return {
    accepts: isLabelValue,
    first: (value) => next({ counts: {}, others: 0 }, value),
    next,
    // Beyond the limit as well: it bounds what one fold keeps.
    merge: (left, right) => ({
      counts: combine(left.counts, right.counts, (a, b) => a + b),
      others: left.others + right.others
    }),
    minus: (later, earlier) => ({
      counts: withoutZeros(combine(later.counts, earlier.counts, (a, b) => a - b)),
      others: later.others - earlier.others
    })
  }
}

/** In place: a map for each series. */
export class FrequencyPoints implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = 0
  readonly #maxValues: number
  readonly #most: number | undefined
  #series: Array<{ readonly counts: Map<string, number>; others: number }> = []
  readonly #shared = new SharedSeries()

  constructor(maxValues: number, most?: number) {
    this.#maxValues = maxValues
    this.#most = most
  }

  reserve(index: number): void {
    this.#shared.leave(index)
    this.#series[index] = { counts: new Map(), others: 0 }
  }

  add(index: number, of: LabelValue): void {
    if (this.#shared.leave(index)) {
      const { counts, others } = this.#series[index]!
      this.#series[index] = { counts: new Map(counts), others }
    }
    const { counts } = this.#series[index]!
    const value = String(labelValue(of, this.#most))
    const count = counts.get(value)
    if (count !== undefined) counts.set(value, count + 1)
    else if (counts.size < this.#maxValues) counts.set(value, 1)
    else this.#series[index]!.others++
  }

  point(index: number): FrequencyPoint {
    const { counts, others } = this.#series[index]!
    return { counts: Object.fromEntries(counts), others }
  }

  put(index: number, point: FrequencyPoint): void {
    this.#shared.leave(index)
    const entries = Object.entries(point.counts)
    const beyond = entries.slice(this.#maxValues)
    this.#series[index] = {
      counts: new Map(entries.slice(0, this.#maxValues)),
      others: beyond.reduce((sum, [, count]) => sum + count, point.others)
    }
  }

  copy(count: number): FrequencyPoints {
    const copy = new FrequencyPoints(this.#maxValues, this.#most)
    copy.#series = this.#series.slice(0, count)
    this.#shared.share(count)
    return copy
  }

  save(from: number, to: number): Packed {
    const packer = new Packer()
    for (const { counts, others } of this.#series.slice(from, to)) {
      packer.number(others)
      packer.number(counts.size)
      for (const [value, count] of counts) {
        packer.text(value)
        packer.number(count)
      }
    }
    return packer.packed
  }

  *loading(saved: ReadonlyArray<Packed>): Steps<void> {
    for (const some of saved) {
      if (this.#series.length > 0) yield
      this.#load(some)
    }
  }

  #load(saved: Packed): void {
    const from = new Unpacker(saved)
    while (!from.done) {
      const others = from.number()
      const counts = new Map(Array.from({ length: from.number() }, () => [from.text(), from.number()]))
      this.#series.push({ counts, others })
    }
  }
}

export const showFrequency = (point: FrequencyPoint | null) => {
  const { counts, others } = point ?? { counts: {}, others: 0 }
  return others === 0 ? { counts } : { counts, others }
}
