/** The lines of histograms with fixed buckets, in the text formats. */
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import type { Family } from "../../naming/names.ts"
import type { HistogramDataPoint } from "../metricData.ts"
import { exemplarText } from "./exemplar.ts"
import { scale } from "./families.ts"
import { canonicalNumber, numberText } from "./numbers.ts"
import { MostOfNumber, type TextBlocks, TextBytes } from "./textBlocks.ts"

export interface HistogramLine extends Pick<HistogramDataPoint, "count" | "exemplars" | "sum" | "sumFalls"> {
  readonly boundaries: ReadonlyArray<number>
  readonly counts: ArrayLike<number>
}

/** The parts of the lines around the labels and numbers. */
interface Frame {
  readonly bucket: TextBytes
  readonly sum: TextBytes
  readonly count: TextBytes
  readonly created: TextBytes
  /** Between the labels and the number. */
  readonly end: TextBytes
  readonly lastBucket: TextBytes
}

const frameOf = (name: string, opening: string, isBare: boolean): Frame => {
  const head = (suffix: string) => new TextBytes(`${name}${suffix}${isBare ? "" : opening}`)
  return {
    bucket: new TextBytes(`${name}_bucket${opening}`),
    sum: head("_sum"),
    count: head("_count"),
    created: head("_created"),
    end: new TextBytes(isBare ? " " : "} "),
    lastBucket: new TextBytes(`${isBare ? "" : ","}le="+Inf"} `)
  }
}

export class HistogramLines {
  readonly #family: Family
  readonly #isOpenMetrics: boolean
  readonly #opening: string
  // As for the last point, because all points of one recorder have the same.
  #boundaries: ReadonlyArray<number> | undefined
  #isBare = false
  #frame: Frame | undefined
  #bounds: ReadonlyArray<TextBytes> = []
  /** The maximum length of a line without its labels, in bytes. */
  #mostOfLine = 0

  /** `common`: labels of all points, followed by a comma. */
  constructor(family: Family, isOpenMetrics: boolean, common = "") {
    this.#family = family
    this.#isOpenMetrics = isOpenMetrics
    this.#opening = `{${common}`
  }

  /** `labels`: contains the labels of the point, in this range. They are empty only if there are no common ones. */
  write(
    out: TextBlocks,
    { boundaries, count, counts, exemplars = [], sum, sumFalls }: HistogramLine,
    labels: TextBytes,
    from: number,
    to: number,
    created: string | undefined
  ): void {
    const isBare = from === to
    if (boundaries !== this.#boundaries || isBare !== this.#isBare) this.#begin(boundaries, isBare)
    const bounds = this.#bounds
    const frame = this.#frame!
    const most = to - from + this.#mostOfLine
    out.reserve((bounds.length + 4) * most)
    let total = 0
    for (let i = 0; i < bounds.length; i++) {
      total += counts[i]!
      out.put(frame.bucket)
      out.put(labels, from, to)
      out.put(bounds[i]!)
      out.putNumber(total)
      if (exemplars[i] !== undefined) this.#exemplar(out, exemplars[i]!, most * (bounds.length + 3 - i))
      out.endLine()
    }
    out.put(frame.bucket)
    out.put(labels, from, to)
    out.put(frame.lastBucket)
    out.putNumber(count)
    if (exemplars[bounds.length] !== undefined) this.#exemplar(out, exemplars[bounds.length]!, most * 3)
    out.endLine()
    // `rate` treats a decreasing sum as a reset, so there is no sum if values may be negative.
    if (!sumFalls) {
      out.put(frame.sum)
      out.put(labels, from, to)
      out.put(frame.end)
      out.putNumber(scale(sum, this.#family.unit))
      out.endLine()
    }
    // OpenMetrics has no count without a sum.
    if (!sumFalls || !this.#isOpenMetrics) {
      out.put(frame.count)
      out.put(labels, from, to)
      out.put(frame.end)
      out.putNumber(count)
      out.endLine()
    }
    if (created === undefined) return
    out.put(frame.created)
    out.put(labels, from, to)
    out.put(frame.end)
    out.putAscii(created)
    out.endLine()
  }

  #begin(boundaries: ReadonlyArray<number>, isBare: boolean): void {
    const { name, unit } = this.#family
    const text = this.#isOpenMetrics ? canonicalNumber : numberText
    const frame = frameOf(name, this.#opening, isBare)
    this.#boundaries = boundaries
    this.#isBare = isBare
    this.#frame = frame
    this.#bounds = boundaries.map(
      (boundary) => new TextBytes(`${isBare ? "" : ","}le="${text(scale(boundary, unit))}"} `)
    )
    this.#mostOfLine = frame.bucket.length + 2 * MostOfNumber + 16
  }

  /** `rest`: the number of bytes that must fit after it. The text format has no exemplars. */
  #exemplar(out: TextBlocks, exemplar: Exemplar, rest: number): void {
    if (!this.#isOpenMetrics) return
    out.add(exemplarText(exemplar, scale(exemplar.value, this.#family.unit)))
    out.reserve(rest)
  }
}
