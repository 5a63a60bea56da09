/**
 * The last pages of a log, which can be read again: pages that were read stay as they are until it is their turn, and of
 * each it is known what has to be known before its first row. Nothing is kept per event: a page costs a few words when the
 * writer enters it.
 */
import type { Layout } from "./rows/layout.ts"
import { logPosition, type ReaderState } from "./rows/log.ts"
import { type Page, PageBytes } from "./rows/page.ts"

/** A page, and what holds where it begins. */
export interface PageBegin {
  readonly page: Page
  readonly turn: number
  readonly state: ReaderState
}

/** What was said of something along the log. What does not hold any more in the oldest page is forgotten. */
export class LogHistory<A> {
  readonly #said = new Map<number, Array<{ readonly from: number; readonly value: A }>>()

  set(key: number, from: number, value: A, oldest: number): void {
    const said = this.#said.get(key) ?? []
    said.push({ from, value })
    while (said.length > 1 && said[1]!.from <= oldest) said.shift()
    this.#said.set(key, said)
  }

  /** What holds at a position. */
  at(key: number, position: number): A | undefined {
    return this.#said.get(key)?.findLast(({ from }) => from <= position)?.value
  }

  /** Forgets a value, if it is the last that was said. */
  forget(key: number, value: A): void {
    if (this.#said.get(key)?.at(-1)?.value === value) this.#said.delete(key)
  }

  get keys(): Iterable<number> {
    return this.#said.keys()
  }
}

export class LogTail {
  /** How many pages are written in turn, at least. */
  readonly pagesInTurn: number
  readonly #begins: Array<PageBegin> = []
  /** The page that was entered last, as the number of those before it. */
  #turn = -1
  protected readonly layouts = new LogHistory<Layout>()

  /** `bytes`: what is kept, beside the page that is being written. */
  constructor(bytes: number) {
    this.pagesInTurn = Math.ceil(bytes / PageBytes) + 1
  }

  /** The position before which nothing is kept. */
  get oldest(): number {
    const [first] = this.#begins
    return first === undefined ? Number.POSITIVE_INFINITY : logPosition(first.turn, 0)
  }

  /** The writer has entered a page. One that holds no rows is left out. */
  entered(page: Page, turn: number, holdsRows: boolean, state: ReaderState): void {
    // A call that failed in the midst of a page turn has left out one.
    if (turn !== this.#turn + 1) this.#begins.length = 0
    this.#turn = turn
    if (!holdsRows) return
    this.#begins.splice(0, this.#begins.findIndex((each) => each.page === page) + 1)
    this.#begins.push({ page, turn, state })
  }

  /** The rows of a type have this layout from a position on. */
  declared(type: number, position: number, layout: Layout): void {
    this.layouts.set(type, position, layout, this.oldest)
  }

  /** The pages that can be read, in order, where the writer has come to the page of this turn. */
  beginsTo(turn: number): ReadonlyArray<PageBegin> {
    return turn === this.#turn ? this.#begins : []
  }
}
