const none = new Uint8Array(0)

/**
 * The series that points share with a copy. Points that are modified in place copy one of these before they change it,
 * so that making a copy is free.
 */
export class SharedSeries {
  #isShared = none

  /** Marks the first `count` series as shared with a copy from now on. */
  share(count: number): void {
    if (this.#isShared.length < count) this.#isShared = new Uint8Array(count)
    this.#isShared.fill(1, 0, count)
  }

  /** Whether the series is shared. From now on it is not, because it is copied. */
  leave(index: number): boolean {
    if (index >= this.#isShared.length || this.#isShared[index] === 0) return false
    this.#isShared[index] = 0
    return true
  }
}
