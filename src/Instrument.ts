/**
 * The built-in metrics: a counter, a gauge and a histogram, each over the events of a family. They are used as
 * `Metric.counter`, `Metric.gauge` and `Metric.histogram`.
 *
 * Like any metric they are plain data and pure reducers; `Metric.fold` and `Metric.snapshot` work on them. The fold has
 * a faster way for them beside that, which comes to the same.
 */
import { deepFreeze } from "./internal/deepFreeze.ts"
import { define } from "./internal/definition.ts"
import { whyInvalidInstrument } from "./internal/instruments/checks.ts"
import { counterMeasure } from "./internal/instruments/counter.ts"
import { type GaugePoint, gaugeMeasure } from "./internal/instruments/gauge.ts"
import { type HistogramPoint, histogramMeasure, mergeHistograms } from "./internal/instruments/histogram.ts"
import {
  emptyState,
  type Instrument,
  type LabelValue,
  labelsOf,
  type Measure,
  OverflowKey,
  reducerOf,
  type SeriesState,
  type Source
} from "./internal/instruments/instrument.ts"
import { notBlank, whyInvalid } from "./internal/options.ts"
import type { Metric } from "./Metric.ts"
import { type Family, type TagOf, tagsOf } from "./MetricEvent.ts"

export type { LabelValue } from "./internal/instruments/instrument.ts"
export type { GaugePoint, HistogramPoint, SeriesState }

type EventOfTag<F extends Family, Tag extends TagOf<F>> = F["cases"][Tag]["Type"]

type FieldOf<E, Value> = { [K in keyof E & string]: E[K] extends Value ? K : never }[keyof E & string]

/** The name of a field that holds a number. Where the field is not there, nothing is measured. */
export type NumberField<E> = FieldOf<E, number | null | undefined>

/** The name of a field that can be a label. */
export type LabelField<E> = FieldOf<E, LabelValue | undefined>

/** Where a label comes from: a field, or a function of the event. */
export type LabelSource<E> = LabelField<E> | ((event: E, at: number) => LabelValue | undefined)

/** Labels: the names of fields, or for each label the field or the function it comes from. */
export type Labels<E, Label extends string> =
  | ReadonlyArray<Label & LabelField<E>>
  | { readonly [L in Label]: LabelSource<E> }

/** What the built-in metrics have in common. */
export interface InstrumentOptions<F extends Family, Tag extends TagOf<F>, L extends string> {
  /** The family of events the metric reads. */
  readonly events: F
  /** The tag or tags that are measured. Default: all of the family. */
  readonly when?: Tag | ReadonlyArray<Tag>
  /** Of these, only events for which this holds. */
  readonly filter?: (event: EventOfTag<F, Tag>) => boolean
  /** A series for each combination of label values. Default: no labels, one series. */
  readonly labels?: Labels<EventOfTag<F, Tag>, L>
  /**
   * Most series of the metric. What comes beyond goes into one overflow series, so that totals stay exact. Default:
   * 2000, as in OpenTelemetry.
   */
  readonly maxSeries?: number
  /** What the metric measures, for people. */
  readonly description?: string
  /** The unit of the measurement, in UCUM notation as OpenTelemetry has it: `s`, `By`, `{document}`. */
  readonly unit?: string
}

/** What is measured: a field, or a function of the event. Functions are called for every event, fields cost less. */
export type Value<E> = NumberField<E> | ((event: E, at: number) => number | null | undefined)

export interface CounterOptions<F extends Family, Tag extends TagOf<F>, L extends string>
  extends InstrumentOptions<F, Tag, L> {
  /** What each event adds, finite and not negative. Default: 1. */
  readonly value?: Value<EventOfTag<F, Tag>>
}

export interface GaugeOptions<F extends Family, Tag extends TagOf<F>, L extends string>
  extends InstrumentOptions<F, Tag, L> {
  /** The value that the gauge is set to, finite. */
  readonly value: Value<EventOfTag<F, Tag>>
}

export interface HistogramOptions<F extends Family, Tag extends TagOf<F>, L extends string>
  extends InstrumentOptions<F, Tag, L> {
  /** The value that is counted in its bucket, finite. */
  readonly value: Value<EventOfTag<F, Tag>>
  /**
   * Upper bounds of the buckets, inclusive, increasing; one more bucket is for what is beyond. Default: by the unit,
   * `s`, `ms` or `By`; without one of these as for milliseconds.
   */
  readonly boundaries?: ReadonlyArray<number>
}

