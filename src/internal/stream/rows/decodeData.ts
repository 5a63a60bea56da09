/**
 * Decodes what {@link ./encodeData.ts} has encoded.
 */
import type { MetricEvent } from "../../model/event.ts"
import { putSpan } from "../../model/eventSpan.ts"
import { textOfUnits } from "../../util/codeUnits.ts"
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
  KindMask,
  List,
  Members,
  Memory,
  Named,
  PartlyNamed,
  Pattern,
  Text,
  Time,
  textHalves,
  View
} from "./plainData.ts"

/** Strings by their code. */
type Strings = ReadonlyArray<string | null | undefined>

/** Lists of names by their code. */
type NameLists = ReadonlyArray<ReadonlyArray<string>>

type Target = { [name: string]: unknown }

/** Stands for a missing value. No value is equal to it. */
const absent = Symbol("absent")

const constants: ReadonlyArray<unknown> = (() => {
  const values: Array<unknown> = []
  values[IsUndefined] = undefined
  values[IsNull] = null
  values[IsFalse] = false
  values[IsTrue] = true
  values[IsAbsent] = absent
  return values
})()

export class DataDecoder {
  readonly #strings: Strings
  readonly #lists: NameLists
  #i32: Int32Array = new Int32Array(0)
  #u16: Uint16Array = new Uint16Array(0)
  #pos = 0

  constructor(strings: Strings, lists: NameLists) {
    this.#strings = strings
    this.#lists = lists
  }

  /** Decodes the event at half `at` of a memory. */
  event(i32: Int32Array, at: number): MetricEvent {
    this.#begin(i32, at)
    const _tag = this.#string()
    const event: unknown = this.#fields({ _tag }, this.#i32[this.#pos++]!)
    if ((this.#i32[this.#pos]! & KindMask) !== Text) return event as MetricEvent
    return putSpan(event as MetricEvent, { traceId: this.#string(), spanId: this.#string() })
  }

  /** Decodes the data at half `at` of a memory. */
  data(i32: Int32Array, at: number): unknown {
    this.#begin(i32, at)
    return this.#value()
  }

  #begin(i32: Int32Array, at: number): void {
    if (i32 !== this.#i32) {
      this.#i32 = i32
      this.#u16 = new Uint16Array(i32.buffer)
    }
    this.#pos = at
  }

  #string(): string {
    const first = this.#i32[this.#pos]!
    if ((first & KindMask) !== Code) return this.#text(first >> KindBits)
    this.#pos++
    return this.#strings[first >> KindBits]!
  }

  /** Decodes a string with this number of code units. Its first half is current. */
  #text(length: number): string {
    const unit = (this.#pos + 1) * 2
    this.#pos += textHalves(length)
    return textOfUnits(this.#u16.subarray(unit, unit + length))
  }

  /** Decodes the fields of an object with this first half. */
  #fields(object: Target, first: number): Target {
    let count = first >> KindBits
    const kind = first & KindMask
    if (kind !== Fields) {
      const names = this.#lists[count]!
      for (let i = 0; i < names.length; i++) object[names[i]!] = this.#value()
      if (kind === Named) return object
      count = this.#i32[this.#pos++]! >> KindBits
    }
    for (let i = 0; i < count; i++) {
      const name = this.#string()
      const value = this.#value()
      // Plain assignment would set the prototype of the object.
      if (name !== "__proto__") object[name] = value
      else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
    }
    return object
  }

  #wide(): typeof conversion {
    conversion.halves[0] = this.#i32[this.#pos]!
    conversion.halves[1] = this.#i32[this.#pos + 1]!
    this.#pos += 2
    return conversion
  }

  #value(): unknown {
    const first = this.#i32[this.#pos]!
    const number = first >> KindBits
    const kind = first & KindMask
    if (kind === Text) return this.#text(number)
    if (kind === Digits) return bigintOf(this.#text(number))
    this.#pos++
    switch (kind) {
      case Integer:
        return number
      case Code:
        return this.#strings[number]
      case Constant:
        return constants[number]
      case Float:
        return this.#wide().float[0]
      case Fields:
      case Named:
      case PartlyNamed:
        return this.#fields({}, first)
      case List:
        return this.#list(number)
      case Time:
        return new Date(this.#wide().float[0]!)
      case Big:
        return this.#wide().bigint[0]
      case Entries: {
        const map = new Map<unknown, unknown>()
        for (let i = 0; i < number; i++) map.set(this.#value(), this.#value())
        return map
      }
      case Members: {
        const set = new Set<unknown>()
        for (let i = 0; i < number; i++) set.add(this.#value())
        return set
      }
      case Memory:
        return this.#memory(number)
      case View:
        return this.#view()
      case Boxed:
        return Object(this.#value())
      case Pattern:
        return new RegExp(this.#string(), this.#string())
      case Failure:
        return this.#failure()
    }
    throw new Error(`unknown kind of data: ${kind}`)
  }

  #list(length: number): Array<unknown> {
    // Not created with its final length, because an array that once had holes stays slower.
    const list: Array<unknown> = []
    for (let i = 1; i <= length; i++) {
      const value = this.#value()
      if (value !== absent) list.push(value)
      else list.length = i
    }
    return list
  }

  #memory(byteLength: number): ArrayBuffer {
    const bytes = new Uint8Array(byteLength)
    bytes.set(new Uint8Array(this.#i32.buffer, this.#pos * 4, byteLength))
    this.#pos += (byteLength + 3) >> 2
    return bytes.buffer
  }

  #view(): unknown {
    const Class = globalThis[this.#string() as "DataView"]
    const offset = this.#value() as number
    const length = this.#value() as number
    return new Class(this.#value() as ArrayBuffer, offset, length)
  }

  #failure(): Error {
    const name = this.#string()
    const [message, stack, cause] = [this.#value(), this.#value(), this.#value()]
    const Class = errors.find((each) => each.name === name) ?? Error
    const error = new Class(message === absent ? undefined : (message as string))
    const set = (name: string, value: unknown): void => {
      if (value === absent) delete error[name as never]
      else Object.defineProperty(error, name, { value, enumerable: false, configurable: true, writable: true })
    }
    set("stack", stack)
    if (cause !== absent) set("cause", cause)
    return error
  }
}

const errors: ReadonlyArray<ErrorConstructor> = [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError
]

const bigintOf = (digits: string): bigint =>
  digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`)
