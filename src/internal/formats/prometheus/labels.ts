/** Labels as text. No two series of one metric get the same labels, whatever their values are. */
import { labelName } from "../../naming/names.ts"
import { oncePer } from "../../util/oncePer.ts"
import { Duplicate, Duplicates } from "../duplicates.ts"
import type { Attributes } from "../metricData.ts"
import type { Source } from "./families.ts"

/** Characters of a label's value that must be escaped, and those that no parser accepts: NUL, and lone surrogates. */
const special = /[\\"\n\0\ud800-\udfff]/u

/** The value of a label between its quotes, the same in both formats. */
export const escapeLabelValue = (value: string): string =>
  special.test(value)
    ? wellFormed(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    : value

/** The text after HELP. */
export const escapeHelp = (text: string, quotes: boolean): string => {
  const escaped = wellFormed(text).replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
  return quotes ? escaped.replaceAll('"', '\\"') : escaped
}

/** Text that every reader accepts: NUL and lone surrogates are replaced. */
export const wellFormed = (text: string): string => text.replaceAll(/[\0\ud800-\udfff]/gu, "\ufffd")

/** Prometheus uses the same prefix for labels that collide with its own. */
const Exported = "exported_"

export type LabelPair = readonly [name: string, value: string]

/** Attributes of a source as labels between braces, by the object, which is the same for all metrics of a recorder. */
const commonText = oncePer((attributes: Source["attributes"]): string =>
  commonPairs(attributes)
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join()
)

const commonPairs = (attributes: Source["attributes"]): ReadonlyArray<LabelPair> =>
  Object.entries(attributes).map(([name, value]) => [labelName(name), value])

type Points = ReadonlyArray<{ readonly attributes: Attributes }>

/**
 * The labels of each point as text, those of the source first, without the braces. `own`: names that are used after
 * them.
 */
export const labelsOf = (points: Points, source: Source, ...own: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { numberName, numbers, texts } = seriesOf(points, source, own)
  if (numbers.length === 0) return texts
  return texts.map((text, i) => {
    const number = numbers[i]
    return number === undefined ? text : `${text}${text === "" ? "" : ","}${numberName}="${number}"`
  })
}

/** The same labels as names and values. */
export const labelPairs = (
  points: Points,
  source: Source,
  ...own: ReadonlyArray<string>
): ReadonlyArray<ReadonlyArray<LabelPair>> => {
  const { names, numberName, numbers } = seriesOf(points, source, own)
  const common = commonPairs(source.attributes)
  return points.map(({ attributes }, i) => {
    const pairs = common.slice()
    for (const attribute in attributes) {
      const value = attributes[attribute]
      pairs.push([names.get(attribute)!, wellFormed(String(value ?? ""))])
    }
    const number = numbers[i]
    if (number !== undefined) pairs.push([numberName, number])
    return pairs
  })
}

interface Labelled {
  /** By attribute. */
  readonly names: ReadonlyMap<string, string>
  readonly texts: ReadonlyArray<string>
  /** For series with the same texts. */
  readonly numbers: ReadonlyArray<string | undefined>
  /** The label of these numbers. */
  readonly numberName: string
}

/** How labels are written in addition to those of a source. */
export class LabelTexts {
  /** Those of the source. */
  readonly common: string
  readonly names = new Map<string, string>()
  readonly #openings = new Map<string, string>()
  readonly #taken: Set<string>

  /** `own`: names that are used after them. */
  constructor({ attributes }: Source, own: ReadonlyArray<string>) {
    this.common = commonText(attributes)
    this.#taken = new Set([...Object.keys(attributes).map(labelName), ...own])
  }

  /** A label up to its value. */
  opening(attribute: string): string {
    const known = this.#openings.get(attribute)
    if (known !== undefined) return known
    const name = this.#free(labelName(attribute))
    this.#taken.add(name)
    this.names.set(attribute, name)
    const opening = `${name}="`
    this.#openings.set(attribute, opening)
    return opening
  }

  /** The label of the numbers that distinguish series. No other label has its name. */
  get numberName(): string {
    return this.#free(Duplicate)
  }

  #free(name: string): string {
    return this.#taken.has(name) ? this.#free(Exported + name) : name
  }
}

const seriesOf = (points: Points, source: Source, own: ReadonlyArray<string>): Labelled => {
  const labels = new LabelTexts(source, own)
  const texts = points.map(({ attributes }) => {
    let text = labels.common
    for (const attribute in attributes) {
      const value = attributes[attribute]
      if (text !== "") text += ","
      text += labels.opening(attribute)
      if (value !== null && value !== undefined) text += escapeLabelValue(String(value))
      text += '"'
    }
    return text
  })
  const numbers = (source.duplicates ?? new Duplicates()).numbers(texts, points)
  return { names: labels.names, texts, numbers, numberName: labels.numberName }
}
