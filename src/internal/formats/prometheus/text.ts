/** The text of a scrape: Prometheus' text format 0.0.4, or OpenMetrics 1.0. */

import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import type { TextFormat } from "../../model/format.ts"
import { counterSample, type Family, hasTotal } from "../../naming/names.ts"
import { type BaseUnit, isScaled } from "../../naming/units.ts"
import { PieceWriter } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import type { Life, MetricData, NumberPoint, SummaryDataPoint } from "../metricData.ts"
import { classicPoints } from "./classicBuckets.ts"
import { exemplarText } from "./exemplar.ts"
import { createdOf, type ExpositionOptions, Families, helpOf, nobody, type Source, scale } from "./families.ts"
import { type HistogramLine, HistogramLines } from "./histogramLines.ts"
import { escapeHelp, labelsOf } from "./labels.ts"
import { canonicalNumber, numberText } from "./numbers.ts"
import { SeriesLines } from "./seriesLines.ts"
import { TextBlocks, TextBytes } from "./textBlocks.ts"

/** A family, its header and the lines of its samples. */
interface Section {
  readonly family: Family
  readonly text: TextBlocks
}

export type SeriesExposition = Pick<Exposition, "linesFor">

export class Exposition {
  readonly #isOpenMetrics: boolean
  readonly #reserved: ReadonlyArray<string>
  readonly #now: number
  readonly #families: Families<Section>

  constructor(
    format: TextFormat,
    { names, now = Number.POSITIVE_INFINITY, reserved = [], take }: ExpositionOptions = {}
  ) {
    this.#families = new Families((family, data) => {
      const text = new TextBlocks(take)
      text.add(this.#headerOf(family, data))
      return { family, text }
    }, names)
    this.#reserved = reserved
    this.#now = now
    this.#isOpenMetrics = format === "openmetrics"
  }

  /** Adds data. If this throws, nothing was added. */
  add(data: MetricData, source: Source = nobody): void {
    const placed = this.#families.placeOf(data)
    if (placed === undefined) return
    const { section, unit } = placed
    const family = { ...section.family, unit }
    const created = this.#createdOf(source)
    const labelsWith = (...own: ReadonlyArray<string>) => labelsOf(data.points, source, ...this.#reserved, ...own)
    switch (data.type) {
      case "gauge":
      case "sum":
        return void section.text.add(this.#numbers(family, data.points, labelsWith(), created))
      case "histogram":
      case "exponentialHistogram":
        return this.#histograms({ ...section, family }, classicPoints(data), labelsWith("le"), created)
      case "summary":
        return void section.text.add(this.#summaries(family, data.points, labelsWith("quantile"), created))
    }
  }

  /** Writes series whose labels are already text. `own`: names that are used after them. */
  linesFor(data: MetricData, source: Source, own: ReadonlyArray<string>): SeriesLines | undefined {
    const placed = this.#families.placeFor(data)
    if (placed === undefined) return undefined
    const { section, unit } = placed
    const family = { ...section.family, unit }
    const [created, isOpenMetrics] = [this.#createdOf(source)({}), this.#isOpenMetrics]
    return new SeriesLines({ ...section, family }, source, [...this.#reserved, ...own], { created, isOpenMetrics })
  }

  /** When a point began to count, as text; `undefined`: it is unknown, or not shown in this format. */
  #createdOf(source: Source): CreatedOf {
    if (!this.#isOpenMetrics) return () => undefined
    let last: number | undefined
    let text: string | undefined
    return (point) => {
      const created = createdOf(source, point, this.#now)
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
    // Prometheus drops a whole scrape if a unit is not a suffix of the name.
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
    // In OpenMetrics, a name without `_total` is not a counter.
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

  /** The text format has no exemplars. */
  #exemplar(exemplar: Exemplar | undefined, unit: BaseUnit): string {
    return exemplar === undefined || !this.#isOpenMetrics ? "" : exemplarText(exemplar, scale(exemplar.value, unit))
  }

  #histograms(
    { family, text }: Section,
    points: ReadonlyArray<HistogramLine & { readonly life?: Life | undefined }>,
    labels: ReadonlyArray<string>,
    createdOf: CreatedOf
  ): void {
    const lines = new HistogramLines(family, this.#isOpenMetrics)
    for (const [i, point] of points.entries()) {
      const own = new TextBytes(labels[i]!)
      lines.write(text, point, own, 0, own.length, createdOf(point))
    }
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
  *finish(): Steps<ReadonlyArray<Uint8Array>> {
    const pieces = new PieceWriter()
    for (const { text } of this.#families.sections) {
      for (const block of text.finish()) pieces.add(block)
      yield
    }
    if (this.#isOpenMetrics) pieces.add(new TextEncoder().encode("# EOF\n"))
    return pieces.finish()
  }
}

type CreatedOf = (point: { readonly life?: Life | undefined }) => string | undefined
