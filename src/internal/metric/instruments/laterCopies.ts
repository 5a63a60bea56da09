/**
 * Copies of points that are numbers, made series by series: each series is copied before it changes, or when somebody looks
 * at it. To copy very many at once would hold up the fold, most of all where the memory was never touched before.
 */

interface CopiedLater<P> {
  /** Of a copy. */
  readonly missing: MissingSeries<P> | undefined
  /** Has a series be as it is in other points. */
  readonly takeOver: (index: number, from: P) => void
}

/** The series that a copy does not have yet. */
export class MissingSeries<P> {
  readonly #isMissing: Uint8Array
  /** Has them as they were when the copy was made, as long as the copy does not: the points, or the next copy of them. */
  from: P & CopiedLater<P>

  constructor(from: P & CopiedLater<P>, count: number) {
    this.from = from
    this.#isMissing = new Uint8Array(count).fill(1)
  }

  /** Has the copy take a series over, unless it has it. */
  give(index: number, copy: CopiedLater<P>): void {
    if (this.#isMissing[index] !== 1) return
    this.#isMissing[index] = 0
    this.from.missing?.give(index, this.from)
    copy.takeOver(index, this.from)
  }
}

/** The copies of points that somebody looks at. */
export class LaterCopies<P extends CopiedLater<P>> {
  #newest: P | undefined
  #count = 0

  add(copy: P): void {
    if (this.#newest !== undefined) this.#newest.missing!.from = copy
    this.#newest = copy
    this.#count++
  }

  /** A series is about to change: copies before the newest find it there. */
  keep(index: number): void {
    this.#newest!.missing!.give(index, this.#newest!)
  }

  /** Nobody looks at one of them any more. Returns whether it was the last. */
  release(): boolean {
    return --this.#count === 0
  }
}
