import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import type * as Metric from "../../Metric.ts"
import { isOf } from "../realms.ts"

/**
 * What a definition is made of, as short texts that two threads can compare. Of its data only: the text of functions
 * differs between a module and the same module minified.
 */
export type Fingerprint = { readonly [part: string]: string }

const hash = (text: string): string => Hash.string(text).toString(16)

// What of these is left in JSON would be confused with each other, or with what is not there.
const replacer = (_key: string, value: unknown): unknown => {
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  if (Object.is(value, -0)) return "-0"
  if (typeof value === "function") return "function"
  if (isOf(value, "Map")) return ["Map", ...(value as ReadonlyMap<unknown, unknown>)]
  if (isOf(value, "Set")) return ["Set", ...(value as ReadonlySet<unknown>)]
  return value
}

/** Plain data as a text that tells apart what JSON does not: bigints, NaN, -0. */
export const describe = (value: unknown): string => {
  try {
    return JSON.stringify(value, replacer) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

const describeEvents = (metric: Metric.Any): string => {
  try {
    return describe(Schema.toRepresentation(metric.events))
  } catch {
    // A schema without a representation still has its tags.
    return describe(Object.keys(metric.events.cases))
  }
}

const known = new WeakMap<Metric.Any, Fingerprint>()

/** Made once for a definition: ten thousand recorders may register the same one. */
export const fingerprint = (metric: Metric.Any): Fingerprint => {
  let print = known.get(metric)
  if (print === undefined) {
    print = makeFingerprint(metric)
    known.set(metric, print)
  }
  return print
}

const makeFingerprint = (metric: Metric.Any): Fingerprint => ({
  events: hash(describeEvents(metric)),
  "initial state": hash(describe(metric.initial)),
  "tags it reduces": Object.keys(metric.reduce).sort().join(" "),
  instrument: metric.instrument === undefined ? "" : hash(describe(metric.instrument)),
  sources: metric.sources === undefined ? "" : hash(describe(sourcesOf(metric.sources))),
  unit: metric.unit ?? "",
  description: metric.description ?? ""
})

const sourcesOf = (sources: NonNullable<Metric.Any["sources"]>): ReadonlyArray<readonly [string, Fingerprint]> =>
  Object.entries(sources).map(([source, metric]) => [source, fingerprint(metric)])

/** The parts in which two fingerprints differ. */
export const differences = (a: Fingerprint, b: Fingerprint): ReadonlyArray<string> =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((part) => a[part] !== b[part])
