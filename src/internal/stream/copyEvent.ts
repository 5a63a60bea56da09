import type { MetricEvent } from "../../MetricEvent.ts"

/**
 * Takes an event by value, so that what its owner does to it later changes nothing. Throws for what is not plain data.
 * Its own properties are its fields, as they are to the encoders of rows: those that are not enumerable as well, and
 * nothing that it inherits but the `_tag`.
 *
 * Flat events, the usual ones, are copied property by property; structured clone does the rest, several times slower.
 */
export const copyEvent = (event: MetricEvent): MetricEvent => {
  const copy: { [key: string]: unknown; _tag: string } = { _tag: event._tag }
  let isFlat = true
  for (const key of Object.getOwnPropertyNames(event)) {
    if (key === "_tag") continue
    const value: unknown = event[key as never]
    isFlat &&= value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")
    // Set like any other it would be the prototype of the copy.
    if (key !== "__proto__") copy[key] = value
    else Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return isFlat ? copy : structuredClone(copy)
}
