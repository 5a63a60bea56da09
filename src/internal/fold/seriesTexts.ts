/**
 * The labels of the series of a metric as a scrape has them, kept from one scrape to the next: to make them anew would
 * cost more than all the rest of it.
 */

import { escapeLabelValue, wellFormed } from "../formats/prometheus/labels.ts"
import type { LabelValue } from "../metric/definition/instrument.ts"

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

/** Those of the last scrape. */
export class SeriesTexts {
  #last = new LabelledTexts([])

  /** `openings`: each label up to its value. A scrape under way with others keeps its own. */
  of(openings: ReadonlyArray<string>): LabelledTexts {
    if (!this.#last.has(openings)) this.#last = new LabelledTexts(openings)
    return this.#last
  }
}

class LabelledTexts {
  readonly #openings: ReadonlyArray<string>
  /** By the index of the series, and the key that it had. */
  readonly #texts: Array<string> = []
  readonly #keys: Array<string> = []
  readonly #kinds: Array<number>

  constructor(openings: ReadonlyArray<string>) {
    this.#openings = openings
    this.#kinds = openings.map(() => 0)
  }

  has(openings: ReadonlyArray<string>): boolean {
    return openings.length === this.#openings.length && openings.every((each, i) => each === this.#openings[i])
  }

  /** Has the text of a series made, where it is not there. */
  look(index: number, key: string): void {
    if (this.#keys[index] === key) return
    this.#keys[index] = key
    this.#texts[index] = this.#textOf(key)
  }

  /** Of one that is told otherwise, and has to be told from these. */
  beside(key: string): void {
    this.#textOf(key)
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

  /** Whether all series that were looked at are told apart by their texts. */
  get areApart(): boolean {
    return !this.#kinds.some(mayBeOne)
  }

  text(index: number): string {
    return this.#texts[index]!
  }
}
