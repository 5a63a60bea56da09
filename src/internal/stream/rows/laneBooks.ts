/**
 * The accounting of a recorder in an attached thread, as numbers in shared memory. When the thread has ended, the
 * runtime's thread completes it from these numbers. Only the thread writes them, except for `BookClosed`.
 */
export const BookAccepted = 0
export const BookOverflowed = 1
export const BookInvalid = 2
export const BookNotRunning = 3
export const BookEvicted = 4
// What the fold has counted, as last seen by the recorder. It differs from the true value by at most the capacity.
export const BookApplied = 5
export const BookIgnored = 6
/**
 * Not 0: the recorder accepts no more events. The runtime's thread sets it, because this thread may not get to its
 * messages, and waits until this thread confirms that it has left.
 */
export const BookClosed = 7
const Books = 8

/** Values of `BookClosed`: the recorder was removed, or its runtime is shut down. */
export const ByRemoval = 1
export const ByShutdown = 2

export type LaneBooks = Float64Array

export const makeBooks = (): LaneBooks =>
  new Float64Array(new SharedArrayBuffer(Books * Float64Array.BYTES_PER_ELEMENT))
