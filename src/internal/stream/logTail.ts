/**
 * The last pages of a log, which can be read again. Pages that were read stay as they are until they are reused, and
 * the state needed before the first row of each page is remembered. There is no cost per event: the writer stores a few
 * words when it enters a page.
 */
import type { Layout } from "./rows/layout.ts"
import { logPosition, type ReaderState } from "./rows/log.ts"
import { type Page, PageBytes } from "./rows/page.ts"

/** A page, and the state at its beginning. */
export interface PageBegin {
  readonly page: Page
  readonly turn: number
  readonly state: ReaderState
}

/** Remembers the values of something along the log. Values that ended before the oldest page are forgotten. */
export class LogHistory<A> {
  readonly #said = new Map<number, Array<{ readonly from: number; readonly value: A }>>()

  set(key: number, from: number, value: A, oldest: number): void {
    const said = this.#said.get(key) ?? []
    said.push({ from, value })
    while (said.length > 1 && said[1]!.from <= oldest) said.shift()
    this.#said.set(key, said)
  }

  /** Returns the value that is valid at a position. */
  at(key: number, position: number): A | undefined {
    return this.#said.get(key)?.findLast(({ from }) => from <= position)?.value
  }

  /** Forgets a value, if it is the last one recorded. */
  forget(key: number, value: A): void {
    if (this.#said.get(key)?.at(-1)?.value === value) this.#said.delete(key)
  }

  get keys(): Iterable<number> {
    return this.#said.keys()
  }
}

export class LogTail {
  /** The minimum number of pages that are written in turn. */
  readonly pagesInTurn: number
  readonly #begins: Array<PageBegin> = []
  /** The page entered last, as the number of pages before it. */
  #turn = -1
  protected readonly layouts = new LogHistory<Layout>()

  /** `bytes`: how much is kept, in addition to the page that is being written. */
  constructor(bytes: number) {
    this.pagesInTurn = Math.ceil(bytes / PageBytes) + 1
  }

  /** The position before which nothing is kept. */
  get oldest(): number {
    const [first] = this.#begins
    return first === undefined ? Number.POSITIVE_INFINITY : logPosition(first.turn, 0)
  }

  /** Called when the writer has entered a page. A page that cannot hold rows is skipped. */
  entered(page: Page, turn: number, holdsRows: boolean, state: ReaderState): void {
    // A call that failed in the middle of a page turn has left one out.
    if (turn !== this.#turn + 1) this.#begins.length = 0
    this.#turn = turn
    if (!holdsRows) return
    this.#begins.splice(0, this.#begins.findIndex((each) => each.page === page) + 1)
    this.#begins.push({ page, turn, state })
  }

  /** Records that the rows of a type have this layout from a position on. */
  declared(type: number, position: number, layout: Layout): void {
    this.layouts.set(type, position, layout, this.oldest)
  }

  /** Returns the pages that can be read, in order, when the writer is in the page of this turn. */
  beginsTo(turn: number): ReadonlyArray<PageBegin> {
    return turn === this.#turn ? this.#begins : []
  }
}
