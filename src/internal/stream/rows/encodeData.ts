/**
 * Encodes plain data of any shape, see {@link ./plainData.ts}, into memory of its own.
 *
 * To read an event may run code of its owner (getters, proxies), which may emit other events. So the memory is a stack:
 * an event is encoded on top of what is there, and whoever has encoded it takes it off again, in a `finally`.
 */
import type { MetricEvent } from "../../model/event.ts"
import { MostBytes, MostDepth } from "../../model/event.ts"
import { isPlainObject } from "../../util/realms.ts"
import {
  Big,
  Boxed,
  Code,
  Constant,
  conversion,
  Digits,
  Entries,
  Failure,
  Fields,
  Float,
  Integer,
  IsAbsent,
  IsFalse,
  IsNull,
  IsTrue,
  IsUndefined,
  KindBits,
  LeastInteger,
  List,
  Members,
  Memory,
  MostInteger,
  Pattern,
  Text,
  Time,
  textHalves,
  View
} from "./plainData.ts"

/** The code of a string, or -1 where it has none and must lie inline. */
export type CodeOf = (text: string) => number

const MostHalves = MostBytes / 4

// In a loop over the properties of an object, the compiler drops this call, but not `Object.hasOwn`.
const { hasOwnProperty: hasOwn, propertyIsEnumerable: isEnumerable, toString: kindOf } = Object.prototype
const forEachEntry = Map.prototype.forEach
const forEachMember = Set.prototype.forEach

export class DataEncoder {
  /** What has been encoded lies before {@link pos}. Another memory when it has grown. */
  i32 = new Int32Array(0)
  /** The top of the stack. */
  pos = 0
  #u16 = new Uint16Array(0)
  /** The half that the present value must end before. */
  #end = 0
  readonly #codeOf: CodeOf

  constructor(codeOf: CodeOf) {
    this.#codeOf = codeOf
  }

  /**
   * Encodes an event on top of the stack: its tag, then its fields. Throws for what is not plain data, nested too deep or
   * too large. Each property is read once. Its own properties are its fields, including those that are not enumerable;
   * it inherits nothing but the `_tag`.
   */
  event(event: MetricEvent): void {
    const end = this.#begin()
    try {
      this.#text(event._tag)
      this.#eventFields(event)
    } finally {
      this.#end = end
    }
  }

  /** Encodes any plain data on top of the stack. */
  data(data: unknown): void {
    const end = this.#begin()
    try {
      this.#value(data, 1)
    } finally {
      this.#end = end
    }
  }

