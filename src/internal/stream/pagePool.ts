/**
 * The pages of a stream that are not being written: full ones, which the fold may still read, and free ones.
 */
import type { Usage } from "../model/runtimeStats.ts"
import type { Carrier } from "./carrier.ts"
import { clearPage, isRead, mostPagesOf, type Page, PageBytes, pagesOf, setRead, type Views } from "./rows/page.ts"

export class PagePool {
  /** The memory of all pages that hold rows, where the carrier has one. */
  readonly fixed: Views | undefined
  readonly #carrier: Carrier
  readonly #pagesInTurn: Carrier["pagesInTurn"]
  readonly #mostPages: number
  /** Pages of the fixed memory that were never written. The system gives them room when they are. */
  readonly #untouched: Array<Page>
  #pages = 0
  /** In the order of writing. */
  readonly #full: Array<Page> = []
  /** Pages that were ever full. */
  #sealed = 0
  readonly #free: Array<Page> = []
  /** Beyond the bound: pages for commands alone. */
  readonly #spare: Array<Page> = []
  /** The page that was given to be written next, until the writer has gone on to it. */
  taken: Page | undefined

  /** `leastInTurn`: so many pages are written in turn where there is memory for it, whatever the carrier needs. */
  constructor(carrier: Carrier, mostBytes: number, leastInTurn = 0) {
    const { least, most } = carrier.pagesInTurn
    this.#carrier = carrier
    this.#pagesInTurn = { least: Math.max(least, leastInTurn), most: Math.max(most, leastInTurn) }
    this.#mostPages = mostPagesOf(mostBytes)
    this.#untouched = carrier.fixedMemory ? this.#open(this.#mostPages) : []
    this.fixed = this.#untouched[0]
  }

  #open(pages: number): Array<Page> {
    const first = this.#pages
    const buffer = this.#carrier.allocate(pages * PageBytes)
    this.#carrier.opened(first, buffer)
    return [...pagesOf(first, buffer)]
  }

  /** Bytes of memory that pages take, whether they are in use or free. */
  get bytes(): number {
    return this.#pages * PageBytes
  }

  /** Bytes of the pages that are being written or were not read to their end, and of all that may hold rows. */
  get memory(): Usage {
    this.#collect()
    const used = this.#pages - this.#free.length - this.#spare.length
    return { used: used * PageBytes, limit: this.#mostPages * PageBytes }
  }

  /** Whether events may lie in the page: it is within the bound, and in the fixed memory where there is one. */
  holdsRows(page: Page): boolean {
    return page.number < this.#mostPages
  }

  /** Whether the page that was taken last is the last there is, until the fold has read another. */
  get isExhausted(): boolean {
    return this.#free.length === 0 && this.#pages >= this.#mostPages
  }

  /** A page that was not written yet. */
  #allocate(): Page {
    const page = this.#untouched.shift() ?? this.#open(1)[0]!
    this.#pages++
    return page
  }

  /**
   * A page to go on in, behind `turn` others. `burst`: the last one was filled at a stroke. A command may go beyond the
   * bound of memory: it is one of few, and events wait for it.
   */
  take(turn: number, burst: boolean, forCommand: boolean): Page | undefined {
    if (this.taken !== undefined && !forCommand && !this.holdsRows(this.taken)) {
      this.#release(this.taken)
      this.taken = undefined
    }
    this.taken ??= this.#find(burst) ?? (forCommand ? (this.#spare.pop() ?? this.#allocate()) : undefined)
    // Also one that was taken before: the call that was to clear it may have failed.
    if (this.taken !== undefined) clearPage(this.taken, turn)
    return this.taken
  }

  #find(burst: boolean): Page | undefined {
    this.#collect()
    const { least, most } = this.#pagesInTurn
    if (most === 0 && this.#free.length > 0) return this.#free.pop()
    const inTurn = burst ? most : least
    if (this.#free.length > 0 && this.#pages >= inTurn) return this.#free.shift()
    return this.#pages < this.#mostPages ? this.#allocate() : this.#free.shift()
  }

  /** Finds the pages that the fold has read. */
  #collect(): void {
    while (this.#full.length > 0 && isRead(this.#full[0]!)) {
      this.#release(this.#full[0]!)
      this.#full.shift()
    }
  }

  /** Says so once as well: what comes after it may fail. */
  #release(page: Page): void {
    const pages = this.holdsRows(page) ? this.#free : this.#spare
    if (pages.at(-1) !== page) pages.push(page)
  }

  /** The page that is being written is the last that the fold will have read. Says so once, however often it is called. */
  seal(page: Page): void {
    if (this.#full.at(-1) === page) return
    this.#full.push(page)
    this.#sealed++
  }

  /** The rows of the first so many pages are not needed any more: those that were not marked as read are now. */
  cover(turns: number): void {
    const first = this.#sealed - this.#full.length
    for (const page of this.#full.slice(0, Math.max(0, turns - first))) setRead(page)
  }
}
