/**
 * What users make, as it leaves their hands: states of hand-written metrics, serialised one by one so that one that cannot
 * be kept spoils no other, and copies for whoever reads.
 */
import { deserialize, serialize } from "node:v8"
import { MostDepth } from "../../model/event.ts"
import { isError, isPlainObject } from "../../util/realms.ts"

export type KeptState =
  /** As the definition has it, frozen, and perhaps not to be serialised. */
  { readonly _tag: "Initial" } | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }

/** Throws for a state that is not plain data: serialising strips objects of their class, and reducers may need it. */
export const keepState = (state: unknown, initial: unknown): KeptState => {
  if (Object.is(state, initial)) return { _tag: "Initial" }
  refuseTooDeep(state, plainPartsOf)
  return { _tag: "Bytes", bytes: serialize(state) }
}

/** A copy of the bytes: the arrays in the state share its memory. */
export const keptState = (kept: KeptState, initial: unknown): unknown =>
  kept._tag === "Initial" ? initial : deserialize(kept.bytes.slice())

/**
 * A copy of what a metric shows or keeps, which can be sent to any thread. Throws for what structured clone does not copy,
 * and for what is nested as deep as no event may be.
 */
export const copyOut = (value: unknown): unknown => {
  refuseTooDeep(value, partsOf)
  return structuredClone(value)
}

/** `seen`: how deep an object was found, which may be in several places. */
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

/** By its name: a class of another realm has the same. */
const isOfLanguage = (value: object, name: string): boolean =>
  isError(value) ? Errors.has(name) : Object.prototype.toString.call(value) === `[object ${name}]`

const Errors = new Set(["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"])
