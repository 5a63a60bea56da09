/**
 * Points packed for a save: numbers in one array and texts in one string, whatever the number of series. Objects would
 * cost a save a hundred times as much.
 */

import type { ExactSum } from "./exactSum.ts"

export interface Packed {
  readonly numbers: Float64Array
  /** All texts, one after the other. Their lengths are among the numbers. */
  readonly text: string
}

export class Packer {
  #numbers = new Float64Array(32)
  #length = 0
  readonly #texts: Array<string> = []

  number(value: number): void {
    this.#reserve(1)
    this.#numbers[this.#length++] = value
  }

  numbers(values: ReadonlyArray<number>): void {
    this.number(values.length)
    this.#reserve(values.length)
    for (let i = 0; i < values.length; i++) this.#numbers[this.#length++] = values[i]!
  }

  text(value: string): void {
    this.number(value.length)
    this.#texts.push(value)
  }

  get packed(): Packed {
    return { numbers: this.#numbers.subarray(0, this.#length), text: this.#texts.join("") }
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#numbers.length) return
    const larger = new Float64Array(2 * (this.#length + more))
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}

/** Reads in the order in which it was written. */
export class Unpacker {
  readonly #packed: Packed
  #number = 0
  #text = 0

  constructor(packed: Packed) {
    this.#packed = packed
  }

  get done(): boolean {
    return this.#number === this.#packed.numbers.length
  }

  number(): number {
    return this.#packed.numbers[this.#number++]!
  }

  numbers(): Array<number> {
    const from = this.#number + 1
    this.#number = from + this.number()
    return Array.from(this.#packed.numbers.subarray(from, this.#number))
  }

  text(): string {
    const from = this.#text
    this.#text = from + this.number()
    return this.#packed.text.slice(from, this.#text)
  }
}

/** How values of a form are packed. */
export interface Form<A> {
  pack(to: Packer, value: A): void
  unpack(from: Unpacker): A
}

export const aNumber: Form<number> = { pack: (to, value) => to.number(value), unpack: (from) => from.number() }

/** A count that is not there rather than 0. */
export const aCount: Form<number | undefined> = {
  pack: (to, value = 0) => to.number(value),
  unpack: (from) => from.number() || undefined
}

/** A sum: the first of its doubles, and the others. Of one beyond the doubles, the first is none. */
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

/** A whole number of any length, which most often is 0. */
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

/** The fields are made in this order. */
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

/** All values of a list; some of it may not be there. */
export const packAll = <A>(form: Form<A>, values: ReadonlyArray<A | undefined>): Packed => {
  const to = new Packer()
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    to.number(value === undefined ? 0 : 1)
    if (value !== undefined) form.pack(to, value)
  }
  return to.packed
}

export const unpackAll = <A>(form: Form<A>, packed: Packed): Array<A | undefined> => {
  const from = new Unpacker(packed)
  const values: Array<A | undefined> = []
  while (!from.done) values.push(from.number() === 0 ? undefined : form.unpack(from))
  return values
}
