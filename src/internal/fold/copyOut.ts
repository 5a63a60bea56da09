/**
 * Copies of what a metric shows or keeps, which can be sent to any thread.
 */
import { MostDepth } from "../model/event.ts"

/** Throws for what structured clone does not copy, and for what is nested as deep as no event may be. */
export const copyOut = (value: unknown): unknown => {
  refuseTooDeep(value, 1, new Map())
  return structuredClone(value)
}

/** `seen`: how deep an object was found, which may be in several places. */
const refuseTooDeep = (value: unknown, depth: number, seen: Map<object, number>): void => {
  if (typeof value !== "object" || value === null || (seen.get(value) ?? 0) >= depth) return
  if (depth > MostDepth) throw new RangeError(`nested more than ${MostDepth} levels deep`)
  seen.set(value, depth)
  for (const each of partsOf(value)) refuseTooDeep(each, depth + 1, seen)
}

const partsOf = (value: object): Iterable<unknown> => {
  if (ArrayBuffer.isView(value)) return []
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  if (value instanceof Set) return value
  return value instanceof Error ? [value.cause] : Object.values(value)
}
