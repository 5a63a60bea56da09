/**
 * Copies of events by value. What is copied here can be sent to any thread: it is plain data, neither deeper nor larger
 * than every thread can take. A thread that cannot read one message loses all that comes with it.
 */

import type { MetricEvent } from "../../model/event.ts"
import { MostBytes, MostDepth } from "../../model/event.ts"
import { isPlainObject } from "../../util/realms.ts"

/** Bytes that are left of what an event may have. */
interface Budget {
  bytes: number
}

/**
 * Takes an event by value, so that what its owner does to it later changes nothing. Throws for what is not plain data,
 * nested too deep or too large. Each property is read once. Its own properties are its fields, as they are to the
 * encoders of rows: those that are not enumerable as well, and nothing that it inherits but the `_tag`.
 */
export const copyEvent = (event: MetricEvent): MetricEvent => {
  const budget: Budget = { bytes: MostBytes }
  const copy: { [key: string]: unknown; _tag: string } = { _tag: event._tag }
  spend(budget, copy._tag.length * 2)
  for (const key of Object.getOwnPropertyNames(event)) {
    if (key !== "_tag") put(copy, key, event[key as never], 1, budget)
  }
  return copy
}

/** Sets a property of a copy. `depth` is that of the copy. */
const put = (copy: object, key: string, value: unknown, depth: number, budget: Budget): void => {
  spend(budget, key.length * 2)
  const own = copyOf(value, depth + 1, budget)
  // Set like any other it would be the prototype of the copy.
  if (key === "__proto__") Object.defineProperty(copy, key, { value: own, enumerable: true, configurable: true })
  else (copy as { [key: string]: unknown })[key] = own
}

const spend = (budget: Budget, bytes: number): void => {
  budget.bytes -= bytes
  if (budget.bytes < 0) throw new RangeError(`it is larger than ${MostBytes} bytes`)
}

const copyOf = (value: unknown, depth: number, budget: Budget): unknown => {
  switch (typeof value) {
    case "string":
      spend(budget, value.length * 2)
      return value
    case "bigint":
      spend(budget, bytesOf(value, budget.bytes))
      return value
    case "function":
    case "symbol":
      throw new TypeError(`it contains a ${typeof value}`)
    case "object":
      return value === null ? null : copyOfObject(value, depth, budget)
    default:
      spend(budget, 8)
      return value
  }
}

/** More than `most` for whatever is larger: to print a number of millions of digits would take long. */
const bytesOf = (value: bigint, most: number): number => {
  if (BigInt.asIntN(64, value) === value) return 8
  const beyond = value >> BigInt(8 * most)
  return beyond === 0n || beyond === -1n ? value.toString(16).length / 2 : most + 1
}

const copyOfObject = (value: object, depth: number, budget: Budget): object => {
  if (depth > MostDepth) throw new RangeError(`it is nested more than ${MostDepth} levels deep`)
  if (Array.isArray(value)) {
    spend(budget, value.length * 8)
    // Holes stay holes.
    const copy: Array<unknown> = new Array(value.length)
    for (let i = 0; i < value.length; i++) if (i in value) copy[i] = copyOf(value[i], depth + 1, budget)
    return copy
  }
  if (isPlainObject(value)) return copyOfProperties(value, depth, budget)
  spend(budget, 8)
  if (value instanceof Map) {
    const own = (each: unknown): unknown => copyOf(each, depth + 1, budget)
    return new Map(Array.from(value, ([key, each]) => [own(key), own(each)]))
  }
  if (value instanceof Set) return new Set(Array.from(value, (each) => copyOf(each, depth + 1, budget)))
  return copyOfBuiltIn(value, depth, budget)
}

const copyOfProperties = (value: object, depth: number, budget: Budget): object => {
  spend(budget, 8)
  const copy = {}
  for (const [key, each] of Object.entries(value)) put(copy, key, each, depth, budget)
  return copy
}

/** Structured clone knows what it is, and refuses what is not data; of an instance of a class it leaves the fields. */
const copyOfBuiltIn = (value: object, depth: number, budget: Budget): object => {
  // With a view the whole of its memory is copied.
  if (ArrayBuffer.isView(value)) spend(budget, value.buffer.byteLength)
  const clone: object = structuredClone(value)
  switch (Object.prototype.toString.call(clone)) {
    case "[object Error]": {
      const { cause, message, name, stack } = clone as Error
      for (const each of [cause, message, name, stack]) copyOf(each, depth + 1, budget)
      return clone
    }
    case "[object RegExp]":
      spend(budget, (clone as RegExp).source.length * 2)
      return clone
    case "[object ArrayBuffer]":
      spend(budget, (clone as ArrayBuffer).byteLength)
      return clone
    case "[object Boolean]":
    case "[object Date]":
    case "[object Number]":
      spend(budget, 8)
      return clone
    case "[object String]":
      spend(budget, String(clone).length * 2)
      return clone
  }
  if (ArrayBuffer.isView(clone) && Object.prototype.toString.call(clone.buffer) === "[object ArrayBuffer]") return clone
  // The fields of an instance of a class, or a map of another realm.
  if (isPlainObject(clone) || clone instanceof Map || clone instanceof Set) return copyOfObject(clone, depth, budget)
  throw new TypeError(`it contains ${Object.prototype.toString.call(clone)}, which is not plain data`)
}
