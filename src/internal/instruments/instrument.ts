/**
 * What the built-in instruments have in common: which events they read, what they take from them, and their state, a
 * point for each series.
 */
import * as Predicate from "effect/Predicate"
import type { MetricEvent } from "../../MetricEvent.ts"

/** What a label may be. A field that is not there is `null`. */
export type LabelValue = string | number | boolean | null

/** Where a value or a label comes from: a field of the event, or a function of it. */
export type Source = string | ((event: MetricEvent, at: number) => unknown)

/** An instrument as data. Two threads compare it, but for its functions. */
export interface Instrument {
  readonly kind: "counter" | "gauge" | "histogram"
  readonly tags: ReadonlyArray<string>
  readonly filter: ((event: MetricEvent) => boolean) | undefined
  /** `undefined`: every event counts 1. */
  readonly value: Source | undefined
  readonly labels: ReadonlyArray<readonly [name: string, source: Source]>
  readonly maxSeries: number
  readonly boundaries: ReadonlyArray<number>
}

/** The state of an instrument: plain data. The points by series; a series is named by its label values, as JSON. */
export interface SeriesState<Point> {
  readonly series: { readonly [key: string]: Point }
  /** Measurements that were none: not a number, or one the instrument cannot take. */
  readonly rejected: number
}

/** The series of everything beyond `maxSeries`. */
export const OverflowKey = "overflow"

export const emptyState: SeriesState<never> = { series: {}, rejected: 0 }

const read = (source: Source, event: MetricEvent, at: number): unknown =>
  typeof source === "function" ? source(event, at) : (event as unknown as { readonly [field: string]: unknown })[source]

/** The fields of an event that an instrument reads, or `undefined` where a function of the user reads the whole event. */
export const fieldsRead = ({ filter, labels, value }: Instrument): ReadonlyArray<string> | undefined => {
  const sources = [...(value === undefined ? [] : [value]), ...labels.map(([, source]) => source)]
  return filter === undefined && sources.every(Predicate.isString) ? sources : undefined
}

/** What is measured. `undefined`: nothing is, the field is not there. Anything else has to be a number. */
export const measuredValue = ({ value }: Instrument, event: MetricEvent, at: number): unknown =>
  value === undefined ? 1 : (read(value, event, at) ?? undefined)

export const labelValue = (value: unknown): LabelValue => {
  if (value === undefined || value === null) return null
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  return Predicate.isString(value) || Predicate.isNumber(value) || Predicate.isBoolean(value) ? value : String(value)
}

export const labelValues = ({ labels }: Instrument, event: MetricEvent, at: number): ReadonlyArray<LabelValue> =>
  labels.map(([, source]) => labelValue(read(source, event, at)))

export const keyOf = (values: ReadonlyArray<LabelValue>): string => JSON.stringify(values)

/** How an instrument measures: the one thing in which the three differ. */
export interface Measure<Point> {
  /** The least value that can be taken, of finite ones. */
  readonly least: number
  readonly first: (value: number, at: number) => Point
  readonly next: (point: Point, value: number, at: number) => Point
}

/** Whether a value is a measurement: finite, and not below the least that the instrument takes. */
export const isMeasurable = (value: number, least: number): boolean => value >= least && value <= Number.MAX_VALUE

/** The pure reducer of an instrument: its definition. The kernels have to agree with it. */
export const reducerOf =
  <Point>(instrument: Instrument, measure: Measure<Point>) =>
  (state: SeriesState<Point>, event: MetricEvent, at: number): SeriesState<Point> => {
    if (instrument.filter !== undefined && !instrument.filter(event)) return state
    const value = measuredValue(instrument, event, at)
    if (value === undefined) return state
    if (typeof value !== "number" || !isMeasurable(value, measure.least))
      return { ...state, rejected: state.rejected + 1 }
    const key = seriesKey(instrument, state, keyOf(labelValues(instrument, event, at)))
    const point = state.series[key]
    const next = point === undefined ? measure.first(value, at) : measure.next(point, value, at)
    return { ...state, series: { ...state.series, [key]: next } }
  }

const seriesKey = (instrument: Instrument, { series }: SeriesState<unknown>, key: string): string => {
  if (Object.hasOwn(series, key)) return key
  const known = Object.keys(series).length - (Object.hasOwn(series, OverflowKey) ? 1 : 0)
  return known < instrument.maxSeries ? key : OverflowKey
}

/** The labels of a series by name. `undefined` for the series of everything beyond the cap. */
export const labelsOf = (instrument: Instrument, key: string): { readonly [name: string]: LabelValue } | undefined => {
  if (key === OverflowKey) return undefined
  const values = JSON.parse(key) as ReadonlyArray<LabelValue>
  return Object.fromEntries(instrument.labels.map(([name], i) => [name, values[i] ?? null]))
}
