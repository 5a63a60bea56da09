/** The lines of one metric's series whose labels are already text. */
import { counterSample, type Family, hasTotal } from "../../naming/names.ts"
import { isScaled } from "../../naming/units.ts"
import { type Source, scale } from "./families.ts"
import { type HistogramLine, HistogramLines } from "./histogramLines.ts"
import { LabelTexts } from "./labels.ts"
import { MostOfNumber, type TextBlocks, TextBytes } from "./textBlocks.ts"

/** The labels of series, without those of the source, concatenated by the index of the series. */
export interface LabelBytes {
  readonly text: TextBytes
  /** The end of each series' labels. */
  readonly ends: Uint32Array
}

const closed = new TextBytes("} ")

const startOf = ({ ends }: LabelBytes, index: number): number => (index === 0 ? 0 : ends[index - 1]!)

export class SeriesLines {
  readonly #out: TextBlocks
  readonly #labels: LabelTexts
  readonly #family: Family
  readonly #isScaled: boolean
  readonly #begin: TextBytes
  readonly #created: string | undefined
  /** The parts around the labels of the separate line for creation times, if there is one. */
  readonly #createdLine: readonly [begin: TextBytes, end: TextBytes] | undefined
  /** The maximum length of both lines without their labels, in bytes. */
  readonly #most: number
  readonly #histograms: HistogramLines

  /** `own`: see {@link LabelTexts}. `created`: when they began to count. */
  constructor(
    { family, text }: { readonly family: Family; readonly text: TextBlocks },
    source: Source,
    own: ReadonlyArray<string>,
    { created, isOpenMetrics }: { readonly created: string | undefined; readonly isOpenMetrics: boolean }
  ) {
    const { name, type, unit } = family
    this.#out = text
    this.#labels = new LabelTexts(source, own)
    this.#family = family
    this.#isScaled = isScaled(unit)
    const common = this.#labels.common === "" ? "" : `${this.#labels.common},`
    const isCounter = type === "counter"
    this.#begin = new TextBytes(`${isCounter ? counterSample(name) : name}{${common}`)
    this.#created = created
    if (isCounter && hasTotal(name) && created !== undefined) {
      this.#createdLine = [new TextBytes(`${name}_created{${common}`), new TextBytes(`} ${created}\n`)]
    }
    const ofCreated = this.#createdLine?.reduce((length, each) => length + each.length, 0) ?? 0
    this.#most = this.#begin.length + closed.length + MostOfNumber + 1 + ofCreated
    this.#histograms = new HistogramLines(family, isOpenMetrics, common)
  }

  /** A label up to its value. */
  opening(attribute: string): string {
    return this.#labels.opening(attribute)
  }

  value(labels: LabelBytes, index: number, value: number): void {
    const out = this.#out
    const from = startOf(labels, index)
    const to = labels.ends[index]!
    out.reserve(this.#most + 2 * (to - from))
    out.put(this.#begin)
    out.put(labels.text, from, to)
    out.put(closed)
    out.putNumber(this.#isScaled ? scale(value, this.#family.unit) : value)
    out.endLine()
    if (this.#createdLine === undefined) return
    out.put(this.#createdLine[0])
    out.put(labels.text, from, to)
    out.put(this.#createdLine[1])
  }

  histogram(labels: LabelBytes, index: number, point: HistogramLine): void {
    this.#histograms.write(this.#out, point, labels.text, startOf(labels, index), labels.ends[index]!, this.#created)
  }
}
