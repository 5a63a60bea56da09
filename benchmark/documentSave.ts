/**
 * The work that is measured, as data: the event number `i`. Values come from a table, so that making them costs all
 * contenders alike and next to nothing.
 */
import type { DocumentSave } from "./document.metrics.ts"

const size = 1024

/** A short linear congruential generator: the same numbers in every run. */
const numbers = (seed: number): ReadonlyArray<number> => {
  let state = seed
  return Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  })
}

const outcomes = numbers(1).map((x) => (x < 0.9 ? "SUCCESS" : "FAILURE"))
const durations = Float64Array.from(numbers(2), (x) => 1000 * x ** 3)
const bytes = Int32Array.from(numbers(3), (x) => 100_000 * x)
const tenants = Array.from({ length: 8 }, (_, i) => `tenant-${i}`)

export const outcomeOf = (i: number): DocumentSave["outcome"] => outcomes[i & (size - 1)]!

export const durationOf = (i: number): number => durations[i & (size - 1)]!

export const bytesOf = (i: number): number => bytes[i & (size - 1)]!

/** The event, as production code would say it: a plain literal. */
export const documentSave = (i: number): DocumentSave => ({
  _tag: "document.save",
  outcome: outcomeOf(i),
  duration: durationOf(i),
  bytes: bytesOf(i),
  tenant: tenants[i & 7]!
})

/** The same for a tenant of one's own. */
export const documentSaveOf = (i: number, tenant: string): DocumentSave => ({
  _tag: "document.save",
  outcome: outcomeOf(i),
  duration: durationOf(i),
  bytes: bytesOf(i),
  tenant
})
