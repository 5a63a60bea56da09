/** The series of a summary in place: equivalent to the pure functions of {@link ./summary.ts}. */
import { Blocks } from "./blocks.ts"
import { ExponentialTable } from "./exponentialTable.ts"
import { type Packer, type Unpacker, units } from "./packing.ts"
import type { SlidingTable } from "./slidingPoints.ts"
import type { SlidingWindow } from "./slidingWindow.ts"
import { FirstFigure, SlotChains } from "./slotChains.ts"
import { type SummaryPoint, withNegatives } from "./summary.ts"
import { type SumPlace, SumRests } from "./sumRests.ts"

// The contents of a series' block.
const Sum = FirstFigure
const Low = FirstFigure + 1
const Count = FirstFigure + 2
const Negatives = FirstFigure + 3
const SeriesBits = 3

/** The contents of a slot's block: the address of its values. */
const Values = FirstFigure
const SlotBits = 2

export class SummaryTable implements SlidingTable<SummaryPoint> {
  readonly #window: SlidingWindow
  /** The values of all slots of all series. */
  readonly #values = new ExponentialTable({})
  readonly #blocks = new Blocks()
  /** By the address of the series. */
  readonly #rests = new SumRests()
  readonly #chains: SlotChains

  constructor(window: SlidingWindow) {
    this.#window = window
    this.#chains = new SlotChains(this.#blocks, window, SlotBits, (slot) => this.#values.free(this.#valuesOf(slot)))
  }

  create(): number {
    return this.#blocks.take(SeriesBits)
  }

  free(address: number): void {
    this.#chains.clear(address)
    this.#rests.forget(address)
    this.#blocks.give(address, SeriesBits)
  }

  add(address: number, value: number, at: number): boolean {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    figures[f + Count]! += 1
    this.#rests.add(address, figures, f + Sum, figures, f + Low, value)
    if (value < 0) figures[f + Negatives]! += 1
    const slot = this.#window.slotAt(at)
    const newest = this.#chains.newestIf(address, slot)
    if (newest >= 0) {
      this.#values.add(this.#valuesOf(newest), value)
      return false
    }
    this.#chains.comeTo(address, slot)
    const { address: found, begins } = this.#chains.find(address, slot)
    if (begins) this.#begin(found, this.#values.create())
    this.#values.add(this.#valuesOf(found), value)
    return begins
  }

  #valuesOf(slot: number): number {
    return this.#blocks.of(slot)[this.#blocks.at(slot) + Values]!
  }

  #begin(slot: number, values: number): void {
    this.#blocks.of(slot)[this.#blocks.at(slot) + Values] = values
  }

  #sum(figures: Float64Array, f: number): SumPlace {
    return [figures, f + Sum, figures, f + Low]
  }

  newest(address: number): number {
    return this.#chains.newest(address)
  }

  dropUnreached(address: number, last: number): void {
    this.#chains.dropUnreached(address, last)
  }

  point(address: number): SummaryPoint {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    return {
      count: figures[f + Count]!,
      sum: this.#rests.at(address, this.#sum(figures, f)),
      ...withNegatives(figures[f + Negatives]!),
      slots: this.#chains
        .of(address)
        .map((slot) => ({ ...this.#values.point(this.#valuesOf(slot)), slot: this.#chains.slotOf(slot) }))
    }
  }

  put({ count, negatives = 0, slots, sum }: SummaryPoint): number {
    const address = this.create()
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    this.#rests.put(address, sum, this.#sum(figures, f))
    figures[f + Count] = count
    figures[f + Negatives] = negatives
    for (const each of slots) this.#begin(this.#chains.append(address, each.slot), this.#values.put(each))
    return address
  }

  take(from: SummaryTable, other: number): number {
    const address = this.create()
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    const others = from.#blocks.of(other)
    const of = from.#blocks.at(other)
    for (let i = Sum; i <= Negatives; i++) figures[f + i] = others[of + i]!
    this.#rests.take(address, from.#rests, other)
    for (const slot of from.#chains.of(other)) {
      const values = this.#values.take(from.#values, from.#valuesOf(slot))
      this.#begin(this.#chains.append(address, from.#chains.slotOf(slot)), values)
    }
    return address
  }

  pack(to: Packer, address: number): void {
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    const slots = this.#chains.of(address)
    for (const figure of [Count, Sum, Low, Negatives]) to.number(figures[f + figure]!)
    units.pack(to, this.#rests.of(address))
    to.number(slots.length)
    for (const slot of slots) {
      to.number(this.#chains.slotOf(slot))
      this.#values.pack(to, this.#valuesOf(slot))
    }
  }

  unpack(from: Unpacker): number {
    const address = this.create()
    const figures = this.#blocks.of(address)
    const f = this.#blocks.at(address)
    for (const figure of [Count, Sum, Low, Negatives]) figures[f + figure] = from.number()
    this.#rests.set(address, units.unpack(from))
    const slots = from.number()
    for (let i = 0; i < slots; i++) this.#begin(this.#chains.append(address, from.number()), this.#values.unpack(from))
    return address
  }
}
