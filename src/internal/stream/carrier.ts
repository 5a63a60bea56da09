/**
 * How pages and commands of a stream get to the fold: by reference, or as messages to a worker. Both sides access the
 * pages.
 */
import type { Attachment } from "./commands.ts"

/**
 * For a reader in another thread. A page that is reused in a burst must be out of the caches of the reader's core,
 * otherwise the burst takes twice as long. Some pages are unread and some wait for a checkpoint, so the others must
 * exceed the size of such a cache.
 */
export const PagesBetweenThreads = { least: 4, most: 64 }

/** How long rows may stay unpublished while the thread that writes them is idle, in milliseconds. */
const PublishMillis = 5

/** {@link Carrier.soon}, for a reader in another thread. */
export const soonBetweenThreads = (run: () => void): void => {
  const timer = setTimeout(run, PublishMillis)
  // Pending requests keep the process alive. Rows alone do not.
  if (typeof timer === "object") timer.unref()
}

export interface Carrier {
  /**
   * How many pages are written in turn before the first is reused: always `least`, and in a burst up to `most`. With 0,
   * the page that was read last is reused first.
   */
  readonly pagesInTurn: { readonly least: number; readonly most: number }
  /**
   * Whether all rows share one memory of the maximum size, which the system backs with memory when it is written.
   * Otherwise each page has its own memory.
   */
  readonly fixedMemory: boolean
  readonly allocate: (bytes: number) => ArrayBufferLike
  /** Announces new memory, whose pages are numbered from `first`. The reader may reach them. */
  readonly opened: (first: number, buffer: ArrayBufferLike) => void
  readonly attach: (attachments: ReadonlyArray<Attachment>) => void
  /**
   * Wakes the reader: something published is waited for, a burst has filled a page, or no other page is left. In all
   * other cases the reader polls.
   */
  readonly rouse: () => void
  /** Lets the reader sleep until {@link wake} is called. */
  readonly letSleep: () => void
  readonly wake: () => void
  /** Called when the writer has gone on to another page. */
  readonly turned: () => void
  /** Runs the function soon: at the next turn, or after a few milliseconds. */
  readonly soon: (run: () => void) => void
}