/** A series of a labelled metric: its labels, and its point. */
export type Series<Label extends string, Point> = Point & { readonly labels: { readonly [L in Label]: LabelValue } }

/** What every built-in metric shows beside its points, where there is any. */
export interface Remarks<Point> {
  /** Everything beyond `maxSeries`. */
  readonly overflow?: Point
  /** Measurements that were none: not a finite number, or negative for a counter. They changed nothing else. */
  readonly rejected?: number
}

interface Counted {
  readonly value: number
}

export type CounterDimensions<Label extends string> = Counted &
  Remarks<Counted> &
  ([Label] extends [never] ? unknown : { readonly series: ReadonlyArray<Series<Label, Counted>> })

export type GaugeDimensions<Label extends string> = [Label] extends [never]
  ? { readonly value: number | null; readonly at: number | null } & Remarks<GaugePoint>
  : { readonly series: ReadonlyArray<Series<Label, GaugePoint>> } & Remarks<GaugePoint>

/** `counts[i]` are the values up to `boundaries[i]`, the last one those beyond. `min` and `max` of nothing are `null`. */
export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly min: number | null
  readonly max: number | null
  readonly counts: ReadonlyArray<number>
}

export type HistogramDimensions<Label extends string> = Distribution & {
  readonly boundaries: ReadonlyArray<number>
} & Remarks<Distribution> &
  ([Label] extends [never] ? unknown : { readonly series: ReadonlyArray<Series<Label, Distribution>> })

/**
 * Counts events, or adds up what they carry. It only goes up.
 *
 * Shows `{ value }`, the total, and for labels `series`, each with its own. Throws `InvalidArgument` for a definition
 * that cannot work.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { method: Schema.Literals(["GET", "PUT"]) } })
 *
 * const Requests = Metric.counter("http.requests", { events: HttpEvent, labels: ["method"] })
 *
 * const state = Metric.fold(Requests, [
 *   { _tag: "http.request", method: "GET" },
 *   { _tag: "http.request", method: "GET" }
 * ])
 * Metric.snapshot(Requests, state).dimensions // { value: 2, series: [{ labels: { method: "GET" }, value: 2 }] }
 * ```
 */
export const counter = <
  const Name extends string,
  F extends Family,
  Tag extends TagOf<F> = TagOf<F>,
  L extends string = never
>(
  name: Name,
  options: CounterOptions<F, Tag, L>
): Metric<Name, F["Type"], SeriesState<number>, CounterDimensions<L>> =>
  instrument(
    "counter",
    name,
    options,
    () => counterMeasure,
    (definition, state) => {
      const total = Object.values(state.series).reduce((sum, value) => sum + value, 0)
      const own = definition.labels.length === 0 ? {} : { series: seriesOf(definition, state, (value) => ({ value })) }
      return { value: total, ...own, ...remarks(state, (value) => ({ value })) }
    }
  )

/**
 * The last value, and when it was measured (milliseconds since the Unix epoch).
 *
 * Shows `{ value, at }`, both `null` before the first event, and for labels `series` instead. Throws `InvalidArgument`
 * for a definition that cannot work.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const PoolEvent = Schema.TaggedUnion({ "pool.resized": { connections: Schema.Number } })
 *
 * const Connections = Metric.gauge("pool.connections", { events: PoolEvent, value: "connections" })
 *
 * const state = Metric.fold(Connections, [{ _tag: "pool.resized", connections: 8 }], 1000)
 * Metric.snapshot(Connections, state).dimensions // { value: 8, at: 1000 }
 * ```
 */
export const gauge = <
  const Name extends string,
  F extends Family,
  Tag extends TagOf<F> = TagOf<F>,
  L extends string = never
>(
  name: Name,
  options: GaugeOptions<F, Tag, L>
): Metric<Name, F["Type"], SeriesState<GaugePoint>, GaugeDimensions<L>> =>
  instrument(
    "gauge",
    name,
    options,
    () => gaugeMeasure,
    (definition, state) => {
      const same = (point: GaugePoint): GaugePoint => point
      const own =
        definition.labels.length > 0
          ? { series: seriesOf(definition, state, same) }
          : (Object.values(state.series)[0] ?? { value: null, at: null })
      return { ...own, ...remarks(state, same) }
    }
  )

