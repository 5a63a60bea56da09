/**
 * The text of a scrape: Prometheus' text format 0.0.4, or OpenMetrics 1.0.
 */

import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import type { TextFormat } from "../../model/format.ts"
import { counterSample, type Family } from "../../naming/names.ts"
import { type BaseUnit, isScaled } from "../../naming/units.ts"
import type { Steps } from "../../util/steps.ts"
import type { HistogramDataPoint, Life, MetricData, NumberPoint, SummaryDataPoint } from "../metricData.ts"
import { boundariesOf, countsOf } from "./classicBuckets.ts"
import { exemplarText } from "./exemplar.ts"
import { createdOf, Families, helpOf, nobody, type Source, scale } from "./families.ts"
import { escapeHelp, LabelTexts, labelsOf } from "./labels.ts"
import { canonicalNumber, numberText } from "./numbers.ts"
import { joined, TextBlocks } from "./textBlocks.ts"

/** A family, its header and the lines of its samples. */
interface Section {
  readonly family: Family
  readonly text: TextBlocks
}

/** Writes series of one metric whose labels are there as text, without those of the source. */
export interface SeriesSection {
  /** A label up to its value. */
  readonly opening: (attribute: string) => string
  readonly value: (labels: string, value: number) => void
  readonly histogram: (
    labels: string,
    boundaries: ReadonlyArray<number>,
    counts: ArrayLike<number>,
    sum: number,
    sumFalls: boolean
  ) => void
  /** Ends a part of them. */
  readonly end: () => void
}

export type SeriesExposition = Pick<Exposition, "sectionFor">

export class Exposition {
  readonly #isOpenMetrics: boolean
  readonly #reserved: ReadonlyArray<string>
  readonly #families: Families<Section>
  readonly #end = new TextBlocks()

