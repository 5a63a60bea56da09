/**
 * Words of shared memory beside the pages of an attached thread: how far it has written, for who completes its stream when
 * it has ended, and how far the fold has read.
 *
 * The thread keeps them by plain stores. Nobody looks at most of them before the thread has ended: by then they are there.
 */

// Words of 32 bits.
/** The page that is being written, and the word behind the last complete row with an event. */
export const WordPage = 4
export const WordPos = 5
/** Of the run that is open: where its header is (0: none is), words of its rows, its type, and its lane if that counts it, or -1. */
export const WordRunAt = 6
export const WordRunWords = 7
export const WordRunType = 8
export const WordRunLane = 9
/** Rows of it that are among the events that were counted. */
export const WordRunCounted = 10
const Words = 16

// Words of 64 bits, which have positions in the log.
const Published = 0
const Read = 1

export const StreamWordsBytes = Words * Int32Array.BYTES_PER_ELEMENT

export class StreamWords {
  readonly buffer: SharedArrayBuffer
  readonly i32: Int32Array
  readonly #f64: Float64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(StreamWordsBytes)) {
    this.buffer = buffer
    this.i32 = new Int32Array(buffer)
    this.#f64 = new Float64Array(buffer)
  }

  /** Up to where the thread has published: no more than that, by what is seen of it. */
  get published(): number {
    return this.#f64[Published]!
  }

  set published(position: number) {
    this.#f64[Published] = position
  }

  /** Up to where the fold has read. */
  get read(): number {
    return this.#f64[Read]!
  }

  set read(position: number) {
    this.#f64[Read] = position
  }
}
