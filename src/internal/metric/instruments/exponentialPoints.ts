/** The series of an exponential histogram in place. */
import type { Steps } from "../../util/steps.ts"
import type { ExponentialPoint, ExponentialSettings } from "./exponential.ts"
import { ExponentialTable } from "./exponentialTable.ts"
import { LaterCopies, MissingSeries } from "./laterCopies.ts"
import { type Packed, Packer, Unpacker } from "./packing.ts"
import { grown, noNumbers, type Points } from "./points.ts"

export class ExponentialPoints implements Points {
  readonly a = noNumbers
  readonly b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly #settings: ExponentialSettings
  readonly #table: ExponentialTable
  /** Where each series lies in the table. */
  #addresses = noNumbers
  #size = 0
  /** While somebody looks at any. */
  copies: LaterCopies<ExponentialPoints> | undefined
  /** Of a copy. */
  missing: MissingSeries<ExponentialPoints> | undefined

  constructor(settings: ExponentialSettings) {
    this.#settings = settings
    this.#table = new ExponentialTable(settings)
  }

  code(): string {
    return "points.add(s, v);"
  }

  reserve(index: number): void {
    this.#replace(index, this.#table.create())
  }

  add(index: number, value: number): void {
    this.copies?.keep(index)
    this.#table.add(this.#addresses[index]!, value)
  }

  point(index: number): ExponentialPoint {
    this.missing?.give(index, this)
    return this.#table.point(this.#addresses[index]!)
  }

  put(index: number, point: ExponentialPoint): void {
    this.#replace(index, this.#table.put(point))
  }

  #replace(index: number, address: number): void {
    if (index < this.#size) {
      this.copies?.keep(index)
      this.#table.free(this.#addresses[index]!)
    } else {
      this.#addresses = grown(this.#addresses, index + 1)
      this.#size = index + 1
    }
    this.#addresses[index] = address
  }

  copy(count: number): ExponentialPoints {
    const copy = new ExponentialPoints(this.#settings)
    copy.#addresses = new Float64Array(count)
    copy.missing = new MissingSeries<ExponentialPoints>(this, count)
    this.copies ??= new LaterCopies()
    this.copies.add(copy)
    return copy
  }

  releaseCopy(): void {
    if (this.copies?.release() === true) this.copies = undefined
  }

  takeOver(index: number, from: ExponentialPoints): void {
    this.#addresses[index] = this.#table.take(from.#table, from.#addresses[index]!)
  }

  save(from: number, to: number): Packed {
    const packer = new Packer()
    for (let index = from; index < to; index++) {
      this.missing?.give(index, this)
      // That it is there.
      packer.number(1)
      this.#table.pack(packer, this.#addresses[index]!)
    }
    return packer.packed
  }

  *loading(saved: ReadonlyArray<Packed>): Steps<void> {
    for (const some of saved) {
      if (this.#size > 0) yield
      const from = new Unpacker(some)
      while (!from.done) if (from.number() === 1) this.#replace(this.#size, this.#table.unpack(from))
    }
  }
}
