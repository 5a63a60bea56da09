/** Writes rows of variable width: dictionary strings, and plain data of any shape. They are never part of a run. */

import type { MetricEvent } from "../model/event.ts"
import type { ReadCommand } from "./commands.ts"
import { PageWriter } from "./pageWriter.ts"
import { DataEncoder } from "./rows/encodeData.ts"
import {
  EventRow,
  LayoutRow,
  MostMetricsRead,
  MostNames,
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
import {
  Code,
  Constant,
  conversion,
  Float,
  Integer,
  IsAbsent,
  IsFalse,
  IsTrue,
  isSmallInteger,
  KindBits,
  Named
} from "./rows/plainData.ts"
import type { RowSource } from "./rows/rowSource.ts"
import { StringCodes } from "./rows/stringCodes.ts"

// In a loop over the properties of an object, the compiler drops this call, but not `Object.hasOwn`.
const { hasOwnProperty: hasOwn } = Object.prototype
const { float, halves } = conversion

/**
 * The maximum number of words in a row whose names have a list: its header, tag, list and span, and three halves per
 * name.
 */
const UsualWords = 3 + ((3 * MostNames + 1) >> 1)

export abstract class DataWriter extends PageWriter {
  readonly strings = new StringCodes((code, value) => this.writes(() => this.writeString(code, value)))
  /**
   * The error of the last failed write to the dictionary. It is a defect of the library, although it surfaces while an
   * event is read.
   */
  protected defect: { readonly cause: unknown } | undefined
  protected readonly nameLists = new NameLists((code, names, name) =>
    this.writes(() => this.writeNames(code, names, name))
  )
  /** Encodes the contents of rows of variable width. */
  protected readonly data = new DataEncoder(this.strings, this.nameLists)

  /** What rows refer to by code: lasting strings, and lists of names. */
  get dictionary() {
    return { strings: this.strings.allLasting, nameLists: this.nameLists.all }
  }

  /** Declares a layout to the fold. Returns `false` if there is no room. */
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

  /**
   * Informs the fold that events of a lane were evicted up to a sequence number. Returns `false` if there is no room.
   */
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
   * Requests snapshots as of the events already written, and wakes the fold for it. Returns `false` if there is no room
   * or a name has no lasting code. The request must then be a command.
   */
  ask({ lane, names = [], now, request }: ReadCommand): boolean {
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

  /** The number of words in a row that holds what was encoded from half `from` on. */
  protected wordsFrom(from: number): number {
    return 1 + ((this.data.pos - from + 1) >> 1)
  }

  /**
   * Writes an event of which only some names cross, if it has the usual form: its names are in the same order as in the
   * event before, and its values are numbers, booleans, and strings with a lasting code. It is written in place, which
   * takes half the time of {@link data} and produces the same row. Returns `false` without writing a row if the event
   * has another form, or if one of its properties threw, wrote to the stream or stopped it. The event is then read
   * again.
   */
  protected putUsual(source: RowSource, event: MetricEvent, tag: string, names: Names): boolean {
    try {
      const tagCode = this.codeIn(names, tag)
      const { i32, pos, turn } = this
      if (tagCode < 0 || pos + UsualWords > this.rowsEnd) return false
      const only = names.only!
      const most = only.size
      let last = names
      let own = 0
      let at = pos * 2 + 4
      for (const name in event) {
        if (last.length === most) break
        if (!hasOwn.call(event, name)) continue
        own++
        const { next } = last
        if (next === undefined || next.name !== name) {
          if (name === "_tag" || !only.has(name)) continue
          return false
        }
        last = next
        const value: unknown = event[name as never]
        if (typeof value === "string") {
          const code = value === last.text ? last.textCode : this.codeIn(last, value)
          if (code < 0 || this.pos !== pos || this.turn !== turn) return false
          i32[at++] = (code << KindBits) | Code
        } else if (this.pos !== pos || this.turn !== turn) return false
        else if (typeof value === "number") {
          if (isSmallInteger(value)) i32[at++] = (value << KindBits) | Integer
          else {
            float[0] = value
            i32[at] = Float
            i32[at + 1] = halves[0]!
            i32[at + 2] = halves[1]!
            at += 3
          }
        } else if (typeof value === "boolean") i32[at++] = ((value ? IsTrue : IsFalse) << KindBits) | Constant
        else return false
      }
      // A missing name may belong to a property that is not enumerable.
      if (last.length < most && Object.getOwnPropertyNames(event).length > own) return false
      // A property may have stopped its recorder, or the stream.
      if (this.pos !== pos || this.turn !== turn || source.counted >= source.limit || this.rowsEnd === 0) return false
      const words = ((at + 2) >> 1) - pos - 1
      i32[pos * 2 + 2] = (tagCode << KindBits) | Code
      i32[pos * 2 + 3] = (last.code << KindBits) | Named
      i32[at] = (IsAbsent << KindBits) | Constant
      i32[pos * 2] = source.lane
      i32[pos * 2 + 1] = EventRow | (words << TypeBits)
      this.pos = pos + 1 + words
      return true
    } catch {
      // The generic encoder finds the same error and handles it.
      return false
    }
  }

  /**
   * The lasting code of a string. The string is the value of the last of these names, and usually the same as before.
   */
  private codeIn(names: Names, value: string): number {
    if (value === names.text) return names.textCode
    const code = this.strings.lasting(value)
    if (code >= 0) {
      names.textCode = code
      names.text = value
    }
    return code
  }

  /**
   * Writes what was encoded from half `from` on into a row. There is room for it. If the last half of the row is left
   * over, it keeps what it held: no reader looks behind what was encoded.
   */
  protected putData(half: number, type: number, from: number): void {
    const { data, i32, pos } = this
    const encoded = data.i32
    const halves = data.pos - from
    const words = (halves + 1) >> 1
    const to = (pos + 1) * 2
    // Making a view of the part costs more than copying a few halves.
    if (halves > 128) i32.set(encoded.subarray(from, from + halves), to)
    else for (let i = from, end = from + halves, j = to; i < end; ) i32[j++] = encoded[i++]!
    i32[pos * 2] = half
    i32[pos * 2 + 1] = type | (words << TypeBits)
    this.pos = pos + 1 + words
  }

  // --- strings

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
