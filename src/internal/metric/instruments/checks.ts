/** The checks of the definitions of built-in instruments. */
import { type Family, tagsOf } from "../../model/event.ts"
import {
  aFamily,
  aFunction,
  aString,
  type Check,
  finiteDuration,
  got,
  integerWithin,
  isRecord,
  notBlank,
  positiveInteger,
  whyInvalidOptions
} from "../../model/optionChecks.ts"
import { InvalidArgument } from "../../model/usageErrors.ts"
import { didYouMean } from "../../util/didYouMean.ts"
import type { Settings } from "../definition/instrument.ts"

/** The additional options of a kind, and how they are used. */
export interface Special {
  readonly checks?: { readonly [option: string]: Check }
  /** Options that must be given. */
  readonly required?: ReadonlyArray<string>
  readonly settings?: (options: { readonly [option: string]: unknown }) => Settings
  /** The option for the measured value. Default: `value`. */
  readonly measures?: string
  /** Why options that are valid individually do not make an instrument together. */
  readonly whyNot?: (options: { readonly [option: string]: unknown }) => InvalidArgument | undefined
}

const aSource: Check = (value) =>
  typeof value === "function" || (typeof value === "string" && value !== "")
    ? undefined
    : "must be the name of a field, or a function of the event"

export const boundariesCheck: Check = (value) => {
  if (!Array.isArray(value) || value.length === 0) return "must be an array of numbers"
  // A copy has no holes.
  const boundaries: ReadonlyArray<unknown> = [...value]
  if (!boundaries.every(Number.isFinite))
    return "must be finite numbers. Values above the last boundary get a bucket of their own automatically"
  return value.every((boundary, i) => i === 0 || value[i - 1] < boundary) ? undefined : "must be increasing"
}

/** A range of positive numbers, on a logarithmic scale. */
export const rangeCheck: Check = (value) => {
  if (!Array.isArray(value) || value.length !== 2) return "must be an array of two numbers, such as [0.001, 10]"
  const [least, greatest]: ReadonlyArray<unknown> = value
  return typeof least === "number" && Number.isFinite(greatest) && 0 < least && least < (greatest as number)
    ? undefined
    : "must be positive, finite and increasing"
}

/** Names of labels that Prometheus sets itself. */
const reservedLabels: ReadonlyArray<unknown> = ["le", "quantile"]

export const labelsCheck: Check = (value) => {
  if (!Array.isArray(value) && !isRecord(value))
    return "must be an array of fields, or an object of fields and functions by label"
  const labels: ReadonlyArray<readonly [unknown, unknown]> = Array.isArray(value)
    ? [...value].map((field: unknown) => [field, field])
    : Object.entries(value)
  for (const [name, source] of labels) {
    const reason = notBlank(name) ?? aSource(source)
    if (reason !== undefined) return `has the label ${JSON.stringify(name)}, which ${reason}`
    if (reservedLabels.includes(name)) return `has the label "${name}", a name that Prometheus reserves`
  }
  return new Set(labels.map(([name]) => name)).size === labels.length ? undefined : "has a label twice"
}

export const quantilesCheck: Check = (value) => {
  if (!Array.isArray(value) || value.length === 0) return "must be an array of numbers"
  if (![...value].every((quantile) => typeof quantile === "number" && quantile >= 0 && quantile <= 1)) {
    return "must be numbers from 0 to 1"
  }
  return new Set(value).size === value.length ? undefined : "has a quantile twice"
}

const someTags: Check = (value) => ([value].flat().length > 0 ? undefined : "names no event")

const whyNoEvent = (tag: unknown, events: Family): string =>
  `${got(tag)} is not an event of the family.${didYouMean(tag, tagsOf(events))}`

/** Why options do not make an instrument, or `undefined`. They can be any value. */
export const whyInvalidInstrument = (
  options: unknown,
  { checks, measures = "value", required = [], whyNot }: Special
): InvalidArgument | undefined => {
  const invalid = whyInvalidOptions(
    options,
    {
      events: aFamily,
      when: someTags,
      filter: aFunction,
      [measures]: aSource,
      labels: labelsCheck,
      maxSeries: positiveInteger,
      maxLabelLength: integerWithin(2, 65_536),
      expireAfter: finiteDuration,
      description: aString,
      unit: aString,
      ...checks
    },
    ["events", ...required]
  )
  if (invalid !== undefined) return invalid
  const given = options as { readonly [option: string]: unknown }
  const events = given.events as Family
  const tags: ReadonlyArray<unknown> = given.when === undefined ? tagsOf(events) : [given.when].flat()
  // A tag may be `undefined` if its name was misspelt in an object of tags.
  const unknown = tags.find((tag) => typeof tag !== "string" || !Object.hasOwn(events.cases, tag))
  if (unknown === undefined && !tags.includes(undefined)) return whyNot?.(given)
  const reason = `${whyNoEvent(unknown, events)} Its events are: ${tagsOf(events).join(", ")}`
  return new InvalidArgument({ argument: "when", reason })
}
