/**
 * Writes rows of no fixed width: strings of the dictionary, and plain data of any shape. None of them is part of a run.
 */
import { PageWriter } from "./pageWriter.ts"
import { DataEncoder } from "./rows/encodeData.ts"
import { CommandRow, LayoutRow, SkipRow, StringRow, stringRowWords, TypeBits } from "./rows/format.ts"
import type { Layout } from "./rows/layout.ts"
import { StringCodes } from "./stringDictionary.ts"

/** Words of a command that is worth a row: a message costs as much as to encode a few hundred. */
const MostCommandWords = 256

/** What cannot be plain data, or is large where there are many recorders. */
const isAttached = (command: object): boolean => "metric" in command || "buffer" in command || "lanes" in command

export abstract class DataWriter extends PageWriter {
  protected readonly strings = new StringCodes((code, value) => this.writeString(code, value))
  /** Encodes what lies in rows of no fixed width. */
  protected readonly data = new DataEncoder(this.strings)
  /** Encodes commands, whose strings are no entries of the dictionary. */
  private readonly commands = new DataEncoder({ lasting: () => -1, areKept: false })

  /**
   * A command, in order with the events. The fold is roused for it. Whoever waits for the answer waits for no message then,
   * unless the command has functions or memory, is large, or finds the page full.
   */
  command(command: object): void {
    if (this.dead) return
    if (!this.commandRow(command)) this.attach(command)
    this.publish(true)
  }

  private commandRow(command: object): boolean {
    if (isAttached(command)) return false
    const { commands } = this
    try {
      commands.data(command)
      const words = (commands.pos + 1) >> 1
      if (words > MostCommandWords) return false
      this.endRun()
      if (!this.fits(words + 1)) return false
      this.putData(0, CommandRow, 0, commands)
      return true
    } finally {
      commands.pos = 0
    }
  }

  /** Tells the fold of a layout. `false`: there is no room. */
  declare(type: number, layout: Layout): boolean {
    this.endRun()
    const { data } = this
    const from = data.pos
    try {
      data.data(layout)
      if (!this.room(this.wordsFrom(from))) return false
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

  /** Words of a row that holds what was encoded from half `from` on. */
  protected wordsFrom(from: number): number {
    return 1 + ((this.data.pos - from + 1) >> 1)
  }

  /** Puts what was encoded from half `from` on into a row, for which there is room. */
  protected putData(half: number, type: number, from: number, data = this.data): void {
    const { i32, pos } = this
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
}
