import type { Usage } from "../model/runtimeStats.ts"
import type { Carrier } from "./carrier.ts"
import { PagePool } from "./pagePool.ts"
import { logPosition } from "./rows/log.ts"
import type { Page, Views } from "./rows/page.ts"

/**
 * The words that rows leave free at the end of a page: one for a command that finds the page full, and the final one.
 */
export const WordsKept = 2

/**
 * Where a stream is written: the page, its next free word, and how much is published.
 *
 * The state is in plain properties. Code that runs once per turn is rarely optimised, and reads them much faster than
 * private names: with private names a turn of 200 events took a tenth longer. For the same reason the writers extend
 * this class and each other instead of holding an instance.
 */
export abstract class WritingPlace {
  // Encoders write these directly.
  i32: Int32Array
  f64: Float64Array
  i64: BigInt64Array
  /** The memory of all pages that hold rows, if they share one. */
  readonly fixed: Views | undefined
  /** The next free word of the current page, and the end of the part that rows may use. */
  pos: number
  protected rowsEnd: number
  protected page: Page
  protected publishedEnd: number
  /** The number of pages written completely. */
  protected turn = 0
  protected readonly pages: PagePool

  /** `leastInTurn`: see {@link PagePool}. */
  constructor(carrier: Carrier, mostBytes: number, leastInTurn: number | undefined) {
    this.pages = new PagePool(carrier, mostBytes, leastInTurn)
    this.fixed = this.pages.fixed
    const page = this.pages.take(0, false, false)!
    this.pages.taken = undefined
    this.page = page
    this.i32 = page.i32
    this.f64 = page.f64
    this.i64 = page.i64
    this.pos = this.publishedEnd = page.first
    this.rowsEnd = page.end - WordsKept
  }

  /** The memory of all pages in bytes. */
  get bytes(): number {
    return this.pages.bytes
  }

  get memory(): Usage {
    return this.pages.memory
  }

  /** The number of pages written completely. */
  get turns(): number {
    return this.turn
  }

  /** The position in the log up to which rows are published. */
  get publishedPosition(): number {
    return logPosition(this.turn, this.publishedEnd - this.page.first)
  }

  /** The position of the next row in the log. */
  get position(): number {
    return logPosition(this.turn, this.pos - this.page.first)
  }

  protected putWord(half: number, type: number): void {
    this.i32[this.pos * 2] = half
    this.i32[this.pos * 2 + 1] = type
    this.pos++
  }
}
