/** The series of a summary in place. */
import type { Steps } from "../../util/steps.ts"
import { Blocks, bitsFor } from "./blocks.ts"
import { isExact } from "./exactSum.ts"
import { ExponentialTable } from "./exponentialTable.ts"
import { LaterCopies, MissingSeries } from "./laterCopies.ts"
import { type Packed, Packer, Unpacker, units } from "./packing.ts"
import { grown, noNumbers, type Points } from "./points.ts"
import type { SlidingWindow } from "./slidingWindow.ts"
import { type SummaryPoint, type SummarySettings, windowOf, withNegatives } from "./summary.ts"
import { type SumPlace, SumRests } from "./sumRests.ts"

// What lies in the block of a series. Its slots have a block of their own: of each its number, and where its values are.
const Sum = 0
const Low = 1
const Count = 2
const Negatives = 3
const Slots = 4
const Address = 5
const Bits = 6
const FigureBits = 3

interface SlotPlace {
  readonly slot: number
  /** In the table. */
  readonly address: number
}

interface SavedSummaries {
  readonly series: Packed
  readonly at: number
}

export class SummaryPoints implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly #settings: SummarySettings
  readonly #window: SlidingWindow
  /** The values of all slots of all series. */
  readonly #table = new ExponentialTable({})
  readonly #blocks = new Blocks()
  /** By the address of the block. */
  readonly #rests = new SumRests()
  /** Where each series lies. */
  #addresses = noNumbers
  #size = 0
  /** While somebody looks at any. */
  copies: LaterCopies<SummaryPoints> | undefined
  /** Of a copy. */
  missing: MissingSeries<SummaryPoints> | undefined
  /** When the last value was measured. */
  latest = Number.NEGATIVE_INFINITY
  /** No slot of any series is greater. */
  #newest = Number.NEGATIVE_INFINITY

  constructor(settings: SummarySettings) {
    this.#settings = settings
    this.#window = windowOf(settings)
  }

  code(): string {
    return "points.add(s, v, time);"
  }

  reserve(index: number): void {
    this.#begin(index)
  }

  /** Has a series begin anew. Returns its address. */
  #begin(index: number): number {
    if (index < this.#size) {
      this.copies?.keep(index)
      this.#free(this.#addresses[index]!)
    } else {
      this.#addresses = grown(this.#addresses, index + 1)
      this.#size = index + 1
    }
    return this.#create(index)
  }

  #create(index: number): number {
    const address = this.#blocks.take(FigureBits)
    this.#addresses[index] = address
    return address
  }

  #free(address: number): void {
    for (const slot of this.#slotsOf(address)) this.#table.free(slot.address)
    this.#freeSlots(address)
    this.#rests.forget(address)
    this.#blocks.give(address, FigureBits)
  }

  add(index: number, value: number, at: number): void {
    this.copies?.keep(index)
    if (at < this.latest) this.rewind(at)
    this.latest = at
    const address = this.#addresses[index]!
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    series[s + Count]! += 1
    const before = series[s + Sum]!
    const sum = before + value
    series[s + Sum] = sum
    if (!isExact(before, value, sum)) this.#rests.carry(address, before, value, this.#sum(series, s))
    if (value < 0) series[s + Negatives]! += 1
    const slot = this.#window.slotAt(at)
    this.#table.add(this.#lastOf(series, s, slot) ?? this.#addressOf(address, slot), value)
  }

  #sum(series: Float64Array, s: number): SumPlace {
    return [series, s + Sum, series, s + Low]
  }

  /** Where the values of a slot are, if it is the last one. */
  #lastOf(series: Float64Array, s: number, slot: number): number | undefined {
    const count = series[s + Slots]!
    if (count === 0) return undefined
    const slots = this.#blocks.of(series[s + Address]!)
    const last = this.#blocks.at(series[s + Address]!) + 2 * (count - 1)
    return slots[last] === slot ? slots[last + 1] : undefined
  }

  /** Where the values of a slot are, which is known or new. */
  #addressOf(address: number, slot: number): number {
    if (slot > this.#newest) this.#newest = slot
    const slots = this.#slotsOf(address)
    const staying = this.#window.staying(slots, slot)
    this.#freeAllBut(slots, staying)
    const before = staying.findLastIndex((each) => each.slot <= slot)
    const known = staying[before]
    const found = known?.slot === slot ? known : { slot, address: this.#table.create() }
    this.#putSlots(address, found === known ? staying : staying.toSpliced(before + 1, 0, found))
    return found.address
  }

  #slotsOf(address: number): Array<SlotPlace> {
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    const slots = this.#blocks.of(series[s + Address]!)
    const from = this.#blocks.at(series[s + Address]!)
    return Array.from({ length: series[s + Slots]! }, (_, i) => ({
      slot: slots[from + 2 * i]!,
      address: slots[from + 2 * i + 1]!
    }))
  }

  #putSlots(address: number, all: ReadonlyArray<SlotPlace>): void {
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    series[s + Slots] = all.length
    if (all.length === 0) return
    if (series[s + Bits] === 0 || 2 * all.length > 2 ** series[s + Bits]!) {
      this.#freeSlots(address)
      series[s + Bits] = bitsFor(2 * all.length)
      series[s + Address] = this.#blocks.take(series[s + Bits]!)
    }
    const slots = this.#blocks.of(series[s + Address]!)
    const from = this.#blocks.at(series[s + Address]!)
    for (const [i, { address, slot }] of all.entries()) slots.set([slot, address], from + 2 * i)
  }

  #freeSlots(address: number): void {
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    if (series[s + Bits]! > 0) this.#blocks.give(series[s + Address]!, series[s + Bits]!)
    series[s + Bits] = 0
  }

  #freeAllBut(slots: ReadonlyArray<SlotPlace>, staying: ReadonlyArray<SlotPlace>): void {
    if (staying.length === slots.length) return
    for (const each of slots) if (!staying.includes(each)) this.#table.free(each.address)
  }

  rewind(at: number): void {
    if (at >= this.latest) return
    this.latest = at
    const slot = this.#window.slotAt(at)
    if (this.#window.isReached(this.#newest, slot)) return
    this.#newest = Number.NEGATIVE_INFINITY
    for (let index = 0; index < this.#size; index++) {
      const address = this.#addresses[index]!
      const slots = this.#slotsOf(address)
      const reached = this.#window.reached(slots, slot)
      this.#newest = Math.max(this.#newest, reached.at(-1)?.slot ?? this.#newest)
      if (reached === slots) continue
      this.copies?.keep(index)
      this.#freeAllBut(slots, reached)
      this.#putSlots(address, reached)
    }
  }

  point(index: number): SummaryPoint {
    this.missing?.give(index, this)
    const address = this.#addresses[index]!
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    return {
      count: series[s + Count]!,
      sum: this.#rests.at(address, this.#sum(series, s)),
      ...withNegatives(series[s + Negatives]!),
      slots: this.#slotsOf(address).map((each) => ({ ...this.#table.point(each.address), slot: each.slot }))
    }
  }

  put(index: number, { count, negatives = 0, slots, sum }: SummaryPoint, latest = this.latest): void {
    const address = this.#begin(index)
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    this.#rests.put(address, sum, this.#sum(series, s))
    series.set([count, negatives], s + Count)
    this.#putSlots(
      address,
      slots.map((each) => ({ slot: each.slot, address: this.#table.put(each) }))
    )
    this.#newest = Math.max(this.#newest, slots.at(-1)?.slot ?? this.#newest)
    if (latest > this.latest) this.latest = latest
  }

  copy(count: number): SummaryPoints {
    const copy = new SummaryPoints(this.#settings)
    copy.#addresses = new Float64Array(count)
    copy.latest = this.latest
    copy.missing = new MissingSeries<SummaryPoints>(this, count)
    this.copies ??= new LaterCopies()
    this.copies.add(copy)
    return copy
  }

  releaseCopy(): void {
    if (this.copies?.release() === true) this.copies = undefined
  }

  takeOver(index: number, from: SummaryPoints): void {
    const address = this.#create(index)
    const other = from.#addresses[index]!
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    const of = from.#blocks.at(other)
    for (let i = 0; i < Slots; i++) series[s + i] = from.#blocks.of(other)[of + i]!
    this.#rests.take(address, from.#rests, other)
    this.#putSlots(
      address,
      from.#slotsOf(other).map((each) => ({ slot: each.slot, address: this.#table.take(from.#table, each.address) }))
    )
  }

  save(from: number, to: number): SavedSummaries {
    const packer = new Packer()
    for (let index = from; index < to; index++) {
      this.missing?.give(index, this)
      // That it is there.
      packer.number(1)
      this.#pack(packer, this.#addresses[index]!)
    }
    return { series: packer.packed, at: this.latest }
  }

  #pack(to: Packer, address: number): void {
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    for (const figure of [Count, Sum, Low]) to.number(series[s + figure]!)
    units.pack(to, this.#rests.of(address))
    for (const figure of [Negatives, Slots]) to.number(series[s + figure]!)
    for (const each of this.#slotsOf(address)) {
      this.#table.pack(to, each.address)
      to.number(each.slot)
    }
  }

  *loading(saved: ReadonlyArray<SavedSummaries>): Steps<void> {
    for (const { at, series } of saved) {
      if (this.#size > 0) yield
      const from = new Unpacker(series)
      while (!from.done) if (from.number() === 1) this.#unpack(from)
      this.latest = at
    }
  }

  #unpack(from: Unpacker): void {
    const address = this.#begin(this.#size)
    const series = this.#blocks.of(address)
    const s = this.#blocks.at(address)
    for (const figure of [Count, Sum, Low]) series[s + figure] = from.number()
    this.#rests.set(address, units.unpack(from))
    series[s + Negatives] = from.number()
    const slots = Array.from({ length: from.number() }, () => {
      const place = this.#table.unpack(from)
      return { address: place, slot: from.number() }
    })
    this.#putSlots(address, slots)
    this.#newest = Math.max(this.#newest, slots.at(-1)?.slot ?? this.#newest)
  }
}
