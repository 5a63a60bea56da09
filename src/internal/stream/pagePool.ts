/** The pages of a stream that are not being written: full pages, which the fold may still read, and free ones. */
import type { Usage } from "../model/runtimeStats.ts"
import type { Carrier } from "./carrier.ts"
import { clearPage, isRead, mostPagesOf, type Page, PageBytes, pagesOf, setRead, type Views } from "./rows/page.ts"

export class PagePool {
  /** The memory of all pages that hold rows, if the carrier provides one. */
  readonly fixed: Views | undefined
  readonly #carrier: Carrier
  readonly #pagesInTurn: Carrier["pagesInTurn"]
  readonly #mostPages: number
  /** Pages of the fixed memory that were never written. The system allocates them on the first write. */
  readonly #untouched: Array<Page>
  #pages = 0
  /** In the order of writing. */
  readonly #full: Array<Page> = []
  /** The number of pages that were ever full. */
  #sealed = 0
  readonly #free: Array<Page> = []
  /** Pages beyond the limit, for commands only. */
  readonly #spare: Array<Page> = []
  /** The page handed out to be written next, until the writer has moved to it. */
  taken: Page | undefined

  /** `leastInTurn`: the minimum number of pages to write in turn if there is memory, whatever the carrier needs. */
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

  /** The memory of all pages in bytes, used or free. */
  get bytes(): number {
    return this.#pages * PageBytes
  }

  /** The bytes of pages that are being written or are not completely read, and of all pages that may hold rows. */
  get memory(): Usage {
    this.#collect()
    const used = this.#pages - this.#free.length - this.#spare.length
    return { used: used * PageBytes, limit: this.#mostPages * PageBytes }
  }

  /** Whether the page may hold events: it is within the limit, and in the fixed memory if there is one. */
  holdsRows(page: Page): boolean {
    return page.number < this.#mostPages
  }

  /** Whether the page taken last is the last one available until the fold has read another. */
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
   * Takes the page to continue in, after `turn` others. `burst`: the previous one was filled in one turn of the event
   * loop. A command may exceed the memory limit, because commands are few and events wait for them.
   */
  take(turn: number, burst: boolean, forCommand: boolean): Page | undefined {
    if (this.taken !== undefined && !forCommand && !this.holdsRows(this.taken)) {
      this.#release(this.taken)
      this.taken = undefined
    }
    this.taken ??= this.#find(burst) ?? (forCommand ? (this.#spare.pop() ?? this.#allocate()) : undefined)
    // A page that was taken earlier is cleared too, because the call that was to clear it may have failed.
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

  /** Collects the pages that the fold has read. */
  #collect(): void {
    while (this.#full.length > 0 && isRead(this.#full[0]!)) {
      this.#release(this.#full[0]!)
      this.#full.shift()
    }
  }

  /** Records the release only once, because what follows may fail. */
  #release(page: Page): void {
    const pages = this.holdsRows(page) ? this.#free : this.#spare
    if (pages.at(-1) !== page) pages.push(page)
  }

  /**
   * Marks the page being written as the last one for the fold to read. Has an effect only once, however often it is
   * called.
   */
  seal(page: Page): void {
    if (this.#full.at(-1) === page) return
    this.#full.push(page)
    this.#sealed++
  }

  /** Releases the rows of the first `turns` pages: those not yet marked as read are marked now. */
  cover(turns: number): void {
    const first = this.#sealed - this.#full.length
    for (const page of this.#full.slice(0, Math.max(0, turns - first))) setRead(page)
  }
}
