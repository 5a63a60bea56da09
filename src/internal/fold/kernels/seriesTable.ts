/**
 * Which series a row belongs to, as an index: found by the codes of its labels, without making a string.
 */

import { type Instrument, type LabelValue, labelValue } from "../../metric/definition/instrument.ts"
import type { Points } from "../../metric/instruments/points.ts"
import { keyOf, OverflowKey } from "../../metric/instruments/series.ts"
import type { Rows } from "../../stream/rows/format.ts"
import { FirstCode, FirstLasting } from "../../stream/rows/format.ts"
import type { Field, Layout, LiteralField, StringField } from "../../stream/rows/layout.ts"
import { allSteps, type Steps } from "../../util/steps.ts"
import { CodeIndex } from "./codeIndex.ts"
import { CodeTable } from "./codeTable.ts"
import type { SavedTable } from "./savedKernel.ts"

/** Finds the series of the rows of a layout. */
export interface SeriesFinder {
  /** The half of the row with the code; -1: there are no labels; -2: there are several, and only `find` will do. */
  readonly half: number
  /** A single label is looked up here by its code, without labels the code 0. What is not there {@link find} finds. */
  readonly index: CodeIndex
  readonly find: (rows: Rows, at: number) => number
}

/** So many keys are found as fast one by one as in a map, which takes more memory than they do. */
const FewSeries = 8

/**
 * Keys that are saved as one text. It is made when the last of them comes, and kept: to join all of them when they are
 * saved would hold up the fold for longer than all numbers do. It is kept as bytes, which are copied as they are, while a
 * string would be serialised anew by each save.
 */
const ChunkKeys = 1024

/** Keys of a chunk that are saved beside it, because they have changed since it was made. With more of them it is made anew. */
const MostChanged = 192

/** Made anew in a step of {@link SeriesTable.prepare}, in about two milliseconds. */
const ChunksAtOnce = 12

interface Chunk {
  readonly text: Uint8Array
  /** The indexes of keys that have changed since: no more of them than decide on what becomes of it. */
  readonly changed: Set<number>
}

type CodedField = StringField | LiteralField

export class SeriesTable {
  readonly #instrument: Instrument
  readonly #points: Points
  #keys: Array<string> = []
  #free: Array<number> | undefined
  /** Made when there are more than a few. */
  #indexes: Map<string, number> | undefined
  /** Full chunks of keys. */
  #chunks: Array<Chunk> | undefined
  /** Of a copy: {@link all}, where it is not the order of the indexes. */
  #order: ReadonlyArray<number> | undefined

  constructor(instrument: Instrument, points: Points) {
    this.#instrument = instrument
    this.#points = points
  }

  get mostOfLabel(): number | undefined {
    return this.#instrument.maxLabelLength
  }

  /** The index of a series, which is new or known. Beyond the limit all share one. */
  indexOf(values: ReadonlyArray<LabelValue>): number {
    return this.indexOfKey(keyOf(values))
  }

