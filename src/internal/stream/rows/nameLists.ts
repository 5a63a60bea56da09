/**
 * The lists of names in a stream, on the writing side: a tree, in which a list is one name longer than its parent. A
 * new list is written as a row of the stream, before the row that needs it.
 */
import { LastingLength, MostNameLists, MostNames } from "./format.ts"
import { textHalves } from "./plainData.ts"

/** A list of names that has a code. Objects of a kind have the same names in the same order. */
export class Names {
  readonly code: number
  /** Its last name. */
  readonly name: string
  readonly length: number
  /** How much its names count towards the size of an event: as much as if they were inline. */
  readonly halves: number
  /** The names that the tree is restricted to, on its empty list. */
  readonly only: ReadonlySet<string> | undefined
  /** In such a tree: the same list in the tree of all names, which has the same code. */
  readonly shared: Names | undefined
  /** The longer list that followed last. */
  next: Names | undefined = undefined
  /** All lists that are longer by one name, by that name. */
  readonly longer = new Map<string, Names>()
  /** The last value of the last name if it was a string, and its code in the dictionary. */
  text: string | undefined = undefined
  textCode = 0

  constructor(
    { code, halves, length, name }: Pick<Names, "code" | "name" | "length" | "halves">,
    only?: ReadonlySet<string>,
    shared?: Names
  ) {
    this.code = code
    this.name = name
    this.length = length
    this.halves = halves
    this.only = only
    this.shared = shared
  }
}

const empty = { code: 0, name: "", length: 0, halves: 0 }

export class NameLists {
  readonly none = new Names(empty)
  /** Both sides know the empty list. */
  #lists = 1
  readonly #write: (code: number, names: Names, name: string) => boolean

  /** `write` writes a list, and returns `false` if there is no room for it. */
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

  /** The empty list of a tree that is restricted to these names. */
  only(names: ReadonlySet<string>): Names {
    return new Names(empty, names, this.none)
  }

  /** Returns the list with one more name, or `undefined` if it has no code. */
  longer(names: Names, name: string): Names | undefined {
    const longer = names.longer.get(name) ?? this.#add(names, name)
    names.next = longer
    return longer
  }

  #add(names: Names, name: string): Names | undefined {
    if (names.shared !== undefined) {
      const shared = this.longer(names.shared, name)
      if (shared === undefined) return undefined
      const added = new Names(shared, undefined, shared)
      names.longer.set(name, added)
      return added
    }
    const code = this.#lists
    if (code >= MostNameLists || names.length >= MostNames || name.length > LastingLength) return undefined
    // Plain assignment would set the prototype of the object.
    if (name === "__proto__" || !this.#write(code, names, name)) return undefined
    const halves = names.halves + textHalves(name.length)
    const added = new Names({ code, name, length: names.length + 1, halves })
    // If this fails, the next list takes the code, which no row uses.
    names.longer.set(name, added)
    this.#lists++
    return added
  }
}
