import * as Schema from "effect/Schema"
import { murmur3 } from "../../util/murmur3.ts"
import { oncePer } from "../../util/oncePer.ts"
import { isOf } from "../../util/realms.ts"
import type { Instrument } from "./instrument.ts"
import type * as Metric from "./metric.ts"

/**
 * The contents of a definition as short texts that two threads can compare. Only its data is included: the text of
 * functions differs between a module and the same module minified.
 */
export type Fingerprint = { readonly [part: string]: string }

/** 64 bits, because fingerprints decide which definitions are the same. */
export const hash = (text: string): string => {
  const { high, low } = murmur3(text, 0)
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
}

/** A key that two copies of this library share. */
const Made = Symbol.for("mvx-metrics/made")

/** Marks a function that this library made with what it was made from, because its text is meaningless. */
export const made = <F extends (...args: never) => unknown>(f: F, of: () => unknown): F =>
  Object.defineProperty(f, Made, { value: of })

const describeFunction = (f: object, within: ReadonlyArray<unknown>): string =>
  Made in f ? `function ${write((f[Made] as () => unknown)(), within)}` : "function"

const list = (values: Iterable<unknown>, within: ReadonlyArray<unknown>): string =>
  `[${Array.from(values, (each) => write(each, within)).join()}]`

/** Like JSON, but different for all values that structured clone distinguishes. */
const write = (value: unknown, within: ReadonlyArray<unknown>): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "function") return describeFunction(value, within)
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value)
  const depth = within.indexOf(value)
  if (depth >= 0) return `circular ${depth}`
  const inside = [...within, value]
  if (Array.isArray(value)) return list(value, inside)
  if (isOf(value, "Map")) return `Map${list(value as ReadonlyMap<unknown, unknown>, inside)}`
  if (isOf(value, "Set")) return `Set${list(value as ReadonlySet<unknown>, inside)}`
  if (isOf(value, "Date")) return `Date ${(value as Date).getTime()}`
  if (isOf(value, "RegExp")) return String(value)
  if (isOf(value, "Error")) return `Error${list([(value as Error).name, (value as Error).message], inside)}`
  if (isOf(value, "ArrayBuffer")) return `ArrayBuffer${list(new Uint8Array(value as ArrayBuffer), inside)}`
  const fields = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${write(each, inside)}`)
  return `${ArrayBuffer.isView(value) ? Object.prototype.toString.call(value) : ""}{${fields.join()}}`
}

/** Plain data as a text that distinguishes what JSON does not: bigints, NaN, -0, missing values. */
export const describe = (value: unknown): string => {
  try {
    return write(value, [])
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** Many metrics share a family. */
const describeEvents = oncePer((events: Metric.Any["events"]): string => {
  try {
    return hash(describe(Schema.toRepresentation(events)))
  } catch {
    // A schema without a representation still has its tags.
    return hash(describe(Object.keys(events.cases)))
  }
})

/** Computed once per definition, because ten thousand recorders may register the same one. */
export const fingerprint = oncePer((metric: Metric.Any): Fingerprint => {
  const { description, events, initial, instrument, merge, minus, reduce, sources, unit, view } = metric
  const isByHand = instrument === undefined && sources === undefined
  return {
    // The events of a derived metric follow from its sources.
    events: sources === undefined ? describeEvents(events) : "",
    "initial state": hash(describe(initial)),
    "tags it reduces": Object.keys(reduce).sort().join(" "),
    // Whether they are wrapped, for example by a filter.
    reducers: isByHand ? [...new Set(Object.values(reduce).map(describe))].sort().join(" ") : "",
    view: isByHand ? describe(view) : "",
    // For other metrics it follows from their parts.
    merge: isByHand && merge !== undefined ? "yes" : "",
    minus: isByHand && minus !== undefined ? "yes" : "",
    ...(instrument !== undefined && ofInstrument(instrument)),
    sources: sources === undefined ? "" : hash(describe(sourcesOf(sources))),
    unit: unit ?? "",
    description: description ?? ""
  }
})

/** By the options of its constructor, so that errors can name what differs. */
const ofInstrument = ({ kind, settings, tags, ...options }: Instrument): Fingerprint => {
  const parts = Object.entries({ kind, when: tags, ...options, ...settings })
  return Object.fromEntries(
    parts.flatMap(([part, value]) => (value === undefined ? [] : [[part, hash(describe(value))]]))
  )
}

const sourcesOf = (sources: NonNullable<Metric.Any["sources"]>): ReadonlyArray<readonly [string, Fingerprint]> =>
  Object.entries(sources).map(([source, metric]) => [source, fingerprint(metric)])

/** The parts in which two fingerprints differ. */
export const differences = (a: Fingerprint, b: Fingerprint): ReadonlyArray<string> =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((part) => a[part] !== b[part])

/**
 * Whether two definitions count as one: a module that is loaded twice, or a function that makes its metrics each time.
 */
export const isSame = (a: Metric.Any, b: Metric.Any): boolean =>
  a === b || (a.name === b.name && differences(fingerprint(a), fingerprint(b)).length === 0)

/** What a metric does with events, regardless of its name, for a metric that is a part of another one. */
export const inner = (metric: Metric.Any): Fingerprint => {
  const { description, unit, ...rest } = fingerprint(metric)
  return rest
}

/** Leaves out definitions that are the same as an earlier one. Different ones of one name are all kept. */
export const distinct = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Metric.Any> => {
  const byName = new Map<string, Array<Metric.Any>>()
  return metrics.filter((metric) => {
    const before = byName.get(metric.name)
    if (before?.some((each) => isSame(each, metric))) return false
    if (before === undefined) byName.set(metric.name, [metric])
    else before.push(metric)
    return true
  })
}
