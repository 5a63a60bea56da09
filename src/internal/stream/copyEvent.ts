import type { MetricEvent } from "../../MetricEvent.ts"

/**
 * Takes an event by value, so that what its owner does to it later changes nothing. Throws for what is not plain data.
 * Flat events, the usual ones, are copied property by property; structured clone does the rest, several times slower.
 */
export const copyEvent = (event: MetricEvent): MetricEvent => {
  const copy: { [key: string]: unknown; _tag: string } = { _tag: event._tag }
  for (const [key, value] of Object.entries(event)) {
    // Set like any other it would be the prototype of the copy.
    if (key === "__proto__") return structuredClone(event)
    if ((typeof value === "object" && value !== null) || typeof value === "function" || typeof value === "symbol") {
      return structuredClone(event)
    }
    if (key !== "_tag") copy[key] = value
  }
  return copy
}
