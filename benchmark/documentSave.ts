/**
 * The work that is measured, as data: the event number `i`. Values come from its number: making them costs next
 * to nothing and reads hardly any memory, which after a pause would be cold, as what production code has just made never
 * is.
 */
import type { DocumentIndex, DocumentSave } from "./document.metrics.ts"

/** From an array, so that the compiler does not know them. */
const outcomes: ReadonlyArray<DocumentSave["outcome"]> = Array.from({ length: 16 }, (_, i) =>
  i === 7 ? "FAILURE" : "SUCCESS"
)
const tenants = Array.from({ length: 8 }, (_, i) => `tenant-${i}`)

/** One in sixteen fails. */
export const outcomeOf = (i: number): DocumentSave["outcome"] => outcomes[i & 15]!

/** Every whole number and a half below 1024, not in their order: buckets alternate. */
export const durationOf = (i: number): number => (Math.imul(i, 421) & 1023) + 0.5

export const bytesOf = (i: number): number => Math.imul(i, 421) & 0xffff

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

const terms = Array.from({ length: 16 }, (_, i) => `term-${i}`)

/** One with a short array. */
export const documentIndex = (i: number): DocumentIndex => ({
  _tag: "document.index",
  outcome: outcomeOf(i),
  duration: durationOf(i),
  terms: [terms[i & 15]!, terms[(i + 5) & 15]!, terms[(i + 11) & 15]!]
})
