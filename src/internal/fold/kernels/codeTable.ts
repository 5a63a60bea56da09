/**
 * Maps the codes of several labels to the index of their series: open addressing, without objects. As in {@link
 * ./codeIndex.ts}, its size is bounded by the number of series.
 */

/** The maximum number of entries per series. Several combinations may share a series. */
const EntriesPerSeries = 4

/** The number of places in a new table. */
const FewPlaces = 4

export class CodeTable {
  readonly #width: number
  #size = 0
  #codes!: Int32Array
  #indexes!: Int32Array

  constructor(width: number) {
    this.#width = width
    this.#empty(FewPlaces)
  }

  /** The number of entries that it has room for. */
  get places(): number {
    return this.#indexes.length
  }

  #empty(places: number): void {
    this.#size = 0
    this.#codes = new Int32Array(places * this.#width)
    this.#indexes = new Int32Array(places).fill(-1)
  }

  /** The index, or -1. */
  find(codes: Int32Array): number {
    return this.#indexes[this.#slot(codes, 0)]!
  }

  /** `series`: their number. */
  add(codes: Int32Array, index: number, series: number): void {
    // The number of combinations that share a series (beyond the limit, or cut to one label) is unlimited.
    if (this.#size >= series * EntriesPerSeries) this.#empty(FewPlaces)
    if (this.#size * 2 >= this.#indexes.length) this.#grow()
    this.#put(codes, 0, index)
  }

  #put(codes: Int32Array, from: number, index: number): void {
    const slot = this.#slot(codes, from)
    if (this.#indexes[slot]! < 0) this.#size++
    this.#indexes[slot] = index
    for (let i = 0; i < this.#width; i++) this.#codes[slot * this.#width + i] = codes[from + i]!
  }

  #slot(codes: Int32Array, from: number): number {
    const mask = this.#indexes.length - 1
    let hash = 0
    for (let i = 0; i < this.#width; i++) hash = Math.imul(hash ^ codes[from + i]!, 0x9e3779b1)
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      if (this.#indexes[slot]! < 0 || this.#same(codes, from, slot)) return slot
    }
  }

  #same(codes: Int32Array, from: number, slot: number): boolean {
    for (let i = 0; i < this.#width; i++) if (this.#codes[slot * this.#width + i] !== codes[from + i]) return false
    return true
  }

  #grow(): void {
    const codes = this.#codes
    const indexes = this.#indexes
    this.#empty(indexes.length * 2)
    for (let i = 0; i < indexes.length; i++) if (indexes[i]! >= 0) this.#put(codes, i * this.#width, indexes[i]!)
  }
}
