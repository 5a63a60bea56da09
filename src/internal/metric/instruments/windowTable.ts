import { Blocks } from "./blocks.ts"
import type { Packer, Unpacker } from "./packing.ts"
import type { SlidingTable } from "./slidingPoints.ts"
import type { SlidingWindow } from "./slidingWindow.ts"
import { FirstFigure, SlotChains } from "./slotChains.ts"
import { SumRests } from "./sumRests.ts"
import { type WindowPoint, type WindowSlot, windowForm } from "./window.ts"

// The contents of a slot's block.
const Sum = FirstFigure
const Low = FirstFigure + 1
const Count = FirstFigure + 2
const Min = FirstFigure + 3
const Max = FirstFigure + 4
const SlotBits = 3

/** A series has only its slots. */
const SeriesBits = 1

/** The series of a window or a rate in place: equivalent to the pure functions of {@link ./window.ts}. */
export class WindowTable implements SlidingTable<WindowPoint> {
  readonly #window: SlidingWindow
  readonly #blocks = new Blocks()
  /** By the address of the slot. */
  readonly #rests = new SumRests()
  readonly #chains: SlotChains

  constructor(window: SlidingWindow) {
    this.#window = window
    this.#chains = new SlotChains(this.#blocks, window, SlotBits, (slot) => this.#rests.forget(slot))
  }

  create(): number {
    return this.#blocks.take(SeriesBits)
  }

  free(address: number): void {
    this.#chains.clear(address)
    this.#blocks.give(address, SeriesBits)
  }

  add(address: number, of: number, at: number): boolean {
    // -0 counts as 0, as in JSON.
    const value = 0 + of
    const slot = this.#window.slotAt(at)
    const newest = this.#chains.newestIf(address, slot)
    if (newest >= 0) {
      this.#addTo(newest, value)
      return false
    }
    this.#chains.comeTo(address, slot)
    const { address: found, begins } = this.#chains.find(address, slot)
    if (begins) this.#begin(found)
    this.#addTo(found, value)
    return begins
  }

  #begin(slot: number): void {
    const figures = this.#blocks.of(slot)
    const f = this.#blocks.at(slot)
    figures[f + Min] = Number.POSITIVE_INFINITY
    figures[f + Max] = Number.NEGATIVE_INFINITY
  }

  #addTo(slot: number, value: number): void {
    const figures = this.#blocks.of(slot)
    const f = this.#blocks.at(slot)
    this.#rests.add(slot, figures, f + Sum, figures, f + Low, value)
    figures[f + Count]! += 1
    if (value < figures[f + Min]!) figures[f + Min] = value
    if (value > figures[f + Max]!) figures[f + Max] = value
  }

  newest(address: number): number {
    return this.#chains.newest(address)
  }

  dropUnreached(address: number, last: number): void {
    this.#chains.dropUnreached(address, last)
  }

  point(address: number): WindowPoint {
    return {
      slots: this.#chains.of(address).map((each) => {
        const figures = this.#blocks.of(each)
        const f = this.#blocks.at(each)
        return {
          slot: this.#chains.slotOf(each),
          count: figures[f + Count]!,
          sum: this.#rests.at(each, [figures, f + Sum, figures, f + Low]),
          min: figures[f + Min]!,
          max: figures[f + Max]!
        }
      })
    }
  }

  put({ slots }: WindowPoint): number {
    const address = this.create()
    for (const each of slots) this.#append(address, each)
    return address
  }

  #append(address: number, { count, max, min, slot, sum }: WindowSlot): void {
    const added = this.#chains.append(address, slot)
    const figures = this.#blocks.of(added)
    const f = this.#blocks.at(added)
    this.#rests.put(added, sum, [figures, f + Sum, figures, f + Low])
    figures[f + Count] = count
    figures[f + Min] = min
    figures[f + Max] = max
  }

  take(from: WindowTable, other: number): number {
    const address = this.create()
    for (const each of from.#chains.of(other)) {
      const added = this.#chains.append(address, from.#chains.slotOf(each))
      const figures = this.#blocks.of(added)
      const f = this.#blocks.at(added)
      const others = from.#blocks.of(each)
      const of = from.#blocks.at(each)
      for (let i = Sum; i <= Max; i++) figures[f + i] = others[of + i]!
      this.#rests.take(added, from.#rests, each)
    }
    return address
  }

  pack(to: Packer, address: number): void {
    windowForm.pack(to, this.point(address))
  }

  unpack(from: Unpacker): number {
    return this.put(windowForm.unpack(from))
  }
}