  /** `reserved`: names of labels that no metric may have. `names`: of the families that are shown. */
  constructor(format: TextFormat, reserved: ReadonlyArray<string> = [], names?: ReadonlyArray<string>) {
    this.#families = new Families((family, data) => {
      const text = new TextBlocks()
      text.add(this.#headerOf(family, data))
      return { family, text }
    }, names)
    this.#reserved = reserved
    this.#isOpenMetrics = format === "openmetrics"
  }

  /** Adds data. When this throws, nothing was added. */
  add(data: MetricData, source: Source = nobody): void {
    const section = this.#families.sectionOf(data)
    if (section === undefined) return
    const created = this.#createdOf(source)
    const labelsWith = (...own: ReadonlyArray<string>) => labelsOf(data.points, source, ...this.#reserved, ...own)
    switch (data.type) {
      case "gauge":
      case "sum":
        return void section.text.add(this.#numbers(section.family, data.points, labelsWith(), created))
      case "histogram": {
        const labels = labelsWith("le")
        let last: ReadonlyArray<number> = []
        let bounds: ReadonlyArray<string> = []
        const lines = data.points.map((point, i) => {
          // All points of one recorder have the same.
          if (point.boundaries !== last) {
            last = point.boundaries
            bounds = this.#boundsOf(last, section.family.unit)
          }
          return this.#buckets(section.family, bounds, point, labels[i]!, created(point))
        })
        return void section.text.add(lines.join(""))
      }
      case "exponentialHistogram": {
        const labels = labelsWith("le")
        const bounds = this.#boundsOf(boundariesOf(data.grid), section.family.unit)
        const lines = data.points.map((point, i) => {
          const classic = { ...point, counts: countsOf(point, data.grid) }
          return this.#buckets(section.family, bounds, classic, labels[i]!, created(point))
        })
        return void section.text.add(lines.join(""))
      }
      case "summary":
        return void section.text.add(this.#summaries(section.family, data.points, labelsWith("quantile"), created))
    }
  }

  /** To write series whose labels are there as text. `own`: see {@link LabelTexts}. */
  sectionFor(data: MetricData, source: Source, own: ReadonlyArray<string>): SeriesSection | undefined {
    const section = this.#families.sectionFor(data)
    if (section === undefined) return undefined
    const { family } = section
    const { name, type, unit } = family
    const labels = new LabelTexts(source, [...this.#reserved, ...own])
    const common = labels.common === "" ? "" : `${labels.common},`
    const created = this.#createdOf(source)({})
    const begin = `${type === "counter" ? counterSample(name) : name}{${common}`
    const createdBegin =
      created === undefined || type !== "counter" || !hasTotal(name) ? undefined : `${name}_created{${common}`
    const scaled = isScaled(unit)
    let last: ReadonlyArray<number> = []
    let bounds: ReadonlyArray<string> = []
    let text = ""
    return {
      opening: (attribute) => labels.opening(attribute),
      value: (label, value) => {
        text += `${begin}${label}} ${numberText(scaled ? scale(value, unit) : value)}\n`
        if (createdBegin !== undefined) text += `${createdBegin}${label}} ${created}\n`
      },
      histogram: (label, boundaries, counts, sum, sumFalls) => {
        if (boundaries !== last) {
          last = boundaries
          bounds = this.#boundsOf(boundaries, unit)
        }
        let count = 0
        for (let i = 0; i < counts.length; i++) count += counts[i]!
        text += this.#buckets(family, bounds, { count, counts, sum, sumFalls }, common + label, created)
      },
      end: () => {
        section.text.add(text)
        text = ""
      }
    }
  }

  /** When a point began to count, as text; `undefined`: that is not known, or not told in this format. */
  #createdOf(source: Source): CreatedOf {
    if (!this.#isOpenMetrics) return () => undefined
    let last: number | undefined
    let text: string | undefined
    return (point) => {
      const created = createdOf(source, point)
      if (created !== last) {
        last = created
        text = created === undefined ? undefined : numberText(created / 1000)
      }
      return text
    }
  }

  #headerOf({ name, type, unit }: Family, data: MetricData): string {
    const help = escapeHelp(helpOf(data), this.#isOpenMetrics)
    if (!this.#isOpenMetrics) {
      const shown = type === "counter" ? counterSample(name) : name
      return `# HELP ${shown} ${help}\n# TYPE ${shown} ${type}\n`
    }
    // Prometheus drops a whole scrape for a unit that is not behind a name.
    const hasUnit = unit.suffix !== "" && name.endsWith(`_${unit.suffix}`)
    const unitLine = hasUnit ? `# UNIT ${name} ${unit.suffix}\n` : ""
    return `# TYPE ${name} ${type === "counter" && !hasTotal(name) ? "unknown" : type}\n${unitLine}# HELP ${name} ${help}\n`
  }

  // --- points

  #numbers(
    { name, type, unit }: Family,
    points: ReadonlyArray<NumberPoint>,
    labels: ReadonlyArray<string>,
    createdOf: CreatedOf
  ): string {
    const scaled = isScaled(unit)
    const sample = type === "counter" ? counterSample(name) : name
    // In OpenMetrics, what has no `_total` is no counter.
    const isCounter = type === "counter" && hasTotal(name)
    let text = ""
    for (let i = 0; i < points.length; i++) {
      const { exemplar, value } = points[i]!
      const created = createdOf(points[i]!)
      const set = labels[i] === "" ? "" : `{${labels[i]}}`
      text += `${sample}${set} ${numberText(scaled ? scale(value, unit) : value)}${isCounter ? this.#exemplar(exemplar, unit) : ""}\n`
      if (isCounter && created !== undefined) text += `${name}_created${set} ${created}\n`
    }
    return text
  }

  /** The text format has none. */
  #exemplar(exemplar: Exemplar | undefined, unit: BaseUnit): string {
    return exemplar === undefined || !this.#isOpenMetrics ? "" : exemplarText(exemplar, scale(exemplar.value, unit))
  }

  /** As they stand behind `le`. */
  #boundsOf(boundaries: ReadonlyArray<number>, unit: BaseUnit): ReadonlyArray<string> {
    const text = this.#isOpenMetrics ? canonicalNumber : numberText
    return boundaries.map((boundary) => {
      const value = scale(boundary, unit)
      return `le="${text(value)}"} `
    })
  }

  #buckets(
    { name, unit }: Family,
    bounds: ReadonlyArray<string>,
    {
      count,
      counts,
      exemplars = [],
      sum,
      sumFalls
    }: Pick<HistogramDataPoint, "count" | "exemplars" | "sum" | "sumFalls"> & { readonly counts: ArrayLike<number> },
    labels: string,
    created: string | undefined
  ): string {
    const bucket = `${name}_bucket{${labels}${labels === "" ? "" : ","}`
    const set = labels === "" ? "" : `{${labels}}`
    let text = ""
    let total = 0
    for (let i = 0; i < bounds.length; i++) {
      total += counts[i]!
      text += `${bucket}${bounds[i]!}${numberText(total)}${this.#exemplar(exemplars[i], unit)}\n`
    }
    text += `${bucket}le="+Inf"} ${numberText(count)}${this.#exemplar(exemplars[bounds.length], unit)}\n`
    // `rate` takes a sum that goes down for one that began anew: where values may be negative there is none.
    if (!sumFalls) text += `${name}_sum${set} ${numberText(scale(sum, unit))}\n`
    // OpenMetrics has no count without a sum.
    if (!sumFalls || !this.#isOpenMetrics) text += `${name}_count${set} ${numberText(count)}\n`
    return created === undefined ? text : `${text}${name}_created${set} ${created}\n`
  }

  #summaries(
    { name, unit }: Family,
    points: ReadonlyArray<SummaryDataPoint>,
    labels: ReadonlyArray<string>,
    createdOf: CreatedOf
  ): string {
    const quantileText = this.#isOpenMetrics ? canonicalNumber : numberText
    let text = ""
    for (let i = 0; i < points.length; i++) {
      const { count, quantiles, sum, sumFalls } = points[i]!
      const created = createdOf(points[i]!)
      const own = labels[i]!
      const set = own === "" ? "" : `{${own}}`
      for (const [quantile, value] of quantiles) {
        // OpenMetrics has none below 0.
        if (this.#isOpenMetrics && value < 0) continue
        const at = `${own}${own === "" ? "" : ","}quantile="${quantileText(quantile)}"`
        text += `${name}{${at}} ${numberText(scale(value, unit))}\n`
      }
      if (!sumFalls) text += `${name}_sum${set} ${numberText(scale(sum, unit))}\n`
      text += `${name}_count${set} ${numberText(count)}\n`
      if (created !== undefined) text += `${name}_created${set} ${created}\n`
    }
    return text
  }

  // --- the whole

  /** The bytes of the text. */
  finish(): Steps<Uint8Array<ArrayBuffer>> {
    if (this.#isOpenMetrics) this.#end.add("# EOF\n")
    return joined([...Array.from(this.#families.sections, ({ text }) => text), this.#end])
  }
}

const hasTotal = (name: string): boolean => counterSample(name) !== name

type CreatedOf = (point: { readonly life?: Life | undefined }) => string | undefined
