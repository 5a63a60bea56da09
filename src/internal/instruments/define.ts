/**
 * Makes the definition of a built-in instrument from what its constructor was given.
 */
import * as Duration from "effect/Duration"
import type * as Metric from "../../Metric.ts"
import { type Family, tagsOf } from "../../MetricEvent.ts"
import type { InvalidArgument } from "../../MetricsError.ts"
import { deepFreeze } from "../deepFreeze.ts"
import { define } from "../definition/definition.ts"
import { type Check, refuseDefinition } from "../options.ts"
import { whyInvalidInstrument } from "./checks.ts"
import { whyUnknownField } from "./eventFields.ts"
import type { Instrument, KindName, Settings, Source } from "./instrument.ts"
import { kindOf } from "./kinds.ts"
import { emptyState, mergeStates, minusStates, reducerOf, type SeriesState } from "./series.ts"
import { view } from "./view.ts"

/** What a kind takes beside what all take, and what it makes of it. */
export interface Special {
  readonly checks?: { readonly [option: string]: Check }
  /** Options that have to be given. */
  readonly required?: ReadonlyArray<string>
  readonly settings?: (options: { readonly [option: string]: unknown }) => Settings
  /** The option that says what is measured. Default: `value`. */
  readonly measures?: string
  /** Why options that pass their checks, each by itself, do not make the instrument together. */
  readonly whyNot?: (options: { readonly [option: string]: unknown }) => InvalidArgument | undefined
}

interface Given {
  readonly events: Family
  readonly when?: string | ReadonlyArray<string>
  readonly filter?: Instrument["filter"]
  readonly labels?: unknown
  readonly maxSeries?: number
  readonly maxLabelLength?: number
  readonly expireAfter?: Duration.Input
  readonly description?: string
  readonly unit?: string
}

/** Throws `InvalidArgument` for a definition that cannot work. */
export const instrument = <M>(kind: KindName, name: string, options: unknown, special: Special = {}): M => {
  refuseDefinition(name, () => whyInvalidInstrument(options, special))
  const given = options as Given & { readonly [option: string]: unknown }
  const measures = special.measures ?? "value"
  const definition: Instrument = {
    kind,
    tags: given.when === undefined ? tagsOf(given.events) : [given.when].flat(),
    filter: given.filter,
    value: given[measures] as Source | undefined,
    labels: labelSources(given.labels),
    maxSeries: given.maxSeries ?? 2000,
    ...(given.maxLabelLength !== undefined && { maxLabelLength: given.maxLabelLength }),
    expireAfter: given.expireAfter === undefined ? undefined : Duration.toMillis(given.expireAfter),
    settings: special.settings?.(given) ?? {}
  }
  refuseDefinition(name, () => whyUnknownField(definition, given.events, measures))
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

/** Labels by name, however they were given. */
export const labelSources = (labels: unknown): Instrument["labels"] =>
  Array.isArray(labels)
    ? labels.map((field: string) => [field, field])
    : Object.entries((labels ?? {}) as { readonly [name: string]: Source })
