/**
 * Words of shared memory beside the pages of an attached thread: how far it has written, so that its stream can be
 * completed when it has ended, and how far the fold has read.
 *
 * The thread writes them with plain stores. Most of them are read only after the thread has ended, when all stores are
 * visible.
 */

// Words of 32 bits.
/** The page that is being written, and the end of the last complete row with an event. */
export const WordPage = 4
export const WordPos = 5
/**
 * The open run: the word of its header (0: none is open), the words per row, its type, and its lane if the run is
 * counted for it, or -1.
 */
export const WordRunAt = 6
export const WordRunWords = 7
export const WordRunType = 8
export const WordRunLane = 9
/** The rows of the run that are included in the counted events. */
export const WordRunCounted = 10
const Words = 16

// Words of 64 bits, which hold positions in the log.
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

  /** The position up to which the thread has published. A store that is seen late makes it smaller, never larger. */
  get published(): number {
    return this.#f64[Published]!
  }

  set published(position: number) {
    this.#f64[Published] = position
  }

  /** The position up to which the fold has read. */
  get read(): number {
    return this.#f64[Read]!
  }

  set read(position: number) {
    this.#f64[Read] = position
  }
}
