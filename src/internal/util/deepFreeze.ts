import { isPlainObject } from "./realms.ts"

const isPlain = (value: object): boolean => isPlainObject(value) || Array.isArray(value)

/**
 * Freezes plain objects and arrays recursively. Other objects (a `Map`, a class instance, Effect's data types) are left
 * as they are: freezing those does not stop their methods from changing them, and may break them.
 */
export const deepFreeze = <A>(value: A, seen = new Set<unknown>()): A => {
  if (typeof value === "object" && value !== null && isPlain(value) && !seen.has(value)) {
    seen.add(value)
    Object.freeze(value)
    for (const nested of Object.values(value)) deepFreeze(nested, seen)
  }
  return value
}
