/**
 * Writes rows of no fixed width: strings of the dictionary, and plain data of any shape. None of them is part of a run.
 */

import type { ReadCommand } from "./commands.ts"
import { PageWriter } from "./pageWriter.ts"
import { DataEncoder } from "./rows/encodeData.ts"
import {
  LayoutRow,
  MostMetricsRead,
  NamesRow,
  ReadRow,
  readRowWords,
  SkipRow,
  StringRow,
  stringRowWords,
  TypeBits
} from "./rows/format.ts"
import type { Layout } from "./rows/layout.ts"
import { NameLists, type Names } from "./rows/nameLists.ts"
import { StringCodes } from "./rows/stringCodes.ts"

export abstract class DataWriter extends PageWriter {
  protected readonly strings = new StringCodes((code, value) => this.writes(() => this.writeString(code, value)))
  /** What writing to the dictionary failed with last: a defect, though it comes up while an event is read. */
  protected defect: { readonly cause: unknown } | undefined
  protected readonly nameLists = new NameLists((code, names, name) =>
    this.writes(() => this.writeNames(code, names, name))
  )
  /** Encodes what lies in rows of no fixed width. */
  protected readonly data = new DataEncoder(this.strings, this.nameLists)

  /** What rows refer to by codes: strings that stay, and lists of names. */
  get dictionary() {
    return { strings: this.strings.allLasting, nameLists: this.nameLists.all }
  }

  /** Tells the fold of a layout. `false`: there is no room. */
  declare(type: number, layout: Layout): boolean {
    this.endRun()
    const { data } = this
    const from = data.pos
    try {
      data.data(layout)
      if (!this.room(this.wordsFrom(from))) return false
      this.tail?.declared(type, this.position, layout)
      this.putData(type, LayoutRow, from)
      return true
    } finally {
      data.pos = from
    }
  }

  /** Tells the fold that events of a lane up to a sequence number were evicted. `false`: there is no room. */
  skip(lane: number, to: number): boolean {
    this.endRun()
    if (!this.room(2)) return false
    const p = this.pos
    this.f64[p + 1] = to
    this.i32[p * 2] = lane
    this.i32[p * 2 + 1] = SkipRow
    this.pos = p + 2
    return true
  }

  /**
   * Asks for snapshots, behind the events that were written. The fold is roused for it. `false`: there is no room, or a
   * name has no lasting code, and it has to be a command.
   */
  ask({ lane, names = [], now, request }: ReadCommand): boolean {
    if (this.dead) return true
    this.endRun()
    const count = names.length
    if (count > MostMetricsRead) return false
    const codes: Array<number> = []
    for (const name of names) {
      const code = this.strings.lasting(name)
      if (code < 0) return false
      codes.push(code)
    }
    if (!this.room(readRowWords(count))) return false
    const { i32, pos } = this
    for (let i = 0; i < count; i++) i32[pos * 2 + 6 + i] = codes[i]!
    this.f64[pos + 1] = now
    i32[pos * 2 + 4] = request
    i32[pos * 2] = lane
    i32[pos * 2 + 1] = ReadRow | (count << TypeBits)
    this.pos = pos + readRowWords(count)
    this.publish(true)
    return true
  }

  /** Words of a row that holds what was encoded from half `from` on. */
  protected wordsFrom(from: number): number {
    return 1 + ((this.data.pos - from + 1) >> 1)
  }

  /** Puts what was encoded from half `from` on into a row, for which there is room. */
  protected putData(half: number, type: number, from: number): void {
    const { data, i32, pos } = this
    const encoded = data.i32
    const halves = data.pos - from
    const words = (halves + 1) >> 1
    const to = (pos + 1) * 2
    i32[to + words * 2 - 1] = 0
    // A view of the part costs more than to copy a few halves.
    if (halves > 128) i32.set(encoded.subarray(from, from + halves), to)
    else for (let i = from, end = from + halves, j = to; i < end; ) i32[j++] = encoded[i++]!
    i32[pos * 2] = half
    i32[pos * 2 + 1] = type | (words << TypeBits)
    this.pos = pos + 1 + words
  }

  // --- strings

  intern(value: string): number {
    return this.strings.of(value)
  }

  internBriefly(value: string): number {
    return this.strings.briefly(value)
  }

  private writes(write: () => boolean): boolean {
    try {
      return write()
    } catch (cause) {
      this.defect = { cause }
      throw cause
    }
  }

  private writeString(code: number, value: string): boolean {
    const { length } = value
    const words = stringRowWords(length)
    this.endRun()
    if (!this.room(words)) return false
    const p = this.pos
    this.i32[p * 2] = code
    this.i32[p * 2 + 1] = StringRow
    this.i32[p * 2 + 2] = length
    const u16 = this.page.u16
    for (let i = 0, unit = (p + 2) * 4; i < length; i++) u16[unit++] = value.charCodeAt(i)
    this.pos = p + words
    return true
  }

  private writeNames(code: number, names: Names, name: string): boolean {
    const string = this.strings.lasting(name)
    if (string < 0) return false
    this.endRun()
    if (!this.room(2)) return false
    const p = this.pos
    this.i32[p * 2] = code
    this.i32[p * 2 + 1] = NamesRow
    this.i32[p * 2 + 2] = names.code
    this.i32[p * 2 + 3] = string
    this.pos = p + 2
    return true
  }
}
