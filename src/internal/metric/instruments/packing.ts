/**
 * Packs points to be saved: numbers in one array and texts in one string, whatever the number of series. Saving objects
 * would cost a hundred times as much.
 */

import { textOfUnits } from "../../util/codeUnits.ts"
import type { ExactSum } from "./exactSum.ts"

export interface Packed {
  readonly numbers: Float64Array
  /**
   * All texts, concatenated. Their lengths are among the numbers. If it is long, its UTF-16 code units, which are
   * copied as they are.
   */
  readonly text: string | Uint16Array
}

const LongText = 4096

const unitsOf = (text: string): Uint16Array => {
  const units = new Uint16Array(text.length)
  for (let i = 0; i < units.length; i++) units[i] = text.charCodeAt(i)
  return units
}

/** Reused, because each save packs very many numbers, and allocating memory costs more than packing. */
let scratch = new Float64Array(32)

/** Used by one save at a time. */
export class Packer {
  #numbers = scratch
  #length = 0
  readonly #texts: Array<string> = []

  number(value: number): void {
    this.#reserve(1)
    this.#numbers[this.#length++] = value
  }

  numbers(values: ArrayLike<number>): void {
    this.number(values.length)
    this.#reserve(values.length)
    for (let i = 0; i < values.length; i++) this.#numbers[this.#length++] = values[i]!
  }

  text(value: string): void {
    this.number(value.length)
    this.#texts.push(value)
  }

  get packed(): Packed {
    const text = this.#texts.join("")
    return {
      numbers: this.#numbers.slice(0, this.#length),
      text: text.length < LongText ? text : unitsOf(text)
    }
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#numbers.length) return
    const larger = new Float64Array(2 * (this.#length + more))
    larger.set(this.#numbers)
    this.#numbers = larger
    scratch = larger
  }
}

/** Reads in the order of writing. */
export class Unpacker {
  readonly #numbers: Float64Array
  readonly #all: string
  #number = 0
  #text = 0

  constructor({ numbers, text }: Packed) {
    this.#numbers = numbers
    this.#all = typeof text === "string" ? text : textOfUnits(text)
  }

  get done(): boolean {
    return this.#number === this.#numbers.length
  }

  number(): number {
    return this.#numbers[this.#number++]!
  }

  numbers(): Array<number> {
    const from = this.#number + 1
    this.#number = from + this.number()
    return Array.from(this.#numbers.subarray(from, this.#number))
  }

  text(): string {
    const from = this.#text
    this.#text = from + this.number()
    return this.#all.slice(from, this.#text)
  }
}

/** How values of a form are packed. */
export interface Form<A> {
  pack(to: Packer, value: A): void
  unpack(from: Unpacker): A
}

export const aNumber: Form<number> = { pack: (to, value) => to.number(value), unpack: (from) => from.number() }

/** A count that is absent instead of 0. */
export const aCount: Form<number | undefined> = {
  pack: (to, value = 0) => to.number(value),
  unpack: (from) => from.number() || undefined
}

/** A sum: the first of its doubles, and the others. For a sum out of range, the first is NaN. */
export const aSum: Form<ExactSum> = {
  pack: (to, sum) => {
    if (typeof sum === "string") {
      to.number(Number.NaN)
      to.text(sum)
      return
    }
    to.number(typeof sum === "number" ? sum : sum[0]!)
    to.numbers(typeof sum === "number" ? [] : sum.slice(1))
  },
  unpack: (from) => {
    const first = from.number()
    if (Number.isNaN(first)) return from.text()
    const others = from.numbers()
    return others.length === 0 ? first : [first, ...others]
  }
}

/** An integer of any length, which most often is 0. */
export const units: Form<bigint> = {
  pack: (to, value) => to.text(value === 0n ? "" : String(value)),
  unpack: (from) => BigInt(from.text())
}

export const numbers: Form<Array<number>> = {
  pack: (to, values) => to.numbers(values),
  unpack: (from) => from.numbers()
}

export const listOf = <A>(form: Form<A>): Form<Array<A>> => ({
  pack: (to, values) => {
    to.number(values.length)
    for (const value of values) form.pack(to, value)
  },
  unpack: (from) => Array.from({ length: from.number() }, () => form.unpack(from))
})

/** The fields are written in this order. */
export const record = <A extends object>(forms: { readonly [Field in keyof A]-?: Form<A[Field]> }): Form<A> => {
  const fields = Object.entries(forms) as unknown as ReadonlyArray<[keyof A, Form<unknown>]>
  return {
    pack: (to, value) => {
      for (let i = 0; i < fields.length; i++) fields[i]![1].pack(to, value[fields[i]![0]])
    },
    unpack: (from) => {
      const value: Partial<A> = {}
      for (const [field, form] of fields) {
        const part = form.unpack(from)
        if (part !== undefined) value[field] = part as A[keyof A]
      }
      return value as A
    }
  }
}
