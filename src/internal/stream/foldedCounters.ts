/**
 * How many events of each lane were folded: written by the fold, read by the recorder, through shared memory where
 * there is any. A table in chunks, since a runtime may have ten thousand lanes.
 */

/** Most lanes in a chunk. */
const ChunkLanes = 1024
const Width = 4

// The counters of a lane. They wrap around; only differences are read.
const Applied = 0
const Ignored = 1
/** Set by the recorder: it waits to be told of the next events that are folded. */
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

  /** The fold alone writes them. */
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

  /** Whether the recorder waits; asking it answers. */
  takeWanted(): boolean {
    return (
      Atomics.load(this.#table, this.#at + Wanted) !== 0 && Atomics.exchange(this.#table, this.#at + Wanted, 0) !== 0
    )
  }

  clear(): void {
    for (let i = 0; i < Width; i++) Atomics.store(this.#table, this.#at + i, 0)
  }
}

/** The table: chunks are added by the side that opens lanes, and made known to the other. */
export class CounterTable {
  readonly #chunks: Array<Int32Array> = []

  get lanes(): number {
    return this.#chunks.length * ChunkLanes
  }

  /** The chunks that there are. */
  get buffers(): ReadonlyArray<CounterBuffer> {
    return this.#chunks.map(({ buffer }) => buffer)
  }

  /** A chunk by its number, which may be known already. */
  add(chunk: number, buffer: CounterBuffer): void {
    this.#chunks[chunk] = new Int32Array(buffer)
  }

  /** A number that is another one as soon as something was folded. */
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

  /** Where the counters of a lane are, for another thread: see {@link countersAt}. */
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

/** Bytes of a chunk. */
export const ChunkBytes = ChunkLanes * Width * Int32Array.BYTES_PER_ELEMENT
