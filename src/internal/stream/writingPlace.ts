import type { Usage } from "../model/runtimeStats.ts"
import type { Carrier } from "./carrier.ts"
import { PagePool } from "./pagePool.ts"
import { logPosition } from "./rows/log.ts"
import type { Page, Views } from "./rows/page.ts"

/** What rows leave free at the end of a page: a word for a command that finds it full, and the one that it ends with. */
export const WordsKept = 2

/**
 * Where a stream is written: the page, the next free word of it, and how far it is published.
 *
 * Its state is in plain properties, which code that runs once in a turn, and so is rarely optimized, reads much faster
 * than private names: with these a turn of 200 events cost a tenth more. For the same reason the writers extend it and
 * each other, rather than having one.
 */
export abstract class WritingPlace {
  // The encoders write these directly.
  i32: Int32Array
  f64: Float64Array
  i64: BigInt64Array
  /** The memory of all pages that hold rows, if they have one. */
  readonly fixed: Views | undefined
  /** The next free word of the current page, and the one that rows end before in it. */
  pos: number
  protected rowsEnd: number
  protected page: Page
  protected publishedEnd: number
  /** Pages that were written to their end. */
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

  /** Bytes of memory that pages take. */
  get bytes(): number {
    return this.pages.bytes
  }

  get memory(): Usage {
    return this.pages.memory
  }

  /** How many pages were written to their end. */
  get turns(): number {
    return this.turn
  }

  /** Where what is published ends in the log. */
  get publishedPosition(): number {
    return logPosition(this.turn, this.publishedEnd - this.page.first)
  }

  /** Where the next row will stand in the log. */
  get position(): number {
    return logPosition(this.turn, this.pos - this.page.first)
  }

  protected putWord(half: number, type: number): void {
    this.i32[this.pos * 2] = half
    this.i32[this.pos * 2 + 1] = type
    this.pos++
  }
}
