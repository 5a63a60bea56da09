import type { PointTable } from "./blockPoints.ts"
import { Blocks } from "./blocks.ts"
import type { Form, Packer, Unpacker } from "./packing.ts"
import { SumRests } from "./sumRests.ts"

/** Series with a fixed, small number of values each. */
export abstract class FigureTable<Point, Value = number> implements PointTable<Point, Value> {
  protected readonly blocks = new Blocks()
  /** By address. */
  protected readonly rests = new SumRests()
  readonly #bits: number
  readonly #form: Form<Point>

  /** `bits`: the number of values, as a power of two. */
  constructor(bits: number, form: Form<Point>) {
    this.#bits = bits
    this.#form = form
  }

  abstract add(address: number, value: Value, at: number): void
  abstract point(address: number): Point
  protected abstract set(address: number, point: Point): void

  create(): number {
    return this.blocks.take(this.#bits)
  }

  free(address: number): void {
    this.rests.forget(address)
    this.blocks.give(address, this.#bits)
  }

  put(point: Point): number {
    const address = this.create()
    this.set(address, point)
    return address
  }

  take(from: this, other: number): number {
    const address = this.create()
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    const others = from.blocks.of(other)
    const of = from.blocks.at(other)
    for (let i = 0; i < 2 ** this.#bits; i++) figures[f + i] = others[of + i]!
    this.rests.take(address, from.rests, other)
    return address
  }

  pack(to: Packer, address: number): void {
    this.#form.pack(to, this.point(address))
  }

  unpack(from: Unpacker): number {
    return this.put(this.#form.unpack(from))
  }
}
