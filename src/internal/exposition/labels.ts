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
  return duplicates.apart(texts, points)
}

/** Most texts whose series are remembered beyond those that are there, and most series of a text. */
const MostRemembered = 1000

/**
 * Series whose labels come out as the same text, as 1 and "1" do, have numbers. A series keeps its own as long as this
 * is kept, whether the others are there or not.
 */
export class Duplicates {
  /** By text the series that have had it, in the order of their numbers; made when two of them are there at once. */
  #known: Map<string, Array<string>> | undefined

  /** The texts, each with the number of its series behind the first one. */
  apart(texts: Array<string>, points: ReadonlyArray<{ readonly attributes: Attributes }>): Array<string> {
    const distinct = new Set(texts)
    if (this.#known === undefined && distinct.size === texts.length) return texts
    this.#known ??= new Map()
    if (distinct.size < texts.length) this.#learn(texts, points)
    const known = this.#known
    const seen = new Set<string>()
    const apart = texts.map((text, i) => {
      const identities = known.get(text)
      if (identities === undefined) return text
      let identity = identityOf(points[i]!)
      // What an application shows may have a series twice.
      while (seen.has(identity)) identity += "+"
      seen.add(identity)
      let index = identities.indexOf(identity)
      if (index < 0) index = identities.push(identity) - 1
      return index === 0 ? text : `${text}${text === "" ? "" : ","}${Duplicate}="${index + 1}"`
    })
    this.#forget(known, distinct)
    return apart
  }

  #forget(known: Map<string, Array<string>>, present: ReadonlySet<string>): void {
    for (const [text, { length }] of known) {
      if (length > MostRemembered || (known.size > MostRemembered && !present.has(text))) known.delete(text)
    }
  }

  /** Remembers texts that several series have now. */
  #learn(texts: ReadonlyArray<string>, points: ReadonlyArray<{ readonly attributes: Attributes }>): void {
    const first = new Map<string, number>()
    for (const [i, text] of texts.entries()) {
      const before = first.get(text)
      if (before === undefined) first.set(text, i)
      else if (!this.#known!.has(text)) this.#known!.set(text, [identityOf(points[before]!)])
    }
  }
}

/** The names and values of its labels, as they are. */
const identityOf = ({ attributes }: { readonly attributes: Attributes }): string =>
  JSON.stringify(Object.entries(attributes))
