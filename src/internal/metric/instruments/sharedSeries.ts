const none = new Uint8Array(0)

/**
 * Which series a copy of the points has as well. Points that are changed in place make one of those anew before they
 * change it, so that a copy costs nothing until then.
 */
export class SharedSeries {
  #isShared = none

  /** The first so many series are in a copy from now on. */
  share(count: number): void {
    if (this.#isShared.length < count) this.#isShared = new Uint8Array(count)
    this.#isShared.fill(1, 0, count)
  }

  /** Whether the series is in a copy. From now on it is not: it is made anew. */
  leave(index: number): boolean {
    if (index >= this.#isShared.length || this.#isShared[index] === 0) return false
    this.#isShared[index] = 0
    return true
  }
}
