/**
 * Labels as text. No two series of one metric come out with the same labels, whatever their values are.
 */
import type { Attributes } from "../../MetricData.ts"
import { labelName } from "./names.ts"

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

const Duplicate = "duplicate"

/**
 * The labels of each point, `common` in front, without the braces. `reserved`: names that are taken by `common` and by
 * what follows.
 */
export const labelsOf = (
  points: ReadonlyArray<{ readonly attributes: Attributes }>,
  common: string,
  reserved: ReadonlyArray<string>
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
  return new Set(texts).size === texts.length ? texts : apart(texts)
}

/** Numbers those that are the same: different values can come out as the same text, as 1 and "1" do. */
const apart = (texts: ReadonlyArray<string>): Array<string> => {
  const seen = new Map<string, number>()
  return texts.map((text) => {
    const before = seen.get(text) ?? 0
    seen.set(text, before + 1)
    return before === 0 ? text : `${text}${text === "" ? "" : ","}${Duplicate}="${before + 1}"`
  })
}
