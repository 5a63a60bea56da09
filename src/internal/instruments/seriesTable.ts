/**
 * Which series a row belongs to, as an index: found by the codes of its labels, without making a string.
 */
import type { Field, Layout, LiteralField, StringField } from "../layout.ts"
import type { Rows } from "../rowCodec.ts"
import { FirstCode, FirstLasting } from "../rowFormat.ts"
import { type Instrument, keyOf, type LabelValue, labelValue, OverflowKey } from "./instrument.ts"
import type { Points } from "./points.ts"

/**
 * Finds the series of the rows of a layout. A single label is looked up by its code in `codes`, where -1 means that
 * {@link find} has to be asked; without labels by the code 0.
 */
export interface SeriesFinder {
  /** The half of the row with the code; -1: there are no labels; -2: there are several, and only `find` will do. */
  readonly half: number
  codes: Int32Array
  readonly find: (rows: Rows, at: number) => number
}

type CodedField = StringField | LiteralField

export class SeriesTable {
  readonly #instrument: Instrument
  readonly #points: Points
  readonly #keys: Array<string> = []
  readonly #indexes = new Map<string, number>()

  constructor(instrument: Instrument, points: Points) {
    this.#instrument = instrument
    this.#points = points
  }

  /** The index of a series, which is new or known. Beyond the cap all share one. */
  indexOf(values: ReadonlyArray<LabelValue>): number {
    return this.#indexOfKey(keyOf(values))
  }

  #indexOfKey(key: string): number {
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const series = this.#keys.length - (this.#indexes.has(OverflowKey) ? 1 : 0)
    if (key !== OverflowKey && series >= this.#instrument.maxSeries) return this.#indexOfKey(OverflowKey)
    const index = this.#keys.length
    this.#keys.push(key)
    this.#indexes.set(key, index)
    this.#points.reserve(index)
    return index
  }

  entries<Point>(point: (index: number) => Point): { readonly [key: string]: Point } {
    return Object.fromEntries(this.#keys.map((key, index) => [key, point(index)]))
  }

  /** `undefined` where the rows of a layout do not show the labels as codes. */
  finder(layout: Layout): SeriesFinder | undefined {
    const fields: Array<CodedField> = []
    for (const [, source] of this.#instrument.labels) {
      const field: Field | undefined = layout.fields.find(([name]) => name === source)?.[1]
      if (field?.kind !== "string" && field?.kind !== "literal") return undefined
      fields.push(field)
    }
    return fields.length > 1 ? this.#findByAll(fields) : this.#findByOne(fields[0])
  }

  #findByOne(field: CodedField | undefined): SeriesFinder {
    const half = field?.half ?? -1
    const finder: SeriesFinder = {
      half,
      codes: new Int32Array(8).fill(-1),
      find: (rows, at) => {
        const code = field === undefined ? 0 : rows.i32[at * 2 + half]!
        const index = this.indexOf(field === undefined ? [] : [labelOf(field, rows, code)])
        if (field === undefined || !isPassing(field, code)) finder.codes = withCode(finder.codes, code, index)
        return index
      }
    }
    return finder
  }

  #findByAll(fields: ReadonlyArray<CodedField>): SeriesFinder {
    const known = new CodeTable(fields.length)
    const codes = new Int32Array(fields.length)
    const halves = Int32Array.from(fields, ({ half }) => half)
    return {
      half: -2,
      codes,
      find: (rows, at) => {
        for (let i = 0; i < halves.length; i++) codes[i] = rows.i32[at * 2 + halves[i]!]!
        const seen = known.find(codes)
        if (seen >= 0) return seen
        const index = this.indexOf(fields.map((field, i) => labelOf(field, rows, codes[i]!)))
        if (!fields.some((field, i) => isPassing(field, codes[i]!))) known.add(codes, index)
        return index
      }
    }
  }
}

const withCode = (codes: Int32Array, code: number, index: number): Int32Array => {
  let table = codes
  if (code >= table.length) {
    table = new Int32Array(Math.max(code + 1, codes.length * 2)).fill(-1)
    table.set(codes)
  }
  table[code] = index
  return table
}

/** A code that means another string each time. */
const isPassing = (field: CodedField, code: number): boolean =>
  field.kind === "string" && code >= FirstCode && code < FirstLasting

const labelOf = (field: CodedField, rows: Rows, code: number): LabelValue =>
  labelValue(field.kind === "string" ? rows.strings[code] : field.values[code - FirstCode])

/** A hash table from a few codes to an index: open addressing, no objects. */
class CodeTable {
  readonly #width: number
  #size = 0
  #codes: Int32Array
  #indexes: Int32Array

  constructor(width: number) {
    this.#width = width
    this.#codes = new Int32Array(64 * width)
    this.#indexes = new Int32Array(64).fill(-1)
  }

  /** The index, or -1. */
  find(codes: Int32Array): number {
    return this.#indexes[this.#slot(codes, 0)]!
  }

  add(codes: Int32Array, index: number): void {
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
    this.#codes = new Int32Array(codes.length * 2)
    this.#indexes = new Int32Array(indexes.length * 2).fill(-1)
    this.#size = 0
    for (let i = 0; i < indexes.length; i++) if (indexes[i]! >= 0) this.#put(codes, i * this.#width, indexes[i]!)
  }
}
