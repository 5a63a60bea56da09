/**
 * Series that differ and come out with the same labels where all values are text, as 1 and "1" do: they are numbered.
 */
import type { Attributes } from "./metricData.ts"

/** The label with the number. */
export const Duplicate = "duplicate"

type Labelled = { readonly attributes: Attributes }

/** What tells attributes apart where all values are text. An empty one is the same as one that is not there. */
export const textKey = (attributes: Attributes): string =>
  JSON.stringify(
    Object.entries(attributes)
      .flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, `${value}`] as const]))
      .sort(([left], [right]) => (left < right ? -1 : 1))
  )

/** Most texts whose series are remembered beyond those that are there, and most series of a text. */
const MostRemembered = 1000

/** The numbers of the series of a metric. A series keeps its number as long as this is kept, whoever else is there. */
export class Duplicates {
  /** By text the series that have had it, in the order of their numbers; made when two of them are there at once. */
  #known: Map<string, Array<string>> | undefined

  /**
   * The number of each point among those whose labels come out as the same text, or `undefined` for the first of them.
   * It is empty where all are the first.
   */
  numbers(texts: ReadonlyArray<string>, points: ReadonlyArray<Labelled>): ReadonlyArray<string | undefined> {
    const distinct = new Set(texts)
    if (this.#known === undefined && distinct.size === texts.length) return []
    this.#known ??= new Map()
    if (distinct.size < texts.length) this.#learn(texts, points)
    const known = this.#known
    const seen = new Set<string>()
    const numbers = texts.map((text, i) => {
      const identities = known.get(text)
      if (identities === undefined) return undefined
      let identity = identityOf(points[i]!)
      // What an application shows may have a series twice.
      while (seen.has(identity)) identity += "+"
      seen.add(identity)
      let index = identities.indexOf(identity)
      if (index < 0) index = identities.push(identity) - 1
      return index === 0 ? undefined : String(index + 1)
    })
    this.#forget(known, distinct)
    return numbers
  }

  /** What is known, to be saved. */
  get known(): ReadonlyMap<string, ReadonlyArray<string>> | undefined {
    return this.#known
  }

  /** Takes over what another one knew. */
  load(known: ReadonlyMap<string, ReadonlyArray<string>> | undefined): void {
    this.#known = known && new Map(Array.from(known, ([text, identities]) => [text, identities.slice()]))
  }

  #forget(known: Map<string, Array<string>>, present: ReadonlySet<string>): void {
    for (const [text, { length }] of known) {
      if (length > MostRemembered || (known.size > MostRemembered && !present.has(text))) known.delete(text)
    }
  }

  /** Remembers texts that several series have now. */
  #learn(texts: ReadonlyArray<string>, points: ReadonlyArray<Labelled>): void {
    const first = new Map<string, number>()
    for (const [i, text] of texts.entries()) {
      const before = first.get(text)
      if (before === undefined) first.set(text, i)
      else if (!this.#known!.has(text)) this.#known!.set(text, [identityOf(points[before]!)])
    }
  }
}

/** The names and values of its labels, as they are. */
const identityOf = ({ attributes }: Labelled): string => JSON.stringify(Object.entries(attributes))
