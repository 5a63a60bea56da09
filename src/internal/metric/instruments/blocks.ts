/**
 * Blocks of doubles in a few large arrays, for whatever has more or fewer numbers for each series. The collector of garbage
 * has nothing to trace in them, however many there are, and nothing is copied when more is needed.
 */

/** Doubles of a chunk, once there are many. No block is larger. */
export const MostOfBlock = 2 ** 14
const ChunkBits = 14

/** The smallest block, of 8 doubles. */
const LeastBits = 3

/** The size of a block that has room for so many doubles, as a power of two. */
export const bitsFor = (length: number): number => Math.max(LeastBits, 32 - Math.clz32(length - 1))

const none: Array<Float64Array> = []

/** A block is known by its address: the number of its chunk, and where it begins there. */
export class Blocks {
  #chunks: Array<Float64Array> = none
  /** The same as bytes, where somebody has asked for them. */
  #bytes: Array<Uint8Array | undefined> | undefined
  #size = 0
  /** Where the rest of the last chunk begins. */
  #next = 0
  /** Addresses of those that were given back, by the bits of their size. */
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

  /** The array in which a block lies, from {@link at} on. */
  of(address: number): Float64Array {
    return this.#chunks[address >>> ChunkBits]!
  }

  /** The same as bytes: eight of them are a double. */
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
      // As much again as there is, so that few blocks take little.
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
