/**
 * How pages and commands of a stream get to the fold: by reference, or by messages to a worker. Both sides see the pages.
 */
import type { Attachment } from "./commands.ts"

/**
 * For a reader in another thread. What is written again in a burst has to be out of the caches of its core: a burst takes
 * twice the time where it is not. Some pages lie unread, some wait for a checkpoint, and the others have to be more than
 * such a cache holds.
 */
export const PagesBetweenThreads = { least: 4, most: 64 }

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
  /** There is new memory, whose pages have numbers from `first` on. The reader may come to them. */
  readonly opened: (first: number, buffer: ArrayBufferLike) => void
  readonly attach: (attachments: ReadonlyArray<Attachment>) => void
  /** Someone waits for what was published, a burst has filled a page, or no other page is left: else the reader comes by itself. */
  readonly rouse: () => void
  /** The reader may sleep until it is woken by {@link wake}. */
  readonly letSleep: () => void
  readonly wake: () => void
  /** The writer has gone on to another page. */
  readonly turned: () => void
  /** Runs the function soon: at the next turn, or after a few milliseconds. */
  readonly soon: (run: () => void) => void
}
