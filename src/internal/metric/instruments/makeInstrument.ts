/** Makes the definition of a built-in instrument from the options of its constructor. */
import * as Duration from "effect/Duration"
import { type Family, tagsOf } from "../../model/event.ts"
import { aBoolean, refuseDefinition } from "../../model/optionChecks.ts"
import { deepFreeze } from "../../util/deepFreeze.ts"
import { define } from "../definition/define.ts"
import {
  DefaultMaxSeries,
  HasMaxSeries,
  type Instrument,
  type KindName,
  type Source
} from "../definition/instrument.ts"
import type * as Metric from "../definition/metric.ts"
import { type Special, whyInvalidInstrument } from "./checks.ts"
import { whyUnknownField } from "./eventFields.ts"
import { kindOf } from "./kinds.ts"
import { mergeStates } from "./mergeStates.ts"
import { emptyState, minusStates, reducerOf, type SeriesState } from "./series.ts"
import { view } from "./view.ts"
import { countsFromZero, whyNotFromZero } from "./zeroSeries.ts"

interface Given {
  readonly events: Family
  readonly when?: string | ReadonlyArray<string>
  readonly filter?: Instrument["filter"]
  readonly labels?: unknown
  readonly maxSeries?: number
  readonly maxLabelLength?: number
  readonly expireAfter?: Duration.Input
  readonly fromZero?: boolean
  readonly description?: string
  readonly unit?: string
}

/** Throws `InvalidArgument` for a definition that cannot work. */
export const instrument = <M>(kind: KindName, name: string, options: unknown, special: Special = {}): M => {
  const checks = countsFromZero.has(kind) ? { ...special.checks, fromZero: aBoolean } : special.checks
  refuseDefinition(name, () => whyInvalidInstrument(options, { ...special, ...(checks && { checks }) }))
  const given = options as Given & { readonly [option: string]: unknown }
  const measures = special.measures ?? "value"
  const definition: Instrument = {
    kind,
    tags: given.when === undefined ? tagsOf(given.events) : [given.when].flat(),
    filter: given.filter,
    value: given[measures] as Source | undefined,
    labels: labelSources(given.labels),
    maxSeries: given.maxSeries ?? DefaultMaxSeries,
    ...(given.maxSeries !== undefined && { [HasMaxSeries]: true }),
    ...(given.maxLabelLength !== undefined && { maxLabelLength: given.maxLabelLength }),
    expireAfter: given.expireAfter === undefined ? undefined : Duration.toMillis(given.expireAfter),
    ...(given.fromZero !== undefined && { fromZero: given.fromZero }),
    settings: special.settings?.(given) ?? {}
  }
  refuseDefinition(
    name,
    () => whyUnknownField(definition, given.events, measures) ?? whyNotFromZero(definition, given.events)
  )
  return ofInstrument({ name, ...given, instrument: deepFreeze(definition) }) as M
}

/** The metric of an instrument, under a name. */
export const ofInstrument = (parts: {
  readonly name: string
  readonly events: Family
  readonly instrument: Instrument
  readonly description?: string | undefined
  readonly unit?: string | undefined
}): Metric.Any => {
  const { measure } = kindOf(parts.instrument)
  const reducer = reducerOf(parts.instrument, measure)
  return define({
    name: parts.name,
    events: parts.events,
    initial: emptyState(parts.instrument),
    reduce: Object.fromEntries(parts.instrument.tags.map((tag) => [tag, reducer])),
    view: (state: SeriesState<unknown>, now) => view(parts.instrument, state, now),
    merge: mergeStates(measure),
    minus: measure.minus === undefined ? undefined : minusStates(measure),
    description: parts.description,
    unit: parts.unit,
    instrument: parts.instrument,
    sources: undefined
  })
}

/** Labels by name, in whichever form they were given. */
export const labelSources = (labels: unknown): Instrument["labels"] =>
  Array.isArray(labels)
    ? labels.map((field: string) => [field, field])
    : Object.entries((labels ?? {}) as { readonly [name: string]: Source })
