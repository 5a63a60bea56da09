/** The common parts of the built-in instruments: the events they read, and the values they take from them. */
import * as Predicate from "effect/Predicate"
import type { MetricEvent } from "../../model/event.ts"
import { cutText } from "../../util/cutText.ts"

/**
 * What a label may be. A field that is not there is `null`.
 *
 * @category models
 * @since 0.2.0
 */
export type LabelValue = string | number | boolean | null

export const isLabelValue = (value: unknown): value is LabelValue =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"

/** Where a value or a label comes from: a field of the event, or a function of it. */
export type Source = string | ((event: MetricEvent, at: number) => unknown)

/** The kinds of instruments, described in {@link ../instruments/kinds.ts}. */
export type KindName =
  | "average"
  | "counter"
  | "distinct"
  | "exponentialHistogram"
  | "frequency"
  | "gauge"
  | "histogram"
  | "minMax"
  | "rate"
  | "ratio"
  | "summary"
  | "upDownCounter"
  | "window"

/**
 * Marks an instrument whose definition sets `maxSeries`, even to the default. Two copies of this library share the key.
 * Fingerprints leave symbols out, so such a definition is still the same as one without the option.
 */
export const HasMaxSeries = Symbol.for("mvx-metrics/hasMaxSeries")

/** An instrument as data. Two threads compare it, without its functions. */
export interface Instrument {
  readonly [HasMaxSeries]?: true
  readonly kind: KindName
  readonly tags: ReadonlyArray<string>
  readonly filter: ((event: MetricEvent) => boolean) | undefined
  /** `undefined`: every event counts 1. */
  readonly value: Source | undefined
  readonly labels: ReadonlyArray<readonly [name: string, source: Source]>
  readonly maxSeries: number
  /** The maximum length of label values in UTF-16 code units. Longer ones are cut. `undefined`: {@link MostOfLabel}. */
  readonly maxLabelLength?: number
  /** How many milliseconds after its last event a series is removed; `undefined`: never. */
  readonly expireAfter: number | undefined
  /** Whether exporters show the series known from the schema before they have events. `undefined`: if they are few. */
  readonly fromZero?: boolean
  /** Settings of its kind: boundaries, quantiles and the like. */
  readonly settings: Settings
}

export type Settings = { readonly [setting: string]: unknown }

/** The value of a source for an event. An inherited property does not count as a field. */
export const sourceValue = (source: Source, event: MetricEvent, at: number): unknown => {
  if (typeof source === "function") return source(event, at)
  return Object.hasOwn(event, source) ? (event as unknown as { readonly [field: string]: unknown })[source] : undefined
}

/** The fields of an event that a metric reads, or `undefined` if a user's function gets the whole event. */
export const fieldsRead = ({
  instrument
}: {
  readonly instrument: Instrument | undefined
}): ReadonlyArray<string> | undefined => {
  if (instrument === undefined) return undefined
  const { filter, labels, settings, value } = instrument
  const { exemplar } = settings as { readonly exemplar?: "span" | { readonly [id: string]: string } }
  const sources = [...(value === undefined ? [] : [value]), ...labels.map(([, source]) => source)]
  return filter === undefined && sources.every(Predicate.isString)
    ? [...sources, ...(exemplar === "span" ? [] : Object.values(exemplar ?? {}))]
    : undefined
}

/**
 * The measured value. `undefined`: the field is missing, so nothing is measured. Any other value must be a measurement.
 */
export const measuredValue = ({ value }: Instrument, event: MetricEvent, at: number): unknown =>
  value === undefined ? 1 : (sourceValue(value, event, at) ?? undefined)

/** The default limit of series per metric, as in OpenTelemetry. */
export const DefaultMaxSeries = 2000

/** The default limit of a label value in UTF-16 code units. */
export const MostOfLabel = 256

/** Texts longer than `most` are cut, because every scrape repeats them. */
export const labelValue = (value: unknown, most = MostOfLabel): LabelValue => {
  if (value === undefined || value === null) return null
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  if (Predicate.isNumber(value) || Predicate.isBoolean(value)) return value
  return cutText(Predicate.isString(value) ? value : String(value), most)
}

export const labelValues = (
  { labels, maxLabelLength }: Instrument,
  event: MetricEvent,
  at: number
): ReadonlyArray<LabelValue> => labels.map(([, source]) => labelValue(sourceValue(source, event, at), maxLabelLength))
