/** States of a model packed into few bytes, with named fields. */

/** Of what a state consists: small numbers, choices between words, and lists of bytes with room for so many. */
interface Shape {
  readonly numbers: ReadonlyArray<string>
  readonly choices: { readonly [name: string]: ReadonlyArray<string> }
  readonly lists: { readonly [name: string]: number }
}

export interface Packed<S> {
  /** All of it, as a text. */
  readonly key: string
  /** Takes over the state that has this key. */
  readonly become: (key: string) => void
  readonly copy: () => S
}

export interface List {
  readonly length: number
  readonly at: (index: number) => number
  readonly set: (index: number, value: number) => void
  readonly push: (value: number) => void
  readonly remove: (index: number) => number
}

export type PackedOf<S extends Shape> = Packed<PackedOf<S>> & { [N in S["numbers"][number]]: number } & {
  -readonly [N in keyof S["choices"]]: S["choices"][N][number]
} & { readonly [N in keyof S["lists"]]: List }

/** Its length, and then its bytes. */
class BytesList implements List {
  readonly #bytes: Uint8Array
  readonly #first: number
  readonly #most: number

  constructor(bytes: Uint8Array, first: number, most: number) {
    this.#bytes = bytes
    this.#first = first
    this.#most = most
  }

  get length(): number {
    return this.#bytes[this.#first]!
  }

  at(index: number): number {
    return this.#bytes[this.#first + 1 + index]!
  }

  set(index: number, value: number): void {
    this.#bytes[this.#first + 1 + index] = value
  }

  push(value: number): void {
    if (this.length === this.#most) throw new Error("a list of the model is too short")
    this.set(this.#bytes[this.#first]!++, value)
  }

  remove(index: number): number {
    const removed = this.at(index)
    const { length } = this
    const begin = this.#first + 1
    this.#bytes.copyWithin(begin + index, begin + index + 1, begin + length)
    // Equal lists are equal in every byte.
    this.set(length - 1, 0)
    this.#bytes[this.#first] = length - 1
    return removed
  }
}

/** Makes the state of this shape in which every number is 0, every list is empty, and every choice is the first. */
export const packed = <const S extends Shape>(shape: S): PackedOf<S> => {
  class State {
    readonly bytes: Buffer

    constructor(bytes: Uint8Array) {
      this.bytes = Buffer.from(bytes)
    }

    get key(): string {
      return this.bytes.toString("latin1")
    }

    become(key: string): void {
      this.bytes.write(key, "latin1")
    }

    copy(): State {
      return new State(this.bytes)
    }
  }
  let size = 0
  // Each accessor has its own place: they are called millions of times.
  for (const name of shape.numbers) {
    const at = size++
    Object.defineProperty(State.prototype, name, {
      get(this: State) {
        return this.bytes[at]
      },
      set(this: State, value: number) {
        this.bytes[at] = value
      }
    })
  }
  for (const [name, words] of Object.entries(shape.choices)) {
    const at = size++
    const numbers = new Map(words.map((word, i) => [word, i]))
    Object.defineProperty(State.prototype, name, {
      get(this: State) {
        return words[this.bytes[at]!]
      },
      set(this: State, value: string) {
        this.bytes[at] = numbers.get(value)!
      }
    })
  }
  for (const [name, most] of Object.entries(shape.lists)) {
    const first = size
    size += 1 + most
    Object.defineProperty(State.prototype, name, {
      get(this: State) {
        return new BytesList(this.bytes, first, most)
      }
    })
  }
  return new State(new Uint8Array(size)) as unknown as PackedOf<S>
}
