/**
 * Values made by users: states of hand-written metrics, serialised one by one so that one that cannot be serialised
 * does not affect others, and copies for readers.
 */
import { deserialize, serialize } from "node:v8"
import { MostDepth } from "../../model/event.ts"
import { isError, isPlainObject } from "../../util/realms.ts"

export type KeptState =
  /** The definition's own initial state, which is frozen, and possibly cannot be serialised. */
  { readonly _tag: "Initial" } | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }

/** Throws if the state is not plain data: serialising removes the classes of objects, and reducers may need them. */
export const keepState = (state: unknown, initial: unknown): KeptState => {
  if (Object.is(state, initial)) return { _tag: "Initial" }
  refuseTooDeep(state, plainPartsOf)
  return { _tag: "Bytes", bytes: serialize(state) }
}

/** Copies the bytes, because the arrays in the state share their memory. */
export const keptState = (kept: KeptState, initial: unknown): unknown =>
  kept._tag === "Initial" ? initial : deserialize(kept.bytes.slice())

/**
 * Copies what a metric shows or keeps, so that it can be sent to any thread. Throws if structured clone cannot copy it,
 * or if it is nested deeper than an event may be.
 */
export const copyOut = (value: unknown): unknown => {
  refuseTooDeep(value, partsOf)
  return structuredClone(value)
}

/** `seen`: the depth at which an object was found, which may be in several places. */
const refuseTooDeep = (
  value: unknown,
  partsOf: (value: object) => Iterable<unknown>,
  depth = 1,
  seen = new Map<object, number>()
): void => {
  if (typeof value !== "object" || value === null || (seen.get(value) ?? 0) >= depth) return
  if (depth > MostDepth) throw new RangeError(`it is nested more than ${MostDepth} levels deep`)
  seen.set(value, depth)
  for (const each of partsOf(value)) refuseTooDeep(each, partsOf, depth + 1, seen)
}

const partsOf = (value: object): Iterable<unknown> => {
  if (isPlainObject(value) || Array.isArray(value)) return Object.values(value)
  if (ArrayBuffer.isView(value)) return []
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  if (value instanceof Set) return value
  return isError(value) ? [value.cause] : Object.values(value)
}

const plainPartsOf = (value: object): Iterable<unknown> => {
  if (isPlainObject(value)) return Object.values(value)
  const name = classOf(value)
  if (!isOfLanguage(value, name)) throw new TypeError(`an instance of ${name} is not plain data`)
  return partsOf(value)
}

const classOf = (value: object): string => {
  const made = (Object.getPrototypeOf(value) as object).constructor
  return typeof made === "function" && made.name !== "" && made.name !== "Object" ? made.name : "a class"
}

/** Compared by name, because a class of another realm has the same one. */
const isOfLanguage = (value: object, name: string): boolean =>
  isError(value) ? Errors.has(name) : Object.prototype.toString.call(value) === `[object ${name}]`

const Errors = new Set(["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"])
