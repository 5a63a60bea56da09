/**
 * Values by what they were made from, so that equal ones are made once, for as long as anybody uses them.
 */

/** How many of the values made last are kept though nobody may use them: those that come and go are not made each time. */
const MostKept = 64

export class Interned<V extends object> {
  readonly #refs = new Map<string, WeakRef<V>>()
  readonly #kept: Array<V> = []
  #next = 0
  readonly #gone = new FinalizationRegistry<string>((key) => {
    // Another one may have been made meanwhile.
    if (this.#refs.get(key)?.deref() === undefined) this.#refs.delete(key)
  })

  /** The value of this key, which `make` makes where there is none. */
  get(key: string, make: () => V): V {
    const known = this.#refs.get(key)?.deref()
    if (known !== undefined) return known
    const made = make()
    this.#refs.set(key, new WeakRef(made))
    this.#gone.register(made, key)
    this.#kept[this.#next] = made
    this.#next = (this.#next + 1) % MostKept
    return made
  }

  /** Values that are there, and those of which it is not known yet that they are not. */
  get size(): number {
    return this.#refs.size
  }
}
