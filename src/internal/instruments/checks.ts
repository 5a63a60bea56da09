/**
 * The checks of the definitions of built-in instruments.
 */
import * as Predicate from "effect/Predicate"
import { type Family, tagsOf } from "../../MetricEvent.ts"
import { InvalidArgument } from "../../MetricsError.ts"
import {
  aFamily,
  aFunction,
  anything,
  aString,
  type Check,
  notBlank,
  positiveInteger,
  whyInvalid,
  whyInvalidOptions
} from "../options.ts"
import type { Instrument } from "./instrument.ts"

const aSource: Check = (value) =>
  typeof value === "function" || (typeof value === "string" && value !== "")
    ? undefined
    : "must be the name of a field, or a function of the event"

const boundariesCheck: Check = (value) => {
  if (!Array.isArray(value) || value.length === 0) return "must be an array of numbers"
  if (!value.every(Number.isFinite)) return "must be finite numbers; what is beyond the last one has a bucket anyway"
  return value.every((boundary, i) => i === 0 || value[i - 1] < boundary) ? undefined : "must be increasing"
}

/** Names that Prometheus gives to labels itself. */
const reservedLabels: ReadonlyArray<unknown> = ["le", "quantile"]

const labelsCheck: Check = (value) => {
  if (!Array.isArray(value) && !Predicate.isObject(value))
    return "must be an array of fields, or an object of fields and functions by label"
  const labels: ReadonlyArray<readonly [unknown, unknown]> = Array.isArray(value)
    ? value.map((field: unknown) => [field, field])
    : Object.entries(value)
  for (const [name, source] of labels) {
    const reason = notBlank(name) ?? aSource(source)
    if (reason !== undefined) return `has the label ${JSON.stringify(name)}, which ${reason}`
    if (reservedLabels.includes(name)) return `has the label "${name}", a name that Prometheus reserves`
  }
  return new Set(labels.map(([name]) => name)).size === labels.length ? undefined : "has a label twice"
}

/** Why options do not make an instrument of this kind, or `undefined`. They may be anything. */
export const whyInvalidInstrument = (kind: Instrument["kind"], options: unknown): InvalidArgument | undefined => {
  const invalid =
    whyInvalid("options", options, (value) => (Predicate.isObject(value) ? undefined : "must be an object")) ??
    whyInvalidOptions(options, {
      events: aFamily,
      when: anything,
      filter: aFunction,
      value: aSource,
      labels: labelsCheck,
      maxSeries: positiveInteger,
      description: aString,
      unit: aString,
      ...(kind === "histogram" && { boundaries: boundariesCheck })
    })
  if (invalid !== undefined) return invalid
  const { events, value, when } = options as {
    readonly events?: Family
    readonly value?: unknown
    readonly when?: unknown
  }
  if (events === undefined) return new InvalidArgument({ argument: "events", reason: "is missing" })
  if (value === undefined && kind !== "counter") return new InvalidArgument({ argument: "value", reason: "is missing" })
  const tags: ReadonlyArray<unknown> = when === undefined ? tagsOf(events) : [when].flat()
  const unknown = tags.find((tag) => typeof tag !== "string" || !Object.hasOwn(events.cases, tag))
  if (unknown === undefined && tags.length > 0) return undefined
  const reason = tags.length === 0 ? "names no event" : `${JSON.stringify(unknown)} is not an event of the family`
  return new InvalidArgument({ argument: "when", reason: `${reason}. Its events are: ${tagsOf(events).join(", ")}` })
}
