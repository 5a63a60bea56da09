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
    const reading = this.read()
    const numbers = reading.numbers(texts, points)
    reading.end()
    return numbers
  }

  /** For series that come in parts. */
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
          // What an application shows may have a series twice.
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

  /** The series that have had a text, where there were several at once. */
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

  /** Takes over what another one knew. */
  load(known: ReadonlyMap<string, ReadonlyArray<string>> | undefined): void {
    this.#known = known && new Map(Array.from(known, ([text, identities]) => [text, identities.slice()]))
  }

  #forget(known: Map<string, Array<string>>, present: ReadonlyMap<string, unknown>): void {
    for (const [text, { length }] of known) {
      if (length > MostRemembered || (known.size > MostRemembered && !present.has(text))) known.delete(text)
    }
  }
}

/** The numbers of the series of one read, of which some come at a time. */
export interface DuplicatesRead {
  readonly numbers: (texts: ReadonlyArray<string>, points: ReadonlyArray<Labelled>) => ReadonlyArray<string | undefined>
  /** All have come. */
  readonly end: () => void
}

/** The names and values of its labels, as they are. */
const identityOf = ({ attributes }: Labelled): string => JSON.stringify(Object.entries(attributes))
