/**
 * The pages of a stream that are not being written: full ones, which the fold may still read, and free ones.
 */
import type { Carrier } from "./carrier.ts"
import { clearPage, isRead, MostPages, type Page, PageBytes, pagesOf, type Views } from "./rows/page.ts"

export class PagePool {
  /** The memory of all pages that hold rows, where the carrier has one. */
  readonly fixed: Views | undefined
  readonly #carrier: Carrier
  readonly #mostPages: number
  /** Pages of the fixed memory that were never written. The system gives them room when they are. */
  readonly #untouched: Array<Page>
  #pages = 0
  /** In the order of writing. */
  readonly #full: Array<Page> = []
  readonly #free: Array<Page> = []
  /** Beyond the bound: pages for commands alone. */
  readonly #spare: Array<Page> = []
  /** The page that was given to be written next, until the writer has gone on to it. */
  taken: Page | undefined

  constructor(carrier: Carrier, mostBytes: number) {
    this.#carrier = carrier
    this.#mostPages = Math.min(MostPages, Math.max(2, Math.floor(mostBytes / PageBytes)))
    this.#untouched = carrier.fixedMemory ? this.#open(this.#mostPages) : []
    this.fixed = this.#untouched[0]
  }

  #open(pages: number): Array<Page> {
    const first = this.#pages
    const buffer = this.#carrier.allocate(pages * PageBytes)
    this.#carrier.opened(first, buffer)
    return [...pagesOf(first, buffer)]
  }

  /** Bytes of memory that pages take. */
  get bytes(): number {
    return this.#pages * PageBytes
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
   * A page to go on in. `burst`: the last one was filled at a stroke. A command may go beyond the bound of memory: it is
   * one of few, and events wait for it.
   */
  take(burst: boolean, forCommand: boolean): Page | undefined {
    if (this.taken !== undefined) return this.taken
    const page = this.#find(burst) ?? (forCommand ? (this.#spare.pop() ?? this.#allocate()) : undefined)
    this.taken = page
    if (page !== undefined) clearPage(page)
    return page
  }

  #find(burst: boolean): Page | undefined {
    this.#collect()
    const { least, most } = this.#carrier.pagesInTurn
    if (most === 0 && this.#free.length > 0) return this.#free.pop()
    const inTurn = burst ? most : least
    if (this.#free.length > 0 && this.#pages >= inTurn) return this.#free.shift()
    return this.#pages < this.#mostPages ? this.#allocate() : this.#free.shift()
  }

  /** Finds the pages that the fold has read. */
  #collect(): void {
    let read = 0
    while (read < this.#full.length && isRead(this.#full[read]!)) this.#release(this.#full[read++]!)
    if (read > 0) this.#full.splice(0, read)
  }

  #release(page: Page): void {
    if (this.holdsRows(page)) this.#free.push(page)
    else this.#spare.push(page)
  }

  /** The page that is being written is the last that the fold will have read. Says so once, however often it is called. */
  seal(page: Page): void {
    if (this.#full.at(-1) !== page) this.#full.push(page)
  }
}
