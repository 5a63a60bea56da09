/** The memory that plain data is encoded into, as a stack, and the encoding of values that contain no others. */
import { MostBytes } from "../../model/event.ts"
import { RowStringLength } from "./format.ts"
import type { NameLists } from "./nameLists.ts"
import { Big, Code, conversion, Digits, KindBits, Memory, Text, textHalves } from "./plainData.ts"
import type { StringCodes } from "./stringCodes.ts"

export const MostHalves = MostBytes / 4
/** The maximum size of a span's ids, in addition to the event. */
export const SpanHalves = 2 * textHalves(RowStringLength)

const tooLarge = (): never => {
  throw new RangeError(`it is larger than ${MostBytes} bytes`)
}

export abstract class DataMemory {
  /** What has been encoded lies before {@link pos}. Replaced by a larger memory when it is full. */
  i32 = new Int32Array(0)
  /** The top of the stack. */
  pos = 0
  private u16 = new Uint16Array(0)
  /** The half that the current value must end before. */
  protected end = 0
  private readonly strings: StringCodes
  protected readonly lists: NameLists

  // All encoders share these classes, so that the compiler can inline the look-ups in the loop over properties.
  constructor(strings: StringCodes, lists: NameLists) {
    this.strings = strings
    this.lists = lists
  }

  /** Makes room for one more value. Returns where the one below must end. */
  protected begin(): number {
    const outer = this.end
    const most = this.pos + MostHalves
    const end = most + SpanHalves
    // Memory beyond that, needed by nested events, is not kept.
    if (this.i32.length < end || (this.pos === 0 && this.i32.length > end)) {
      const memory = new Int32Array(end)
      const u16 = new Uint16Array(memory.buffer)
      memory.set(this.i32.subarray(0, this.pos))
      this.i32 = memory
      this.u16 = u16
    }
    this.end = most
    return outer
  }

  /** Reserves `count` halves and returns their position. */
  protected take(count: number): number {
    const at = this.pos
    if (count > this.end - at) tooLarge()
    this.pos = at + count
    return at
  }

  // Written out instead of calling `take`, because the compiler inlines only a limited amount and most of an event
  // passes through here.
  protected put(kind: number, number: number): void {
    const at = this.pos
    if (at >= this.end) tooLarge()
    this.i32[at] = (number << KindBits) | kind
    this.pos = at + 1
  }

  protected text(text: string): void {
    const code = this.strings.lasting(text)
    if (code < 0) return this.inline(Text, text)
    const at = this.pos
    // Whether an event is too large must not depend on the contents of the dictionary.
    this.end -= (text.length + 1) >> 1
    if (at >= this.end) tooLarge()
    this.i32[at] = (code << KindBits) | Code
    this.pos = at + 1
  }

  /** Counts halves that are stored elsewhere as if they were here. */
  protected count(halves: number): void {
    this.end -= halves
    if (this.pos > this.end) tooLarge()
  }

  protected inline(kind: number, text: string): void {
    const { length } = text
    const at = this.take(textHalves(length))
    this.i32[this.pos - 1] = 0
    this.i32[at] = (length << KindBits) | kind
    const u16 = this.u16
    for (let i = 0, unit = (at + 1) * 2; i < length; i++) u16[unit++] = text.charCodeAt(i)
  }

  /** `conversion` holds the value. */
  private wide(kind: number): void {
    const at = this.take(3)
    this.i32[at] = kind
    this.i32[at + 1] = conversion.halves[0]!
    this.i32[at + 2] = conversion.halves[1]!
  }

  protected float(kind: number, value: number): void {
    conversion.float[0] = value
    this.wide(kind)
  }

  protected bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      conversion.bigint[0] = value
      return this.wide(Big)
    }
    // Printing a number with millions of digits would take long. A half holds two hexadecimal digits, which are 8 bits
    // of the number.
    const beyond = value >> BigInt(8 * (this.end - this.pos))
    if (beyond !== 0n && beyond !== -1n) this.take(MostHalves + 1)
    this.inline(Digits, value.toString(16))
  }

  protected memory(buffer: ArrayBufferLike): void {
    const { byteLength } = buffer
    const at = this.take(1 + ((byteLength + 3) >> 2))
    this.i32[this.pos - 1] = 0
    this.i32[at] = (byteLength << KindBits) | Memory
    new Uint8Array(this.i32.buffer, (at + 1) * 4, byteLength).set(new Uint8Array(buffer))
  }
}
