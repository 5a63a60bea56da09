/**
 * The books of a recorder in an attached thread, as numbers in shared memory: who completes them when the thread has ended
 * has all that it counted. Only the thread writes them.
 */
export const BookAccepted = 0
export const BookOverflowed = 1
export const BookInvalid = 2
export const BookNotRunning = 3
export const BookEvicted = 4
// What the fold has counted, as the recorder saw it last: no more events than its capacity lie between that and the truth.
export const BookApplied = 5
export const BookIgnored = 6
const Books = 7

export type LaneBooks = Float64Array

export const makeBooks = (): LaneBooks =>
  new Float64Array(new SharedArrayBuffer(Books * Float64Array.BYTES_PER_ELEMENT))
