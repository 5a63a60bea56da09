/**
 * The number of folded events of each lane: written by the fold and read by the recorder, through shared memory if
 * possible. The table has chunks, because a runtime may have ten thousand lanes.
 */

/** The number of lanes in a chunk. */
const ChunkLanes = 1024
const Width = 4

// The counters of a lane. They wrap around, so only differences are meaningful.
const Applied = 0
const Ignored = 1
/** Set by a recorder that waits for the next events to be folded. */
const Wanted = 2

export type CounterBuffer = ArrayBufferLike

/** The counters of one lane. */
export class LaneCounters {
  readonly #table: Int32Array
  readonly #at: number

  constructor(table: Int32Array, at: number) {
    this.#table = table
    this.#at = at
  }

  get applied(): number {
    return Atomics.load(this.#table, this.#at + Applied)
  }

  /** Written only by the fold. */
  set applied(count: number) {
    Atomics.store(this.#table, this.#at + Applied, count)
  }

  get ignored(): number {
    return Atomics.load(this.#table, this.#at + Ignored)
  }

  set ignored(count: number) {
    Atomics.store(this.#table, this.#at + Ignored, count)
  }

  want(): void {
    Atomics.store(this.#table, this.#at + Wanted, 1)
  }

  /** Returns whether the recorder waits, and clears the flag. */
  takeWanted(): boolean {
    return (
      Atomics.load(this.#table, this.#at + Wanted) !== 0 && Atomics.exchange(this.#table, this.#at + Wanted, 0) !== 0
    )
  }

  clear(): void {
    for (let i = 0; i < Width; i++) Atomics.store(this.#table, this.#at + i, 0)
  }
}

/** The table. The side that opens lanes adds chunks and announces them to the other side. */
export class CounterTable {
  readonly #chunks: Array<Int32Array> = []

  get lanes(): number {
    return this.#chunks.length * ChunkLanes
  }

  /** The existing chunks. */
  get buffers(): ReadonlyArray<CounterBuffer> {
    return this.#chunks.map(({ buffer }) => buffer)
  }

  /** Adds a chunk by its number. It may be known already. */
  add(chunk: number, buffer: CounterBuffer): void {
    this.#chunks[chunk] = new Int32Array(buffer)
  }

  /** A number that changes whenever something is folded. */
  get folded(): number {
    let sum = 0
    for (const chunk of this.#chunks) {
      for (let at = 0; at < chunk.length; at += Width) sum = (sum + chunk[at + Applied]! + chunk[at + Ignored]!) | 0
    }
    return sum
  }

  of(lane: number): LaneCounters {
    const { at, table } = this.#placeOf(lane)
    return new LaneCounters(table, at)
  }

  /** The place of a lane's counters, for another thread: see {@link countersAt}. */
  placeOf(lane: number): CounterPlace {
    const { at, table } = this.#placeOf(lane)
    return { buffer: table.buffer, at }
  }

  #placeOf(lane: number): { readonly table: Int32Array; readonly at: number } {
    return { table: this.#chunks[Math.floor(lane / ChunkLanes)]!, at: (lane % ChunkLanes) * Width }
  }
}

export interface CounterPlace {
  readonly buffer: CounterBuffer
  readonly at: number
}

export const countersAt = ({ at, buffer }: CounterPlace): LaneCounters => new LaneCounters(new Int32Array(buffer), at)

/** The size of a chunk in bytes. */
export const ChunkBytes = ChunkLanes * Width * Int32Array.BYTES_PER_ELEMENT
