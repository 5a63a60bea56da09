/** The series of an instrument as numbers in {@link ./blocks.ts}, with copies that are made series by series. */
import type { Steps } from "../../util/steps.ts"
import { LaterCopies, MissingSeries } from "./laterCopies.ts"
import { type Packed, Packer, Unpacker } from "./packing.ts"
import { noNumbers, type Points } from "./points.ts"

/** The series of an instrument by their addresses, with the numbers that its pure functions keep as an object. */
export interface PointTable<Point, Value> {
  /** Returns the address of a new series without values. */
  create(): number
  free(address: number): void
  add(address: number, value: Value, at: number): void
  point(address: number): Point
  /** Returns the address of a new series at this point. */
  put(point: Point): number
  /** Returns the address of a copy of a series of another table with the same definition. */
  take(from: PointTable<Point, Value>, other: number): number
  pack(to: Packer, address: number): void
  /** Returns the address of a new series from its packed form. */
  unpack(from: Unpacker): number
}

export interface SavedPoints {
  readonly points: Packed
  /** See {@link Points.latest}. */
  readonly at: number
}

const none: Array<number> = []

export class BlockPoints<Point, Value> implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly code: (() => string) | undefined
  readonly latest: number | undefined
  readonly #table: PointTable<Point, Value>
  readonly #makeTable: () => PointTable<Point, Value>
  /** The address of each series in the table. */
  #addresses: Array<number> = none
  /** While there are readers. */
  copies: LaterCopies<BlockPoints<Point, Value>> | undefined
  /** In a copy. */
  missing: MissingSeries<BlockPoints<Point, Value>> | undefined

  /** `takesNumbers`: it accepts any finite number, so rows can be folded. */
  constructor(makeTable: () => PointTable<Point, Value>, takesNumbers: boolean, table = makeTable()) {
    this.#table = table
    this.#makeTable = makeTable
    this.code = takesNumbers ? addTo : undefined
  }

  reserve(index: number): void {
    this.replace(index, this.#table.create())
  }

  add(index: number, value: Value, at: number): void {
    this.copies?.keep(index)
    this.#table.add(this.#addresses[index]!, value, at)
  }

  point(index: number): Point {
    return this.#table.point(this.addressOf(index))
  }

  put(index: number, point: Point, _latest?: number): void {
    this.replace(index, this.#table.put(point))
  }

  /** In a copy: takes over the series first. */
  protected addressOf(index: number): number {
    this.missing?.give(index, this)
    return this.#addresses[index]!
  }

  protected replace(index: number, address: number): void {
    // Most lanes have one, and an array that grows has room for 17.
    if (this.size === 0) this.#addresses = [address]
    else if (index === this.size) this.#addresses.push(address)
    else {
      this.copies?.keep(index)
      this.#table.free(this.#addresses[index]!)
      this.#addresses[index] = address
    }
  }

  protected get size(): number {
    return this.#addresses.length
  }

  /** Points that take over series of these. */
  protected fresh(): BlockPoints<Point, Value> {
    return new BlockPoints(this.#makeTable, this.code !== undefined)
  }

  copy(count: number): BlockPoints<Point, Value> {
    const copy = this.fresh()
    copy.#addresses = new Array<number>(count).fill(0)
    copy.missing = new MissingSeries<BlockPoints<Point, Value>>(this, count)
    this.copies ??= new LaterCopies()
    this.copies.add(copy)
    return copy
  }

  releaseCopy(): void {
    if (this.copies?.release() === true) this.copies = undefined
  }

  takeOver(index: number, from: BlockPoints<Point, Value>): void {
    this.#addresses[index] = this.#table.take(from.#table, from.#addresses[index]!)
  }

  save(from: number, to: number): SavedPoints {
    const packer = new Packer()
    for (let index = from; index < to; index++) this.#table.pack(packer, this.addressOf(index))
    return { points: packer.packed, at: this.latest ?? Number.NEGATIVE_INFINITY }
  }

  *loading(saved: ReadonlyArray<SavedPoints>): Steps<void> {
    for (const some of saved) {
      if (this.size > 0) yield
      const from = new Unpacker(some.points)
      while (!from.done) this.replace(this.size, this.#table.unpack(from))
    }
  }
}

const addTo = (): string => "points.add(s, v, time);"
