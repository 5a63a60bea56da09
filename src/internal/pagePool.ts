/**
 * The pages of a stream that are not being written: full ones, which the fold may still read, and free ones.
 */
import type { Carrier } from "./carrier.ts"
import { FirstWord, type Page, PageBytes, PublishedHalf, ReadHalf, viewPage } from "./rowFormat.ts"

export class PagePool {
  readonly #carrier: Carrier
  readonly #mostPages: number
  #pages = 0
  /** In the order of writing. */
  readonly #full: Array<Page> = []
  readonly #free: Array<Page> = []

  constructor(carrier: Carrier, mostBytes: number) {
    this.#carrier = carrier
    this.#mostPages = Math.max(2, Math.floor(mostBytes / PageBytes))
  }

  /** Bytes of memory that pages take. */
  get bytes(): number {
    return this.#pages * PageBytes
  }

  /** A page of new memory. */
  allocate(): Page {
    const page = viewPage(this.#pages++, this.#carrier.allocate())
    page.i32[PublishedHalf] = FirstWord
    this.#carrier.opened(page)
    return page
  }

  /**
   * A page to go on in. `burst`: the last one was filled at a stroke. A command may go beyond the bound of memory: it is
   * one of few, and events wait for it.
   */
  take(burst: boolean, beyondBound: boolean): Page | undefined {
    this.#collect()
    const { least, most } = this.#carrier.pagesInTurn
    if (most === 0 && this.#free.length > 0) return this.#free.pop()
    const inTurn = burst ? most : least
    if (this.#free.length > 0 && this.#pages >= inTurn) return this.#free.shift()
    if (this.#pages < this.#mostPages) return this.allocate()
    return this.#free.shift() ?? (beyondBound ? this.allocate() : undefined)
  }

  /** Finds the pages that the fold has read. */
  #collect(): void {
    if (!this.#carrier.shared) return
    let read = 0
    while (read < this.#full.length && Atomics.load(this.#full[read]!.i32, ReadHalf) === 1) {
      this.#free.push(this.#full[read++]!)
    }
    if (read > 0) this.#full.splice(0, read)
  }

  /** A page was written to its end. */
  seal(page: Page): void {
    this.#full.push(page)
    this.#carrier.sealed(page)
  }

  /** A page that was sent away has come back, under its number; whether it was one of these. */
  returned(number: number, buffer: ArrayBufferLike): boolean {
    const index = this.#full.findIndex((page) => page.number === number)
    if (index < 0) return false
    this.#full.splice(index, 1)
    this.#free.push(viewPage(number, buffer))
    return true
  }
}
