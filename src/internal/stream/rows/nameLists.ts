/**
 * The lists of names in a stream, as the side that writes has them: a tree, in which a list is one name longer than the
 * one above it. A new one is a row of the stream, before the row that needs it.
 */
import { LastingLength, MostNameLists, MostNames } from "./format.ts"
import { textHalves } from "./plainData.ts"

/** A list of names that has a code: objects of a kind have the same names in the same order. */
export interface Names {
  readonly code: number
  /** Its last name. */
  readonly name: string
  readonly length: number
  /** What its names count toward the size of an event: as much as if they were inline. */
  readonly halves: number
  /** The longer one that followed last. */
  next: Names | undefined
  /** All that are longer by one name, which is their key. */
  readonly longer: Map<string, Names>
}

export class NameLists {
  readonly none: Names = { code: 0, name: "", length: 0, halves: 0, next: undefined, longer: new Map() }
  /** The empty one is known to both sides. */
  #lists = 1
  readonly #write: (code: number, names: Names, name: string) => boolean

  /** `write` writes a list; `false` where there is no room for it. */
  constructor(write: (code: number, names: Names, name: string) => boolean) {
    this.#write = write
  }

  /** All lists by their codes. */
  get all(): ReadonlyArray<ReadonlyArray<string>> {
    const lists: Array<ReadonlyArray<string>> = []
    const add = ({ code, longer }: Names, names: ReadonlyArray<string>): void => {
      lists[code] = names
      for (const next of longer.values()) add(next, [...names, next.name])
    }
    add(this.none, [])
    return lists
  }

  /** A list with one name more, or `undefined` where it has no code. */
  longer(names: Names, name: string): Names | undefined {
    const longer = names.longer.get(name) ?? this.#add(names, name)
    names.next = longer
    return longer
  }

  #add(names: Names, name: string): Names | undefined {
    const code = this.#lists
    if (code >= MostNameLists || names.length >= MostNames || name.length > LastingLength) return undefined
    // Set like any other it would be the prototype of the object.
    if (name === "__proto__" || !this.#write(code, names, name)) return undefined
    const halves = names.halves + textHalves(name.length)
    const added: Names = { code, name, length: names.length + 1, halves, next: undefined, longer: new Map() }
    // Where this fails, the next list takes the code, which no row uses.
    names.longer.set(name, added)
    this.#lists++
    return added
  }
}
