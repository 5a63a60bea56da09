/**
 * The labels of the series of a metric as a scrape has them, kept from one scrape to the next: to make them anew would
 * cost more than all the rest of it.
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

/** What values of a label there are. Two that differ may have one text only if they are of several kinds. */
const AString = 1
const ANumber = 2
const ABoolean = 4
const Nothing = 8
const NoText = 16
/** Others may come out as the same. */
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

/** Those of the last scrape. */
export class SeriesTexts {
  #last: LabelledTexts | undefined

  /** `openings`: each label up to its value. A scrape under way with others keeps its own. */
  of(metric: Metric.Any, openings: ReadonlyArray<string>): LabelledTexts {
    if (this.#last?.has(openings) !== true) this.#last = new LabelledTexts(metric, openings)
    return this.#last
  }
}

/** Of series that never go away: the first so many are the same in each scrape. */
class LabelledTexts implements LabelBytes {
  readonly text = new TextBytes()
  ends = new Uint32Array(0)
  /** How many series it has. */
  size = 0
  readonly #openings: ReadonlyArray<string>
  /** The same behind the value of the label before. */
  readonly #begins: ReadonlyArray<TextBytes>
  readonly #kinds: Array<number>
  /** Those that there are before their first event, and the index of those that have had one. */
  readonly #zeros: ReadonlyMap<string, ZeroSeries>
  readonly #begun = new Map<string, number>()
  readonly #instrument: Instrument
  #overflow = Number.POSITIVE_INFINITY
  /** By index, the series of which a label was cut. */
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

  /** Takes the next series. */
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

  /** Whether all labels are strings of letters, digits and the like, as most are: they are taken as they stand in the key. */
  #addPlain(key: string): boolean {
    const before = this.text.length
    // Behind the bracket, and then behind each comma.
    let at = 1
    for (let i = 0; i < this.#begins.length; i++) {
      this.text.addBytes(this.#begins[i]!)
      const end = key[at] === '"' ? this.text.addPlain(key, at + 1) : -1
      // One without text is told apart otherwise.
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

  /** Whether all series are told apart by their texts. */
  get areApart(): boolean {
    return !this.#kinds.some(mayBeOne)
  }

  /** What there is to tell of the first `size` series beside their texts. */
  besides(size: number): SeriesBesides {
    return {
      overflow: this.#overflow < size ? this.#overflow : undefined,
      zeros: Array.from(this.#zeros.values()).filter(({ key }) => (this.#begun.get(key) ?? size) >= size),
      cut: this.#cut.filter((index) => index < size).length
    }
  }
}
