/**
 * The labels of a metric's series as a scrape shows them, kept from one scrape to the next: making them again would
 * cost more than everything else in a scrape.
 */

import { escapeLabelValue, wellFormed } from "../formats/prometheus/labels.ts"
import type { LabelBytes } from "../formats/prometheus/seriesLines.ts"
import { TextBytes } from "../formats/prometheus/textBlocks.ts"
import type { Instrument, LabelValue } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { OverflowKey } from "../metric/instruments/series.ts"
import { isCut } from "../metric/instruments/view.ts"
import { type ZeroSeries, zeroSeries } from "../metric/instruments/zeroSeries.ts"
import type { SeriesBesides } from "./kernels/seriesCut.ts"

/**
 * The kinds of label values. Two different values can have the same text only if a label has values of several kinds.
 */
const AString = 1
const ANumber = 2
const ABoolean = 4
const Nothing = 8
const NoText = 16
/** Other values, which may come out the same. */
const Unclear = 32

const kindOf = (value: LabelValue): number => {
  if (value === null) return Nothing
  if (value === "") return NoText
  if (typeof value === "number") return ANumber
  if (typeof value === "boolean") return ABoolean
  return wellFormed(value) === value ? AString : Unclear
}

const mayBeOne = (kinds: number): boolean => {
  const texts = kinds & (AString | ANumber | ABoolean)
  return (kinds & Unclear) !== 0 || (texts & (texts - 1)) !== 0 || (kinds & (Nothing | NoText)) === (Nothing | NoText)
}

const quote = new TextBytes('"')

/** The texts of the last scrape. */
export class SeriesTexts {
  #last: LabelledTexts | undefined

  /** `openings`: each label up to its value. A scrape in progress with other openings keeps its own texts. */
  of(metric: Metric.Any, openings: ReadonlyArray<string>): LabelledTexts {
    if (this.#last?.has(openings) !== true) this.#last = new LabelledTexts(metric, openings)
    return this.#last
  }
}

/** The texts of series that never expire: the first ones are the same in each scrape. */
class LabelledTexts implements LabelBytes {
  readonly text = new TextBytes()
  ends = new Uint32Array(0)
  /** The number of series it contains. */
  size = 0
  readonly #openings: ReadonlyArray<string>
  /** The same, after the value of the previous label. */
  readonly #begins: ReadonlyArray<TextBytes>
  readonly #kinds: Array<number>
  /** The series that exist before their first event, and the indexes of those that have had one. */
  readonly #zeros: ReadonlyMap<string, ZeroSeries>
  readonly #begun = new Map<string, number>()
  readonly #instrument: Instrument
  #overflow = Number.POSITIVE_INFINITY
  /** The indexes of series whose labels were cut. */
  readonly #cut: Array<number> = []

  constructor(metric: Metric.Any, openings: ReadonlyArray<string>) {
    this.#instrument = metric.instrument!
    this.#openings = openings
    this.#begins = openings.map((opening, i) => new TextBytes(`${i === 0 ? "" : '",'}${opening}`))
    this.#kinds = openings.map(() => 0)
    this.#zeros = new Map(zeroSeries(metric).map((each) => [each.key, each]))
    for (const key of this.#zeros.keys()) this.#textOf(key)
  }

  has(openings: ReadonlyArray<string>): boolean {
    return openings.length === this.#openings.length && openings.every((each, i) => each === this.#openings[i])
  }

  /** Adds the next series. */
  add(key: string): void {
    const index = this.size++
    if (index === this.ends.length) {
      const { ends } = this
      this.ends = new Uint32Array(Math.max(8, 2 * index))
      this.ends.set(ends)
    }
    if (key === OverflowKey) this.#overflow = index
    else {
      if (!this.#addPlain(key)) this.text.add(this.#textOf(key))
      if (this.#zeros.has(key)) this.#begun.set(key, index)
      if (isCut(this.#instrument, key)) this.#cut.push(index)
    }
    this.ends[index] = this.text.length
  }

  /**
   * Whether all labels are strings of letters, digits and the like, as most are. They are then copied from the key as
   * they are.
   */
  #addPlain(key: string): boolean {
    const before = this.text.length
    // After the bracket, and then after each comma.
    let at = 1
    for (let i = 0; i < this.#begins.length; i++) {
      this.text.addBytes(this.#begins[i]!)
      const end = key[at] === '"' ? this.text.addPlain(key, at + 1) : -1
      // An empty value is distinguished in another way.
      if (end <= at + 1) {
        this.text.cut(before)
        return false
      }
      this.#kinds[i]! |= AString
      at = end + 2
    }
    this.text.addBytes(quote)
    return true
  }

  #textOf(key: string): string {
    const values = JSON.parse(key) as ReadonlyArray<LabelValue>
    let text = ""
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      this.#kinds[i]! |= kindOf(value)
      text += `${i === 0 ? "" : ","}${this.#openings[i]}${value === null ? "" : escapeLabelValue(String(value))}"`
    }
    return text
  }

  /** Whether all series differ in their texts. */
  get areApart(): boolean {
    return !this.#kinds.some(mayBeOne)
  }

  /** What there is to show about the first `size` series in addition to their texts. */
  besides(size: number): SeriesBesides {
    return {
      overflow: this.#overflow < size ? this.#overflow : undefined,
      zeros: Array.from(this.#zeros.values()).filter(({ key }) => (this.#begun.get(key) ?? size) >= size),
      cut: this.#cut.filter((index) => index < size).length
    }
  }
}
