/**
 * The shape of a definition's states: what two definitions must share for their states to be merged. This is less than
 * their fingerprints, in which two versions of a program may differ and still measure the same.
 */
import * as Predicate from "effect/Predicate"
import { oncePer } from "../../util/oncePer.ts"
import { describe, type Fingerprint } from "./fingerprint.ts"
import type { Instrument } from "./instrument.ts"
import { labelledParts } from "./labelledParts.ts"
import type * as Metric from "./metric.ts"
import type { MetricState } from "./snapshot.ts"

/** Must be increased when instruments change the form of their states. */
const Format = "2"

/** Settings that limit what is kept or shown. States that differ in them still fit. */
const notOfStates: ReadonlySet<string> = new Set(["exemplar", "maxScale", "maxSize", "maxValues", "quantiles", "range"])

export const shapeOf = oncePer(
  ({ initial, instrument, sources, unit }: Metric.Any): Fingerprint => ({
    ...(sources !== undefined && ofSources(sources)),
    ...(instrument !== undefined && ofInstrument(instrument)),
    ...(sources === undefined && instrument === undefined && ofInitial(initial)),
    unit: unit ?? "none"
  })
)

const ofInitial = (initial: unknown): Fingerprint => {
  const labelled = labelledParts(initial)
  return labelled === undefined
    ? { "initial state": structureOf(initial) }
    : { "initial state": structureOf(labelled.metric.initial), labels: describe(labelled.labels) }
}

const ofInstrument = ({ expireAfter, kind, labels, settings }: Instrument): Fingerprint => ({
  format: Format,
  kind,
  labels: describe(labels.map(([name]) => name)),
  "series expire": expireAfter === undefined ? "no" : "yes",
  ...Object.fromEntries(
    Object.entries(settings).flatMap(([setting, value]) =>
      notOfStates.has(setting) ? [] : [[setting, describe(value)]]
    )
  )
})

const ofSources = (sources: NonNullable<Metric.Any["sources"]>): Fingerprint => ({
  sources: describe(Object.keys(sources).sort()),
  ...Object.fromEntries(
    Object.entries(sources).flatMap(([source, metric]) =>
      Object.entries(shapeOf(metric)).map(([part, text]) => [`${source}: ${part}`, text])
    )
  )
})

/** The types in plain data, without its values, which may differ between processes. */
const structureOf = (value: unknown, within: ReadonlySet<unknown> = new Set()): string => {
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value
  if (within.has(value)) return "circular"
  const inside = new Set([...within, value])
  if (Array.isArray(value))
    return `[${[...new Set(value.map((each) => structureOf(each, inside)))].sort().join(" | ")}]`
  if (value instanceof Map || value instanceof Set) return value.constructor.name
  const fields = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${structureOf(each, inside)}`)
  return `{ ${fields.sort().join(", ")} }`
}

/** A state in its public form, with its shape. */
export const stateOf = (metric: Metric.Any, state: unknown): MetricState => ({ definition: shapeOf(metric), state })

/** Whether a value can be a state from {@link stateOf}, possibly after a JSON round trip. */
export const isState = (value: unknown): value is MetricState =>
  Predicate.hasProperty(value, "state") &&
  Predicate.hasProperty(value, "definition") &&
  Predicate.isObject(value.definition) &&
  Object.values(value.definition).every(Predicate.isString)

/** The parts in which a state does not fit a definition. Empty: it fits. */
export const misfits = (metric: Metric.Any, { definition }: MetricState): ReadonlyArray<string> => {
  const own = shapeOf(metric)
  return [...new Set([...Object.keys(own), ...Object.keys(definition)])].flatMap((part) => {
    const [here, there] = [own, definition].map((shape) => (Object.hasOwn(shape, part) ? shape[part]! : "none"))
    return here === there ? [] : [`${part} ${shortened(there!)} instead of ${shortened(here!)}`]
  })
}

const shortened = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 79)}…`)
