/**
 * Encodes plain data of any shape, see {@link ./plainData.ts}, into its own memory.
 *
 * Reading an event may run code of its owner (getters, proxies), which may emit other events. The memory is therefore a
 * stack: an event is encoded on top of what is there, and the caller removes it again in a `finally`.
 */
import type { MetricEvent } from "../../model/event.ts"
import { MostBytes, MostDepth } from "../../model/event.ts"
import type { SpanIds } from "../../model/eventSpan.ts"
import { isPlainObject } from "../../util/realms.ts"
import { DataMemory, MostHalves, SpanHalves } from "./dataMemory.ts"
import { RowStringLength } from "./format.ts"
import type { Names } from "./nameLists.ts"
import {
  Boxed,
  Constant,
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
  isSmallInteger,
  KindBits,
  List,
  Members,
  Named,
  PartlyNamed,
  Pattern,
  Text,
  Time,
  View
} from "./plainData.ts"

// In a loop over the properties of an object, the compiler drops this call, but not `Object.hasOwn`.
const { hasOwnProperty: hasOwn, propertyIsEnumerable: isEnumerable, toString: kindOf } = Object.prototype
const forEachEntry = Map.prototype.forEach
const forEachMember = Set.prototype.forEach

export class DataEncoder extends DataMemory {
  /**
   * Encodes an event on top of the stack: its tag, its fields, and the span in which it was emitted. Throws if the
   * event is not plain data, or is nested too deep or too large. Each property is read once. The event's own properties
   * are its fields, including those that are not enumerable; only the `_tag` may be inherited. `names` is the empty
   * list of the tree of its names: if the tree is restricted to some names, other properties are not read.
   */
  event(event: MetricEvent, tag: string, span: SpanIds | null, names = this.lists.none): void {
    const end = this.begin()
    try {
      this.text(tag)
      this.fields(event, 2, true, names)
      // The size of an event must not depend on who emits it.
      this.end = this.pos + SpanHalves
      this.span(span)
    } finally {
      this.end = end
    }
  }

  /** Span ids rarely repeat, so they do not go into the dictionary. Ids of an unusual length are omitted. */
  private span(span: SpanIds | null): void {
    if (span === null || span.traceId.length > RowStringLength || span.spanId.length > RowStringLength) {
      return this.put(Constant, IsAbsent)
    }
    this.inline(Text, span.traceId)
    this.inline(Text, span.spanId)
  }

  /** Encodes any plain data on top of the stack. */
  data(data: unknown): void {
    const end = this.begin()
    try {
      this.value(data, 1)
    } finally {
      this.end = end
    }
  }

