/**
 * The slots of a sliding window as numbers: for each series a chain of blocks, from its oldest slot to its newest. They
 * follow the rules of {@link SlidingWindow} for lists of slots.
 */
import type { Blocks } from "./blocks.ts"
import type { SlidingWindow } from "./slidingWindow.ts"

// The first entries in the block of a series, and in that of a slot. They store addresses plus one, or 0 for none.
const Oldest = 0
const Newest = 1
const Slot = 0
const Newer = 1

/** The index of the first value in the block of a series, or of a slot. */
export const FirstFigure = 2

export class SlotChains {
  readonly #blocks: Blocks
  readonly #window: SlidingWindow
  readonly #bits: number
  readonly #onFree: (address: number) => void

  /** `bits`: the size of a slot's block. `onFree`: called when a slot is removed. */
  constructor(blocks: Blocks, window: SlidingWindow, bits: number, onFree: (address: number) => void) {
    this.#blocks = blocks
    this.#window = window
    this.#bits = bits
    this.#onFree = onFree
  }

  #get(address: number, figure: number): number {
    return this.#blocks.of(address)[this.#blocks.at(address) + figure]!
  }

  #set(address: number, figure: number, value: number): void {
    this.#blocks.of(address)[this.#blocks.at(address) + figure] = value
  }

  /** The address of the newest slot of a series if it is this one, or -1. */
  newestIf(series: number, slot: number): number {
    const newest = this.#get(series, Newest) - 1
    return newest >= 0 && this.#get(newest, Slot) === slot ? newest : -1
  }

  newest(series: number): number {
    const newest = this.#get(series, Newest) - 1
    return newest < 0 ? Number.NEGATIVE_INFINITY : this.#get(newest, Slot)
  }

  /** Drops the slots that leave the window when a value of this slot arrives. */
  comeTo(series: number, slot: number): void {
    this.dropUnreached(series, slot)
    const newest = Math.max(slot, this.newest(series))
    for (let oldest = this.#get(series, Oldest) - 1; oldest >= 0; oldest = this.#get(series, Oldest) - 1) {
      if (this.#window.has(this.#get(oldest, Slot), newest)) return
      const next = this.#get(oldest, Newer)
      this.#free(oldest)
      this.#set(series, Oldest, next)
      if (next === 0) this.#set(series, Newest, 0)
    }
  }

  /** Drops slots that the clock has not reached if the last value is in the slot `last`. */
  dropUnreached(series: number, last: number): void {
    if (this.#window.isReached(this.newest(series), last)) return
    let before = 0
    let next = this.#get(series, Oldest)
    while (next > 0 && this.#window.isReached(this.#get(next - 1, Slot), last)) {
      before = next
      next = this.#get(next - 1, Newer)
    }
    this.#set(series, Newest, before)
    if (before === 0) this.#set(series, Oldest, 0)
    else this.#set(before - 1, Newer, 0)
    this.#freeFrom(next)
  }

  /** The address of a slot, which is created if necessary. */
  find(series: number, slot: number): { readonly address: number; readonly begins: boolean } {
    let before = 0
    const newest = this.#get(series, Newest)
    if (newest > 0 && this.#get(newest - 1, Slot) <= slot) before = newest
    else
      for (let next = this.#get(series, Oldest); next > 0; next = this.#get(next - 1, Newer)) {
        if (this.#get(next - 1, Slot) > slot) break
        before = next
      }
    if (before > 0 && this.#get(before - 1, Slot) === slot) return { address: before - 1, begins: false }
    return { address: this.#insert(series, before, slot), begins: true }
  }

  /** Appends a slot that is newer than all others, and returns its address. */
  append(series: number, slot: number): number {
    return this.#insert(series, this.#get(series, Newest), slot)
  }

  #insert(series: number, before: number, slot: number): number {
    const address = this.#blocks.take(this.#bits)
    const [of, figure] = before === 0 ? [series, Oldest] : [before - 1, Newer]
    this.#set(address, Slot, slot)
    this.#set(address, Newer, this.#get(of, figure))
    this.#set(of, figure, address + 1)
    if (this.#get(address, Newer) === 0) this.#set(series, Newest, address + 1)
    return address
  }

  /** The addresses of the slots of a series, the oldest first. */
  of(series: number): ReadonlyArray<number> {
    const slots: Array<number> = []
    for (let next = this.#get(series, Oldest); next > 0; next = this.#get(next - 1, Newer)) slots.push(next - 1)
    return slots
  }

  slotOf(address: number): number {
    return this.#get(address, Slot)
  }

  /** Drops all. */
  clear(series: number): void {
    this.#freeFrom(this.#get(series, Oldest))
    this.#set(series, Oldest, 0)
    this.#set(series, Newest, 0)
  }

  #freeFrom(first: number): void {
    for (let next = first; next > 0; ) {
      const address = next - 1
      next = this.#get(address, Newer)
      this.#free(address)
    }
  }

  #free(address: number): void {
    this.#onFree(address)
    this.#blocks.give(address, this.#bits)
  }
}
