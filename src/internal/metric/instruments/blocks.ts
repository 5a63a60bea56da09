/**
 * Blocks of doubles in a few large arrays, for a varying number of values per series. The garbage collector has nothing
 * to trace in them, however many there are, and growing copies nothing.
 */

/** The number of doubles in a chunk, once there are many. No block is larger. */
export const MostOfBlock = 2 ** 14
const ChunkBits = 14

/** The smallest block, of 8 doubles. */
const LeastBits = 3

/** The size of a block for this many doubles, as a power of two. */
export const bitsFor = (length: number): number => Math.max(LeastBits, 32 - Math.clz32(length - 1))

const none: Array<Float64Array> = []

/** A block is identified by its address: the number of its chunk, and its beginning there. */
export class Blocks {
  #chunks: Array<Float64Array> = none
  /** The same memory as bytes, if requested. */
  #bytes: Array<Uint8Array | undefined> | undefined
  #size = 0
  /** Where the unused part of the last chunk begins. */
  #next = 0
  /** The addresses of released blocks, by the bits of their size. */
  #free: Array<Array<number> | undefined> | undefined

  /** The address of a block of zeros. */
  take(bits: number): number {
    const free = this.#free?.[bits]?.pop()
    if (free === undefined) return this.#new(2 ** bits)
    const from = this.at(free)
    this.of(free).fill(0, from, from + 2 ** bits)
    return free
  }

  give(address: number, bits: number): void {
    this.#free ??= []
    this.#free[bits] ??= []
    this.#free[bits].push(address)
  }

  /** The array that contains a block, starting at {@link at}. */
  of(address: number): Float64Array {
    return this.#chunks[address >>> ChunkBits]!
  }

  /** The same memory as bytes: eight of them are a double. */
  bytesOf(address: number): Uint8Array {
    const chunk = address >>> ChunkBits
    this.#bytes ??= []
    this.#bytes[chunk] ??= new Uint8Array(this.#chunks[chunk]!.buffer)
    return this.#bytes[chunk]
  }

  at(address: number): number {
    return address & (MostOfBlock - 1)
  }

  #new(length: number): number {
    const last = this.#chunks.at(-1)
    if (last === undefined || last.length - this.#next < length) {
      if (last !== undefined) this.#giveRest(last.length)
      // As much again as there is, so that few blocks take little memory.
      const chunk = new Float64Array(Math.min(MostOfBlock, Math.max(length, this.#size)))
      // Most lanes have one, and an array that grows has room for 17.
      if (last === undefined) this.#chunks = [chunk]
      else this.#chunks.push(chunk)
      this.#size += chunk.length
      this.#next = 0
    }
    const at = this.#next
    this.#next += length
    return ((this.#chunks.length - 1) << ChunkBits) + at
  }

  #giveRest(end: number): void {
    while (this.#next < end) {
      const bits = 31 - Math.clz32(end - this.#next)
      this.give(((this.#chunks.length - 1) << ChunkBits) + this.#next, bits)
      this.#next += 2 ** bits
    }
  }
}