  /** `depth` is that of the value. */
  private value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.text(value)
      case "number":
        return this.number(value)
      case "boolean":
        return this.put(Constant, value ? IsTrue : IsFalse)
      case "undefined":
        return this.put(Constant, IsUndefined)
      case "bigint":
        return this.bigint(value)
      case "object":
        return value === null ? this.put(Constant, IsNull) : this.object(value, depth)
      default:
        throw new TypeError(`it contains a ${typeof value}`)
    }
  }

  private number(value: number): void {
    if (isSmallInteger(value)) this.put(Integer, value)
    else this.float(Float, value)
  }

  private object(value: object, depth: number): void {
    if (depth > MostDepth) throw new RangeError(`it is nested more than ${MostDepth} levels deep`)
    if (Array.isArray(value)) return this.list(value, depth)
    if (isPlainObject(value)) return this.fields(value, depth + 1, false, this.lists.none)
    if (value instanceof Map) return this.map(value, depth)
    if (value instanceof Set) return this.set(value, depth)
    if (Object.getPrototypeOf(value) === Date.prototype) return this.float(Time, (value as Date).getTime())
    this.builtIn(value, depth)
  }

  private list(list: ReadonlyArray<unknown>, depth: number): void {
    const { length } = list
    // Each element takes a half. A proxy may claim any length.
    if (!(length <= MostHalves)) this.take(MostHalves + 1)
    const at = this.take(1)
    let i = 0
    for (; i < length; i++) {
      const each = list[i]
      // Holes stay holes.
      if (each !== undefined || i in list) this.value(each, depth + 1)
      else this.put(Constant, IsAbsent)
    }
    this.i32[at] = (i << KindBits) | List
  }

  /** Encodes the properties of an object, which are at this depth. For an event the tag is excluded. */
  private fields(object: object, depth: number, isEvent: boolean, none: Names): void {
    const at = this.take(1)
    const { only } = none
    const most = only === undefined ? Number.POSITIVE_INFINITY : only.size
    let names = none
    // Where the number of properties without a place in a list of names is stored.
    let others = -1
    let count = 0
    let own = 0
    for (const name in object) {
      if (names.length >= most) break
      if (!hasOwn.call(object, name)) continue
      own++
      if (isEvent && name === "_tag") continue
      const { next } = names
      if (others < 0 && next !== undefined && next.name === name) names = next
      else if (only?.has(name) === false) continue
      else if (others < 0) {
        const longer = this.lists.longer(names, name)
        if (longer === undefined) others = this.others(names, at)
        else names = longer
      }
      if (others >= 0) {
        count++
        this.text(name)
      }
      const value: unknown = object[name as never]
      // The most frequent cases are handled here. Once the compiler has compiled `value` by itself, it has no room to
      // inline all of it in this loop.
      if (typeof value === "string") this.text(value)
      else if (typeof value === "number") this.number(value)
      else this.value(value, depth)
    }
    // Events rarely have properties that are not enumerable. Counting all names is cheaper than iterating over them.
    const all = isEvent && names.length < most ? Object.getOwnPropertyNames(object) : []
    if (all.length > own) {
      for (const name of all) {
        if (name === "_tag" || isEnumerable.call(object, name) || only?.has(name) === false) continue
        if (others < 0) others = this.others(names, at)
        count++
        this.text(name)
        this.value(object[name as never], depth)
      }
    }
    if (others < 0) this.count(names.halves)
    else this.i32[others] = (count << KindBits) | Fields
    if (others !== at) this.i32[at] = (names.code << KindBits) | (others < 0 ? Named : PartlyNamed)
  }

  /**
   * Reserves the half for the number of properties that are not in a list. It replaces the half that a name counts for.
   */
  private others(names: Names, at: number): number {
    if (names.length === 0) return at
    this.count(names.halves - 1)
    return this.take(1)
  }

  private map(map: Map<unknown, unknown>, depth: number): void {
    const at = this.take(1)
    let count = 0
    forEachEntry.call(map, (value, key) => {
      count++
      this.value(key, depth + 1)
      this.value(value, depth + 1)
    })
    this.i32[at] = (count << KindBits) | Entries
  }

  private set(set: Set<unknown>, depth: number): void {
    const at = this.take(1)
    let count = 0
    forEachMember.call(set, (value) => {
      count++
      this.value(value, depth + 1)
    })
    this.i32[at] = (count << KindBits) | Members
  }

  /**
   * Structured clone determines what it is, and rejects everything that is not data. Of a class instance it keeps the
   * fields.
   */
  private builtIn(value: object, depth: number): void {
    // A view is copied together with its whole memory.
    if (ArrayBuffer.isView(value) && value.buffer.byteLength > MostBytes) this.take(MostHalves + 1)
    const clone: object = structuredClone(value)
    const kind: string = kindOf.call(clone)
    switch (kind) {
      case "[object Error]":
        return this.failure(clone as Error, depth)
      case "[object RegExp]":
        this.put(Pattern, 0)
        this.text((clone as RegExp).source)
        return this.text((clone as RegExp).flags)
      case "[object ArrayBuffer]":
        return this.memory(clone as ArrayBuffer)
      case "[object Boolean]":
      case "[object Number]":
      case "[object String]":
        this.put(Boxed, 0)
        return this.value(clone.valueOf(), depth)
      case "[object Date]":
        return this.float(Time, (clone as Date).getTime())
    }
    if (ArrayBuffer.isView(clone) && kindOf.call(clone.buffer) === "[object ArrayBuffer]") {
      return this.view(clone, kind.slice("[object ".length, -1))
    }
    // The fields of a class instance, or a map of another realm.
    if (isPlainObject(clone) || clone instanceof Map || clone instanceof Set) return this.object(clone, depth)
    throw new TypeError(`it contains ${kind}, which is not plain data`)
  }

  private failure(error: Error, depth: number): void {
    this.put(Failure, 0)
    this.text(error.name)
    for (const name of ["message", "stack", "cause"] as const) {
      if (Object.hasOwn(error, name)) this.value(error[name], depth + 1)
      else this.put(Constant, IsAbsent)
    }
  }

  private view(view: ArrayBufferView, kind: string): void {
    this.put(View, 0)
    this.text(kind)
    this.put(Integer, view.byteOffset)
    this.put(Integer, "length" in view ? (view.length as number) : view.byteLength)
    this.memory(view.buffer)
  }
}
