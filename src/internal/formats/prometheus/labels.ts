/**
 * Labels as text. No two series of one metric come out with the same labels, whatever their values are.
 */

import { labelName } from "../../naming/names.ts"
import { Duplicate, Duplicates } from "../duplicates.ts"
import type { Attributes } from "../metricData.ts"

/** What has to be escaped in a label's value, and what no parser takes: NUL, and halves of surrogate pairs. */
const special = /[\\"\n\0\ud800-\udfff]/u

/** The value of a label between its quotes, the same in both formats. */
export const escapeLabelValue = (value: string): string =>
  special.test(value)
    ? wellFormed(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    : value

/** The text behind HELP. */
export const escapeHelp = (text: string, quotes: boolean): string => {
  const escaped = wellFormed(text).replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
  return quotes ? escaped.replaceAll('"', '\\"') : escaped
}

const wellFormed = (text: string): string => text.replaceAll(/[\0\ud800-\udfff]/gu, "\ufffd")

/** Prometheus has the same for labels that stand in the way of its own. */
const Exported = "exported_"

/**
 * The labels of each point, `common` in front, without the braces. `reserved`: names that are taken by `common` and by
 * what follows.
 */
export const labelsOf = (
  points: ReadonlyArray<{ readonly attributes: Attributes }>,
  common: string,
  reserved: ReadonlyArray<string>,
  duplicates: Duplicates = new Duplicates()
): Array<string> => {
  const taken = new Set(reserved)
  const names = new Map<string, string>()
  const nameOf = (attribute: string): string => {
    let name = labelName(attribute)
    while (taken.has(name)) name = Exported + name
    taken.add(name)
    const known = `${name}="`
    names.set(attribute, known)
    return known
  }

  const texts = points.map(({ attributes }) => {
    let text = common
    for (const attribute in attributes) {
      const value = attributes[attribute]
      if (text !== "") text += ","
      text += names.get(attribute) ?? nameOf(attribute)
      if (value !== null && value !== undefined) text += escapeLabelValue(String(value))
      text += '"'
    }
    return text
  })
  const numbers = duplicates.numbers(texts, points)
  return numbers.length === 0 ? texts : texts.map((text, i) => numbered(text, numbers[i]))
}

const numbered = (text: string, number: string | undefined): string =>
  number === undefined ? text : `${text}${text === "" ? "" : ","}${Duplicate}="${number}"`
