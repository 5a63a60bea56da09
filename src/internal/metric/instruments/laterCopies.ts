/**
 * Copies of numeric points, made series by series: each series is copied before it changes, or when it is read. Copying
 * very many at once would stop the fold, above all into memory that was never touched.
 */

interface CopiedLater<P> {
  /** In a copy. */
  readonly missing: MissingSeries<P> | undefined
  /** Copies a series from other points. */
  readonly takeOver: (index: number, from: P) => void
}

/** The series that a copy does not have yet. */
export class MissingSeries<P> {
  readonly #isMissing: Uint8Array
  /**
   * Contains the series as they were when the copy was made, as long as the copy does not: the points, or the next copy
   * of them.
   */
  from: P & CopiedLater<P>

  constructor(from: P & CopiedLater<P>, count: number) {
    this.from = from
    this.#isMissing = new Uint8Array(count).fill(1)
  }

  /** Lets the copy take over a series, unless it has it. */
  give(index: number, copy: CopiedLater<P>): void {
    if (this.#isMissing[index] !== 1) return
    this.#isMissing[index] = 0
    this.from.missing?.give(index, this.from)
    copy.takeOver(index, this.from)
  }
}

/** The copies of points that have readers. */
export class LaterCopies<P extends CopiedLater<P>> {
  #newest: P | undefined
  #count = 0

  add(copy: P): void {
    if (this.#newest !== undefined) this.#newest.missing!.from = copy
    this.#newest = copy
    this.#count++
  }

  /** Called before a series changes. Older copies find it in the newest copy. */
  keep(index: number): void {
    this.#newest!.missing!.give(index, this.#newest!)
  }

  /** Releases a copy. Returns whether it was the last. */
  release(): boolean {
    return --this.#count === 0
  }
}
