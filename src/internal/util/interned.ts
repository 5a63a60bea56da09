/** Values by their inputs, so that equal ones are created once, while any of them is in use. */

/**
 * The number of recently created values that are kept although they may be unused, so that values that come and go are
 * not created each time.
 */
const MostKept = 64

export class Interned<V extends object> {
  readonly #refs = new Map<string, WeakRef<V>>()
  readonly #kept: Array<V> = []
  #next = 0
  readonly #gone = new FinalizationRegistry<string>((key) => {
    // Another one may have been created meanwhile.
    if (this.#refs.get(key)?.deref() === undefined) this.#refs.delete(key)
  })

  /** The value of this key, created by `make` if there is none. */
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

  /** The number of values, including those that are not yet known to be collected. */
  get size(): number {
    return this.#refs.size
  }
}
