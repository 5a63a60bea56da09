/**
 * How pages and attachments of a stream get to the fold: by reference, or by messages to a worker.
 */
import type { Page } from "./rows/page.ts"

export interface Carrier {
  /**
   * How many pages are written in turn before the first is written again: so many always, and so many in a burst.
   * 0: the one that was read last comes first.
   */
  readonly pagesInTurn: { readonly least: number; readonly most: number }
  /**
   * Whether there is one memory for all rows, as large as it may become: the system gives it room when it is written.
   * Else each page has a memory of its own.
   */
  readonly fixedMemory: boolean
  readonly allocate: (bytes: number) => ArrayBufferLike
  /** Whether a page is readable while it is written, or only once it is full. */
  readonly shared: boolean
  /** Whether publishing costs so little that a turn of the event loop may end with it. */
  readonly publishesEachTurn: boolean
  /** There is new memory, whose pages have numbers from `first` on. The reader may come to them. */
  readonly opened: (first: number, buffer: ArrayBufferLike) => void
  /** A page is full, and published. */
  readonly sealed: (page: Page) => void
  readonly attach: (attachments: Array<unknown>) => void
  /**
   * Rows were published. Where each turn publishes, it is told only if someone waits, a burst has filled a page, or there
   * is no other page left: else the reader looks by itself.
   */
  readonly published: () => void
  /** The reader may sleep until it is woken. */
  readonly letSleep: () => void
  readonly wake: () => void
  /** Runs the function soon: at the next turn, or after a few milliseconds. */
  readonly later: (run: () => void) => void
}
