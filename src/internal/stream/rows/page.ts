/**
 * The memory of a stream: pages, in words of 8 bytes. A page begins with two words of its own: how far it is published,
 * whether it was read completely, and which page of the log it is. Like {@link ./format.ts}, this file contains only
 * what both threads must agree on.
 */

/**
 * The size of a page in bytes. A page turn costs about 20 µs, which a load of 200 events per millisecond pays every 80
 * ms.
 */
export const PageBytes = 262_144

/** The number of words in a page, and in its header. */
export const PageWords = PageBytes / 8
const HeaderWords = 2

/** The maximum number of pages whose words, and halves and quarters of words, can be counted in 31 bits. */
const MostPages = 2 ** 32 / PageBytes

/** The number of pages that hold rows, given the maximum size in bytes. */
export const mostPagesOf = (bytes: number): number => Math.min(MostPages, Math.max(2, Math.floor(bytes / PageBytes)))

/** The size of the memory for all rows of a stream, given the maximum size of its pages in bytes. */
export const fixedBytesOf = (bytes: number): number => mostPagesOf(bytes) * PageBytes

/** A memory as one side sees it. */
export interface Views {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  readonly u16: Uint16Array
}

export interface Page extends Views {
  readonly number: number
  readonly buffer: ArrayBufferLike
  /** The first word of the page that holds rows, and the end of its rows, counted from the beginning of the memory. */
  readonly first: number
  readonly end: number
}

/** The pages of a memory, numbered from `first` on. */
export const pagesOf = (first: number, buffer: ArrayBufferLike): ReadonlyArray<Page> => {
  const views: Views = {
    i32: new Int32Array(buffer),
    f64: new Float64Array(buffer),
    i64: new BigInt64Array(buffer),
    u16: new Uint16Array(buffer)
  }
  return Array.from({ length: buffer.byteLength / PageBytes }, (_, i) => ({
    ...views,
    number: first + i,
    buffer,
    first: i * PageWords + HeaderWords,
    end: (i + 1) * PageWords
  }))
}

const publishedHalf = (page: Page): number => 2 * (page.first - HeaderWords)
const readHalf = (page: Page): number => publishedHalf(page) + 1
const turnHalf = (page: Page): number => publishedHalf(page) + 2

/**
 * Marks the page as unpublished, unread, and the page of the log after `turn` others. For a page that the reader cannot
 * reach yet. The turn is written such that a reader that sees the page as unread also sees its turn.
 */
export const clearPage = (page: Page, turn: number): void => {
  Atomics.store(page.i32, turnHalf(page), turn + 1)
  page.i32[publishedHalf(page)] = page.first
  Atomics.store(page.i32, readHalf(page), 0)
}

/** Resets the page to its initial state. For memory that is neither read nor written any more. */
export const forgetPage = (page: Page): void => {
  for (let half = publishedHalf(page); half < 2 * page.first; half++) Atomics.store(page.i32, half, 0)
}

/** The number of pages of the log before it when it was written last. */
export const turnOf = (page: Page): number => Atomics.load(page.i32, turnHalf(page)) - 1

/** Marks the pages among the first `turns` of the log as read, while another thread may write other pages. */
export const coverPages = (pages: Iterable<Page>, turns: number): void => {
  for (const page of pages) {
    if (isRead(page)) continue
    const turn = turnOf(page)
    // A page that was never written has no turn. A reused one has a later turn.
    if (turn >= 0 && turn < turns) setRead(page)
  }
}

/** How many of these pages are being written, or are not read completely. */
export const pagesInUse = (pages: Iterable<Page>): number => {
  let count = 0
  for (const page of pages) if (turnOf(page) >= 0 && !isRead(page)) count++
  return count
}

/** Makes the words before `end` visible to the reader. */
export const publish = (page: Page, end: number): void => {
  Atomics.store(page.i32, publishedHalf(page), end)
}

/** The end of what is published. */
export const publishedEnd = (page: Page): number => Atomics.load(page.i32, publishedHalf(page))

/** Marks the page as read completely, so that it may be reused. */
export const setRead = (page: Page): void => {
  Atomics.store(page.i32, readHalf(page), 1)
}

export const isRead = (page: Page): boolean => Atomics.load(page.i32, readHalf(page)) === 1