  /** Makes room for one more value; returns where the one below must end. */
  #begin(): number {
    const outer = this.#end
    const end = this.pos + MostHalves
    // What nested events needed beyond that is not kept.
    if (this.i32.length < end || (this.pos === 0 && this.i32.length > end)) {
      const memory = new Int32Array(end)
      const u16 = new Uint16Array(memory.buffer)
      memory.set(this.i32.subarray(0, this.pos))
      this.i32 = memory
      this.#u16 = u16
    }
    this.#end = end
    return outer
  }

  /** The position of `count` halves more. */
  #take(count: number): number {
    const at = this.pos
    if (count > this.#end - at) throw new RangeError(`it is larger than ${MostBytes} bytes`)
    this.pos = at + count
    return at
  }

  #put(kind: number, number: number): void {
    const at = this.#take(1)
    this.i32[at] = (number << KindBits) | kind
  }

  #text(text: string): void {
    const code = this.#codeOf(text)
    if (code < 0) return this.#inline(Text, text)
    this.#put(Code, code)
    // Whether an event is too large must not depend on what the dictionary holds.
    this.#end -= textHalves(text.length) - 1
    if (this.pos > this.#end) this.#take(0)
  }

  #inline(kind: number, text: string): void {
    const { length } = text
    const at = this.#take(textHalves(length))
    this.i32[this.pos - 1] = 0
    this.i32[at] = (length << KindBits) | kind
    const u16 = this.#u16
    for (let i = 0, unit = (at + 1) * 2; i < length; i++) u16[unit++] = text.charCodeAt(i)
  }

  /** `conversion` holds the value. */
  #wide(kind: number): void {
    const at = this.#take(3)
    this.i32[at] = kind
    this.i32[at + 1] = conversion.halves[0]!
    this.i32[at + 2] = conversion.halves[1]!
  }

  #number(kind: number, value: number): void {
    conversion.float[0] = value
    this.#wide(kind)
  }

  /** `depth` is that of the value. */
  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#text(value)
      case "number":
        // Not -0, which is a zero with a sign.
        if ((value | 0) === value && value >= LeastInteger && value <= MostInteger && (value !== 0 || 1 / value > 0)) {
          return this.#put(Integer, value)
        }
        return this.#number(Float, value)
      case "boolean":
        return this.#put(Constant, value ? IsTrue : IsFalse)
      case "undefined":
        return this.#put(Constant, IsUndefined)
      case "bigint":
        return this.#bigint(value)
      case "object":
        return value === null ? this.#put(Constant, IsNull) : this.#object(value, depth)
      default:
        throw new TypeError(`it contains a ${typeof value}`)
    }
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      conversion.bigint[0] = value
      return this.#wide(Big)
    }
    // To print a number of millions of digits would take long. A half holds two of them, of 4 bits each.
    const beyond = value >> BigInt(8 * (this.#end - this.pos))
    if (beyond !== 0n && beyond !== -1n) this.#take(MostHalves + 1)
    this.#inline(Digits, value.toString(16))
  }

  #eventFields(event: MetricEvent): void {
    const at = this.#take(1)
    let own = 0
    let count = 0
    for (const name in event) {
      if (!hasOwn.call(event, name)) continue
      own++
      if (name === "_tag") continue
      count++
      this.#text(name)
      this.#value(event[name as never], 2)
    }
    // Events rarely have properties that are not enumerable. To count the names of all is cheaper than to go by them.
    const names = Object.getOwnPropertyNames(event)
    if (names.length > own) {
      for (const name of names) {
        if (name === "_tag" || isEnumerable.call(event, name)) continue
        count++
        this.#text(name)
        this.#value(event[name as never], 2)
      }
    }
    this.i32[at] = (count << KindBits) | Fields
  }

  #object(value: object, depth: number): void {
    if (depth > MostDepth) throw new RangeError(`it is nested more than ${MostDepth} levels deep`)
    if (Array.isArray(value)) return this.#list(value, depth)
    if (isPlainObject(value)) return this.#fields(value, depth)
    if (value instanceof Map) return this.#map(value, depth)
    if (value instanceof Set) return this.#set(value, depth)
    if (Object.getPrototypeOf(value) === Date.prototype) return this.#number(Time, (value as Date).getTime())
    this.#builtIn(value, depth)
  }

  #list(list: ReadonlyArray<unknown>, depth: number): void {
    const { length } = list
    // Each element takes a half. A proxy may claim any length.
    if (!(length <= MostHalves)) this.#take(MostHalves + 1)
    const at = this.#take(1)
    let i = 0
    for (; i < length; i++) {
      const each = list[i]
      // Holes stay holes.
      if (each !== undefined || i in list) this.#value(each, depth + 1)
      else this.#put(Constant, IsAbsent)
    }
    this.i32[at] = (i << KindBits) | List
  }

  #fields(object: object, depth: number): void {
    const at = this.#take(1)
    let count = 0
    for (const name in object) {
      if (!hasOwn.call(object, name)) continue
      count++
      this.#text(name)
      this.#value(object[name as never], depth + 1)
    }
    this.i32[at] = (count << KindBits) | Fields
  }

  #map(map: Map<unknown, unknown>, depth: number): void {
    const at = this.#take(1)
    let count = 0
    forEachEntry.call(map, (value, key) => {
      count++
      this.#value(key, depth + 1)
      this.#value(value, depth + 1)
    })
    this.i32[at] = (count << KindBits) | Entries
  }

  #set(set: Set<unknown>, depth: number): void {
    const at = this.#take(1)
    let count = 0
    forEachMember.call(set, (value) => {
      count++
      this.#value(value, depth + 1)
    })
    this.i32[at] = (count << KindBits) | Members
  }

  /** Structured clone finds out what it is, and refuses what is not data; of an instance of a class it leaves the fields. */
  #builtIn(value: object, depth: number): void {
    // With a view the whole of its memory is copied.
    if (ArrayBuffer.isView(value) && value.buffer.byteLength > MostBytes) this.#take(MostHalves + 1)
    const clone: object = structuredClone(value)
    const kind: string = kindOf.call(clone)
    switch (kind) {
      case "[object Error]":
        return this.#failure(clone as Error, depth)
      case "[object RegExp]":
        this.#put(Pattern, 0)
        this.#text((clone as RegExp).source)
        return this.#text((clone as RegExp).flags)
      case "[object ArrayBuffer]":
        return this.#memory(clone as ArrayBuffer)
      case "[object Boolean]":
      case "[object Number]":
      case "[object String]":
        this.#put(Boxed, 0)
        return this.#value(clone.valueOf(), depth)
      case "[object Date]":
        return this.#number(Time, (clone as Date).getTime())
    }
    if (ArrayBuffer.isView(clone) && kindOf.call(clone.buffer) === "[object ArrayBuffer]") {
      return this.#view(clone, kind.slice("[object ".length, -1))
    }
    // The fields of an instance of a class, or a map of another realm.
    if (isPlainObject(clone) || clone instanceof Map || clone instanceof Set) return this.#object(clone, depth)
    throw new TypeError(`it contains ${kind}, which is not plain data`)
  }

  #failure(error: Error, depth: number): void {
    this.#put(Failure, 0)
    this.#text(error.name)
    for (const name of ["message", "stack", "cause"] as const) {
      if (Object.hasOwn(error, name)) this.#value(error[name], depth + 1)
      else this.#put(Constant, IsAbsent)
    }
  }

  #memory(buffer: ArrayBufferLike): void {
    const { byteLength } = buffer
    const at = this.#take(1 + ((byteLength + 3) >> 2))
    this.i32[this.pos - 1] = 0
    this.i32[at] = (byteLength << KindBits) | Memory
    new Uint8Array(this.i32.buffer, (at + 1) * 4, byteLength).set(new Uint8Array(buffer))
  }

  #view(view: ArrayBufferView, kind: string): void {
    this.#put(View, 0)
    this.#text(kind)
    this.#put(Integer, view.byteOffset)
    this.#put(Integer, "length" in view ? (view.length as number) : view.byteLength)
    this.#memory(view.buffer)
  }
}
