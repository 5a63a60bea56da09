/**
 * Memory in which something long is written again and again. It is shared memory, though only one thread has it: V8 does not
 * count that. For 64 MB of other memory it goes through the heap of the thread, in steps that take tens of milliseconds
 * together. Since nothing else would free it in time, it is kept.
 */
import { PieceBytes, type TakeMemory } from "./pieces.ts"

/** Most that a thread keeps, in blocks. What is beyond is memory as any other. */
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

  /** Nobody reads any more what was written there. */
  release(): void {
    free.push(...this.#taken)
    this.#taken = []
  }
}
