/**
 * The books of a recorder in an attached thread, as numbers in shared memory: who completes them when the thread has ended
 * has all that it counted. Only the thread writes them, apart from `BookClosed`.
 */
export const BookAccepted = 0
export const BookOverflowed = 1
export const BookInvalid = 2
export const BookNotRunning = 3
export const BookEvicted = 4
// What the fold has counted, as the recorder saw it last: no more events than its capacity lie between that and the truth.
export const BookApplied = 5
export const BookIgnored = 6
/**
 * Not 0: the recorder takes no more events. The thread of the runtime sets it, because this thread may not come to its
 * messages, and waits until this one says that it has left.
 */
export const BookClosed = 7
const Books = 8

/** Values of `BookClosed`: the recorder was removed, or its runtime is shut down. */
export const ByRemoval = 1
export const ByShutdown = 2

export type LaneBooks = Float64Array

export const makeBooks = (): LaneBooks =>
  new Float64Array(new SharedArrayBuffer(Books * Float64Array.BYTES_PER_ELEMENT))
