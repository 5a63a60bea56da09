/**
 * The lists of names in a stream, as the side that writes has them: a tree, in which a list is one name longer than the
 * one above it. A new one is a row of the stream, before the row that needs it.
 */
import { LastingLength, MostNameLists, MostNames } from "./format.ts"
import { textHalves } from "./plainData.ts"

/** A list of names that has a code: objects of a kind have the same names in the same order. */
export class Names {
  readonly code: number
  /** Its last name. */
  readonly name: string
  readonly length: number
  /** What its names count toward the size of an event: as much as if they were inline. */
  readonly halves: number
  /** Of the empty list of a tree that has no other names than these. */
  readonly only: ReadonlySet<string> | undefined
  /** In such a tree: the same list in that of all names, with which it shares the code. */
  readonly shared: Names | undefined
  /** The longer one that followed last. */
  next: Names | undefined = undefined
  /** All that are longer by one name, which is their key. */
  readonly longer = new Map<string, Names>()
  /** The string that was the value of the last name when it last came, and its code in the dictionary. */
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

  /** The empty list of a tree that has no other names than these. */
  only(names: ReadonlySet<string>): Names {
    return new Names(empty, names, this.none)
  }

  /** A list with one name more, or `undefined` where it has no code. */
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
    // Set like any other it would be the prototype of the object.
    if (name === "__proto__" || !this.#write(code, names, name)) return undefined
    const halves = names.halves + textHalves(name.length)
    const added = new Names({ code, name, length: names.length + 1, halves })
    // Where this fails, the next list takes the code, which no row uses.
    names.longer.set(name, added)
    this.#lists++
    return added
  }
}
