/**
 * The memory that a stream lies in: pages, as words of 8 bytes. A page begins with two words of its own: up to which word
 * it is published, whether it has been read, and which page of the log it is. What both threads have to agree on, as {@link ./format.ts} is.
 */

/** Bytes of a page. To turn it costs some 20 µs, which a load of 200 events a millisecond pays every 80 ms. */
export const PageBytes = 262_144

/** Words of a page, and of its header. */
export const PageWords = PageBytes / 8
const HeaderWords = 2

/** The most pages whose words, and halves and quarters of words, can be counted in 31 bits. */
const MostPages = 2 ** 32 / PageBytes

/** How many pages hold rows where these may take so many bytes. */
export const mostPagesOf = (bytes: number): number => Math.min(MostPages, Math.max(2, Math.floor(bytes / PageBytes)))

/** Bytes of the memory for all rows of a stream whose pages may take so many bytes. */
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
  /** The first word of the page that holds rows, and the one that they end before, counted from the begin of its memory. */
  readonly first: number
  readonly end: number
}

/** The pages of a memory, which have numbers from `first` on. */
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
 * Nothing of the page is published, and nobody has read it. For a page that the reader cannot come to yet, and that is
 * written as the page of the log behind `turn` others. Whoever sees that it was not read sees which page it is.
 */
export const clearPage = (page: Page, turn: number): void => {
  Atomics.store(page.i32, turnHalf(page), turn + 1)
  page.i32[publishedHalf(page)] = page.first
  Atomics.store(page.i32, readHalf(page), 0)
}

/** The page is as one that was never written. For memory that nobody reads or writes any more. */
export const forgetPage = (page: Page): void => {
  for (let half = publishedHalf(page); half < 2 * page.first; half++) Atomics.store(page.i32, half, 0)
}

/** How many pages of the log were before it when it was written last. */
export const turnOf = (page: Page): number => Atomics.load(page.i32, turnHalf(page)) - 1

/** Marks the pages as read that are among the first `turns` of the log, while somebody else may write others. */
export const coverPages = (pages: Iterable<Page>, turns: number): void => {
  for (const page of pages) {
    if (isRead(page)) continue
    const turn = turnOf(page)
    // One that was never written has no turn. One that is written again has a later one.
    if (turn >= 0 && turn < turns) setRead(page)
  }
}

/** How many of these pages are being written, or were not read to their end. */
export const pagesInUse = (pages: Iterable<Page>): number => {
  let count = 0
  for (const page of pages) if (turnOf(page) >= 0 && !isRead(page)) count++
  return count
}

/** Shows the reader the words before `end`. */
export const publish = (page: Page, end: number): void => {
  Atomics.store(page.i32, publishedHalf(page), end)
}

/** The word that what is published ends before. */
export const publishedEnd = (page: Page): number => Atomics.load(page.i32, publishedHalf(page))

/** Says that the page was read to its end, and may be written again. */
export const setRead = (page: Page): void => {
  Atomics.store(page.i32, readHalf(page), 1)
}

export const isRead = (page: Page): boolean => Atomics.load(page.i32, readHalf(page)) === 1
