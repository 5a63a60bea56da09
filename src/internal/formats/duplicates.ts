/** Numbers different series whose labels are equal as text, for example 1 and "1". */
import type { Attributes } from "./metricData.ts"

/** The label with the number. */
export const Duplicate = "duplicate"

type Labelled = { readonly attributes: Attributes }

/** Distinguishes attributes as text. An empty attribute equals a missing one. */
export const textKey = (attributes: Attributes): string =>
  JSON.stringify(
    Object.entries(attributes)
      .flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, `${value}`] as const]))
      .sort(([left], [right]) => (left < right ? -1 : 1))
  )

/** The maximum number of texts remembered beyond the existing ones, and the maximum number of series per text. */
const MostRemembered = 1000

/**
 * The numbers of the series of a metric. A series keeps its number while this object is kept, whichever other series
 * exist.
 */
export class Duplicates {
  /** By text: the series that have had it, in the order of their numbers. Created when two of them exist at once. */
  #known: Map<string, Array<string>> | undefined

  /**
   * The number of each point among those with the same label texts, or `undefined` for the first of them. Empty if all
   * are the first.
   */
  numbers(texts: ReadonlyArray<string>, points: ReadonlyArray<Labelled>): ReadonlyArray<string | undefined> {
    const reading = this.read()
    const numbers = reading.numbers(texts, points)
    reading.end()
    return numbers
  }

  /** For series that arrive in parts. */
  read(): DuplicatesRead {
    const first = new Map<string, Labelled>()
    const seen = new Set<string>()
    return {
      numbers: (texts, points) => {
        let hasAny = false
        const numbers = texts.map((text, i) => {
          const point = points[i]!
          const identities = this.#identitiesOf(text, point, first, seen)
          if (identities === undefined) return undefined
          let identity = identityOf(point)
          // An application may show a series twice.
          while (seen.has(identity)) identity += "+"
          seen.add(identity)
          let index = identities.indexOf(identity)
          if (index < 0) index = identities.push(identity) - 1
          if (index > 0) hasAny = true
          return index === 0 ? undefined : String(index + 1)
        })
        return hasAny ? numbers : []
      },
      end: () => {
        if (this.#known !== undefined) this.#forget(this.#known, first)
      }
    }
  }

  /** The series that have had a text, if there were several at once. */
  #identitiesOf(
    text: string,
    point: Labelled,
    first: Map<string, Labelled>,
    seen: Set<string>
  ): Array<string> | undefined {
    const known = this.#known?.get(text)
    const before = first.get(text)
    if (before === undefined) first.set(text, point)
    if (known !== undefined || before === undefined) return known
    const identities = [identityOf(before)]
    seen.add(identities[0]!)
    this.#known ??= new Map()
    this.#known.set(text, identities)
    return identities
  }

  /** What is known, to be saved. */
  get known(): ReadonlyMap<string, ReadonlyArray<string>> | undefined {
    return this.#known
  }

  /** Takes over the knowledge of another one. */
  load(known: ReadonlyMap<string, ReadonlyArray<string>> | undefined): void {
    this.#known = known && new Map(Array.from(known, ([text, identities]) => [text, identities.slice()]))
  }

  #forget(known: Map<string, Array<string>>, present: ReadonlyMap<string, unknown>): void {
    for (const [text, { length }] of known) {
      if (length > MostRemembered || (known.size > MostRemembered && !present.has(text))) known.delete(text)
    }
  }
}

/** The numbers of the series of one read, some at a time. */
export interface DuplicatesRead {
  readonly numbers: (texts: ReadonlyArray<string>, points: ReadonlyArray<Labelled>) => ReadonlyArray<string | undefined>
  /** All have arrived. */
  readonly end: () => void
}

/** The names and values of its labels, as they are. */
const identityOf = ({ attributes }: Labelled): string => JSON.stringify(Object.entries(attributes))
