/** Maps a row to the index of its series, by the codes of its labels and without creating a string. */

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
  /** The half of the row with the code; -1: there are no labels; -2: there are several, so `find` must be used. */
  readonly half: number
  /**
   * Looks up a single label by its code; without labels the code is 0. {@link find} handles everything that is not in
   * it.
   */
  readonly index: CodeIndex
  readonly find: (rows: Rows, at: number) => number
}

/** The number of keys up to which a linear search is as fast as a map, which takes more memory than the keys. */
const FewSeries = 8

/**
 * The number of keys that are saved as one text. The text is made when the last of them arrives, and kept, because
 * joining all keys when they are saved would stop the fold for longer than all the numbers do. It is kept as bytes,
 * which are copied as they are, while a string would be serialised again by each save.
 */
const ChunkKeys = 1024

/** The number of changed keys that are saved beside a chunk. If more have changed, the chunk is made again. */
const MostChanged = 192

/** The number of chunks made again in one step of {@link SeriesTable.prepare}, in about two milliseconds. */
const ChunksAtOnce = 12

interface Chunk {
  readonly text: Uint8Array
  /** The indexes of keys that have changed since, up to the number at which the chunk is made again. */
  readonly changed: Set<number>
}

type CodedField = StringField | LiteralField

export class SeriesTable {
  readonly #instrument: Instrument
  readonly #points: Points
  #keys: Array<string> = []
  #free: Array<number> | undefined
  /** Created when there are more than a few series. */
  #indexes: Map<string, number> | undefined
  /** Full chunks of keys. */
  #chunks: Array<Chunk> | undefined
  /** In a copy: {@link all}, if it is not the order of the indexes. */
  #order: ReadonlyArray<number> | undefined

  constructor(instrument: Instrument, points: Points) {
    this.#instrument = instrument
    this.#points = points
  }

  get mostOfLabel(): number | undefined {
    return this.#instrument.maxLabelLength
  }

  /** The index of a series, which may be new. Beyond the limit all share one. */
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

  /** The index of a known series, or -1. */
  #find(key: string): number {
    return this.#indexes === undefined ? this.#keys.indexOf(key) : (this.#indexes.get(key) ?? -1)
  }

  has(key: string): boolean {
    return this.#find(key) >= 0
  }

  get size(): number {
    return this.#keys.length - (this.#free?.length ?? 0)
  }

  /** The indexes of all series, in the order of their creation. */
  get all(): ReadonlyArray<number> {
    if (this.#order !== undefined) return this.#order
    return this.#free === undefined ? [...this.#keys.keys()] : [...this.#indexes!.values()]
  }

  key(index: number): string {
    return this.#keys[index]!
  }

  /** Removes a series. Its index is given to the next new one. */
  remove(index: number): void {
    this.#indexes ??= new Map(this.#keys.map((key, i) => [key, i]))
    this.#indexes.delete(this.#keys[index]!)
    this.#free ??= []
    this.#free.push(index)
  }

  /** An upper bound of all indexes, including free ones. */
  get indexes(): number {
    return this.#keys.length
  }

  /** The series as they are now, to be read while this table continues. They cannot be found by their labels in it. */
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

  /** Makes chunks again before they are saved, a few per step. Keys may change between two steps. */
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

  /** `undefined` if the rows of a layout do not contain the labels as codes. */
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

/** A key is JSON, which contains neither line feeds nor lone surrogates. */
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

/** Whether a code is reused for other strings. */
const isPassing = (field: CodedField, code: number): boolean =>
  field.kind === "string" && code >= FirstCode && code < FirstLasting

const labelOf = (field: CodedField, rows: Rows, code: number, most: number | undefined): LabelValue =>
  labelValue(field.kind === "string" ? rows.strings[code] : field.values[code - FirstCode], most)