/**
 * How values are distributed: a count for each bucket, and their sum, least and greatest.
 *
 * Shows the distribution of all series together, and for labels `series`, each with its own. Throws `InvalidArgument`
 * for a definition that cannot work.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric } from "mvx-metrics"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { seconds: Schema.Number } })
 *
 * const Durations = Metric.histogram("http.request.duration", {
 *   events: HttpEvent,
 *   value: "seconds",
 *   unit: "s",
 *   boundaries: [0.1, 1]
 * })
 *
 * const state = Metric.fold(Durations, [{ _tag: "http.request", seconds: 0.5 }])
 * Metric.snapshot(Durations, state).dimensions.counts // [0, 1, 0]
 * ```
 */
export const histogram = <
  const Name extends string,
  F extends Family,
  Tag extends TagOf<F> = TagOf<F>,
  L extends string = never
>(
  name: Name,
  options: HistogramOptions<F, Tag, L>
): Metric<Name, F["Type"], SeriesState<HistogramPoint>, HistogramDimensions<L>> =>
  instrument("histogram", name, options, histogramMeasure, (definition, state) => {
    const same = (point: HistogramPoint): Distribution => point
    const own = definition.labels.length === 0 ? {} : { series: seriesOf(definition, state, same) }
    const all = mergeHistograms(definition, Object.values(state.series))
    return { ...all, boundaries: definition.boundaries, ...own, ...remarks(state, same) }
  })

// --- what the three share

type AnyOptions = InstrumentOptions<Family, string, string> & {
  readonly value?: unknown
  readonly boundaries?: ReadonlyArray<number>
}

const instrument = <Point, M>(
  kind: Instrument["kind"],
  name: string,
  options: unknown,
  measureOf: (instrument: Instrument) => Measure<Point>,
  view: (instrument: Instrument, state: SeriesState<Point>) => unknown
): M => {
  const invalid = whyInvalid("name", name, notBlank) ?? whyInvalidInstrument(kind, options)
  if (invalid !== undefined) throw invalid
  const given = options as AnyOptions
  const definition: Instrument = {
    kind,
    tags: given.when === undefined ? tagsOf(given.events) : [given.when].flat(),
    filter: given.filter as Instrument["filter"],
    value: given.value as Source | undefined,
    labels: labelSources(given.labels),
    maxSeries: given.maxSeries ?? 2000,
    boundaries: kind === "histogram" ? [...(given.boundaries ?? defaultBoundaries(given.unit))] : []
  }
  deepFreeze(definition)
  const reducer = reducerOf(definition, measureOf(definition))
  return define({
    name,
    events: given.events,
    initial: emptyState,
    reduce: Object.fromEntries(definition.tags.map((tag) => [tag, reducer])),
    view: (state: SeriesState<Point>) => view(definition, state),
    description: given.description,
    unit: given.unit,
    instrument: definition
  }) as M
}

const labelSources = (labels: unknown): Instrument["labels"] =>
  Array.isArray(labels)
    ? labels.map((field: string) => [field, field])
    : Object.entries((labels ?? {}) as { readonly [name: string]: Source })

/** Boundaries that fit what is measured. Seconds as HTTP durations in OpenTelemetry's semantic conventions. */
const defaultBoundaries = (unit: string | undefined): ReadonlyArray<number> => {
  if (unit === "s") return [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
  if (unit === "By") return Array.from({ length: 12 }, (_, i) => 64 * 4 ** i)
  // The default of the OpenTelemetry SDK.
  return [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
}

const seriesOf = <Point, Shown extends object>(
  definition: Instrument,
  { series }: SeriesState<Point>,
  show: (point: Point) => Shown
) =>
  Object.entries(series).flatMap(([key, point]) => {
    const labels = labelsOf(definition, key)
    return labels === undefined ? [] : [{ labels, ...show(point) }]
  })

const remarks = <Point, Shown>(
  { rejected, series }: SeriesState<Point>,
  show: (point: Point) => Shown
): Remarks<Shown> => {
  const overflow = series[OverflowKey]
  return { ...(overflow !== undefined && { overflow: show(overflow) }), ...(rejected > 0 && { rejected }) }
}
