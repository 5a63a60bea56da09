/**
 * Memory that is reused for long contents. It is shared memory, although only one thread uses it, because V8 does not
 * count shared memory: for 64 MB of other memory it traverses the heap of the thread, in steps that take tens of
 * milliseconds together. It is kept, because nothing else would free it in time.
 */
import { PieceBytes, type TakeMemory } from "./pieces.ts"

/** The maximum that a thread keeps, in blocks. Beyond it ordinary memory is used. */
const MostBlocks = (64 << 20) / PieceBytes

const free: Array<Uint8Array> = []
let made = 0

export class SpareMemory {
  #taken: Array<Uint8Array> = []

  /** A block of {@link PieceBytes}, until the release. */
  readonly take: TakeMemory = () => {
    const isNew = free.length === 0
    if (isNew && made === MostBlocks) return new Uint8Array(PieceBytes)
    if (isNew) made++
    const block = free.pop() ?? new Uint8Array(new SharedArrayBuffer(PieceBytes))
    this.#taken.push(block)
    return block
  }

  /** Releases the blocks: their contents are not read any more. */
  release(): void {
    free.push(...this.#taken)
    this.#taken = []
  }
}