  /** The same by its key. */
  indexOfKey(key: string): number {
    const known = this.#find(key)
    if (known >= 0) return known
    const series = this.size - (this.#find(OverflowKey) >= 0 ? 1 : 0)
    if (key !== OverflowKey && series >= this.#instrument.maxSeries) return this.indexOfKey(OverflowKey)
    const index = this.#free?.pop() ?? this.#keys.length
    // Most recorders have one series, and an array that grows has room for 17.
    if (this.#keys.length === 0) this.#keys = [key]
    else this.#keys[index] = key
    const chunk = Math.floor(index / ChunkKeys)
    const changed = this.#chunks?.[chunk]?.changed
    if (changed === undefined) {
      if ((index + 1) % ChunkKeys === 0) this.#join(chunk)
    } else if (changed.size <= MostChanged) changed.add(index)
    if (this.#indexes !== undefined) this.#indexes.set(key, index)
    else if (index >= FewSeries) this.#indexes = new Map(this.#keys.map((each, i) => [each, i]))
    this.#points.reserve(index)
    return index
  }

  /** The index of a series that is known, or -1. */
  #find(key: string): number {
    return this.#indexes === undefined ? this.#keys.indexOf(key) : (this.#indexes.get(key) ?? -1)
  }

  has(key: string): boolean {
    return this.#find(key) >= 0
  }

  get size(): number {
    return this.#keys.length - (this.#free?.length ?? 0)
  }

  /** The indexes of all series, in the order in which they came. */
  get all(): ReadonlyArray<number> {
    if (this.#order !== undefined) return this.#order
    return this.#free === undefined ? [...this.#keys.keys()] : [...this.#indexes!.values()]
  }

  key(index: number): string {
    return this.#keys[index]!
  }

  /** Lets go of a series. Its index is given to the next one that comes. */
  remove(index: number): void {
    this.#indexes ??= new Map(this.#keys.map((key, i) => [key, i]))
    this.#indexes.delete(this.#keys[index]!)
    this.#free ??= []
    this.#free.push(index)
  }

  /** All indexes that there are, free ones among them, are below it. */
  get indexes(): number {
    return this.#keys.length
  }

  /** The series as they are now, to be looked at while these go on. Nothing is found in it by its labels. */
  copy(points: Points): SeriesTable {
    const copy = new SeriesTable(this.#instrument, points)
    copy.#keys = this.#keys.slice()
    copy.#free = this.#free?.slice()
    if (this.#free !== undefined) copy.#order = this.all
    copy.#chunks = this.#chunks?.slice()
    return copy
  }

  /** Whether there is something to {@link prepare}. */
  get isStale(): boolean {
    return this.#chunks?.some(isStale) === true
  }

  /** Makes chunks anew before they are saved, few of them in a step. Keys may change between two steps. */
  *prepare(): Steps<void> {
    const chunks = this.#chunks ?? []
    let made = 0
    for (let chunk = 0; chunk < chunks.length; chunk++) {
      if (!isStale(chunks[chunk]!)) continue
      if (made++ % ChunksAtOnce === ChunksAtOnce - 1) yield
      this.#join(chunk)
    }
  }

  save(): SavedTable {
    const free = this.#free && Int32Array.from(this.#free)
    const chunks = this.#chunks ?? []
    for (let chunk = 0; chunk < chunks.length; chunk++) if (isStale(chunks[chunk]!)) this.#join(chunk)
    const keys = chunks.map(({ text }) => text)
    const indexes = chunks.flatMap(({ changed }) => [...changed])
    const changed =
      indexes.length === 0 ? undefined : ([Int32Array.from(indexes), linesOf(indexes, this.#keys)] as const)
    return { keys, last: this.#text(keys.length), changed, free, order: free && Int32Array.from(this.all) }
  }

  #text(chunk: number): string {
    return this.#keys.slice(chunk * ChunkKeys, (chunk + 1) * ChunkKeys).join("\n")
  }

  #join(chunk: number): void {
    this.#chunks ??= []
    this.#chunks[chunk] = { text: encoder.encode(this.#text(chunk)), changed: new Set() }
  }

  load(saved: SavedTable): void {
    allSteps(this.loading(saved))
  }

  *loading({ changed: [indexes, lines] = none, free, keys, last, order }: SavedTable): Steps<void> {
    for (const chunk of keys) {
      if (this.#keys.length > 0) yield
      this.#keys.push(...decoder.decode(chunk).split("\n"))
    }
    if (last !== "") this.#keys = [...this.#keys, ...last.split("\n")]
    if (keys.length > 0) this.#chunks = keys.map((text) => ({ text, changed: new Set() }))
    const changed = indexes.length === 0 ? [] : lines.split("\n")
    for (const [i, index] of indexes.entries()) {
      this.#keys[index] = changed[i]!
      this.#chunks![Math.floor(index / ChunkKeys)]!.changed.add(index)
    }
    if (free !== undefined) this.#free = [...free]
    if (order === undefined && this.#keys.length <= FewSeries) return
    this.#indexes = new Map()
    for (const index of order ?? this.#keys.keys()) {
      this.#indexes.set(this.#keys[index]!, index)
      if (this.#indexes.size % ChunkKeys === 0) yield
    }
  }

  /** `undefined` where the rows of a layout do not show the labels as codes. */
  finder(layout: Layout): SeriesFinder | undefined {
    const fields: Array<CodedField> = []
    for (const [, source] of this.#instrument.labels) {
      const field: Field | undefined = layout.fields.find(([name]) => name === source)?.[1]
      if (field?.kind !== "string" && field?.kind !== "literal") return undefined
      fields.push(field)
    }
    return fields.length > 1 ? new FindByAll(this, fields) : new FindByOne(this, fields[0])
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const isStale = ({ changed }: Chunk): boolean => changed.size > MostChanged

const none = [new Int32Array(0), ""] as const

/** A key is JSON, in which there is no line feed, and no half of a surrogate pair. */
const linesOf = (indexes: ReadonlyArray<number>, keys: ReadonlyArray<string>): string =>
  indexes.map((index) => keys[index]!).join("\n")

class FindByOne implements SeriesFinder {
  readonly half: number
  readonly index = new CodeIndex()
  readonly #table: SeriesTable
  readonly #field: CodedField | undefined

  constructor(table: SeriesTable, field: CodedField | undefined) {
    this.half = field?.half ?? -1
    this.#table = table
    this.#field = field
  }

  find(rows: Rows, at: number): number {
    const field = this.#field
    const code = field === undefined ? 0 : rows.i32[at * 2 + field.half]!
    const index = this.#table.indexOf(field === undefined ? [] : [labelOf(field, rows, code, this.#table.mostOfLabel)])
    if (field === undefined || !isPassing(field, code)) {
      this.index.set(code, index, this.#table.size, this.#table.key(index) === OverflowKey)
    }
    return index
  }
}

const noIndex = new CodeIndex()

class FindByAll implements SeriesFinder {
  readonly half = -2
  readonly index = noIndex
  readonly #table: SeriesTable
  readonly #fields: ReadonlyArray<CodedField>
  readonly #known: CodeTable
  readonly #row: Int32Array

  constructor(table: SeriesTable, fields: ReadonlyArray<CodedField>) {
    this.#table = table
    this.#fields = fields
    this.#known = new CodeTable(fields.length)
    this.#row = new Int32Array(fields.length)
  }

  find(rows: Rows, at: number): number {
    const row = this.#row
    for (let i = 0; i < row.length; i++) row[i] = rows.i32[at * 2 + this.#fields[i]!.half]!
    const seen = this.#known.find(row)
    if (seen >= 0) return seen
    const index = this.#table.indexOf(
      this.#fields.map((field, i) => labelOf(field, rows, row[i]!, this.#table.mostOfLabel))
    )
    if (!this.#fields.some((field, i) => isPassing(field, row[i]!))) this.#known.add(row, index, this.#table.size)
    return index
  }
}

/** A code that means another string each time. */
const isPassing = (field: CodedField, code: number): boolean =>
  field.kind === "string" && code >= FirstCode && code < FirstLasting

const labelOf = (field: CodedField, rows: Rows, code: number, most: number | undefined): LabelValue =>
  labelValue(field.kind === "string" ? rows.strings[code] : field.values[code - FirstCode], most)
