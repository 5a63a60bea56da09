/**
 * The common parts of built-in metrics: the sources of values and labels, and the series in their snapshots.
 *
 * The metrics themselves are in {@link ./counter.ts}, {@link ./gauge.ts}, {@link ./histogram.ts}, {@link ./summary.ts},
 * {@link ./window.ts}, {@link ./statistics.ts} and {@link ./occurrences.ts}; all are used as `Metric.counter`,
 * `Metric.gauge` and so on. Like any metric they are plain data and pure reducers. The fold also has a faster
 * implementation with the same result.
 */
import type * as Duration from "effect/Duration"
import type { Family, TagOf } from "../model/event.ts"
import type { KnownUnit } from "../naming/unitCode.ts"
import type { LabelValue } from "./definition/instrument.ts"

export type { LabelValue } from "./definition/instrument.ts"
export type { SeriesState } from "./instruments/series.ts"

/**
 * The events of a family with these tags.
 *
 * @category utility types
 * @since 0.2.0
 */
export type EventOfTag<F extends Family, Tag extends TagOf<F>> = F["cases"][Tag]["Type"]

type FieldOf<E, Value> = { [K in keyof E & string]: E[K] extends Value ? K : never }[keyof E & string]

/**
 * The name of a field with a number. If the field is missing, nothing is measured.
 *
 * @category utility types
 * @since 0.2.0
 */
export type NumberField<E> = FieldOf<E, number | null | undefined>

/**
 * The name of a boolean field. If the field is missing, nothing is measured.
 *
 * @category utility types
 * @since 0.2.0
 */
export type BooleanField<E> = FieldOf<E, boolean | null | undefined>

/**
 * The name of a field that can be a label.
 *
 * @category utility types
 * @since 0.2.0
 */
export type LabelField<E> = FieldOf<E, LabelValue | undefined>

/**
 * The name of a field with text, which may be missing.
 *
 * @category utility types
 * @since 0.2.0
 */
export type TextField<E> = FieldOf<E, string | null | undefined>

/**
 * The field with the trace id of an event, or the fields with its trace id and span id.
 *
 * @category options
 * @since 0.2.0
 */
export type ExemplarFields<E> = TextField<E> | { readonly traceId: TextField<E>; readonly spanId?: TextField<E> }

/**
 * The source of exemplars: fields of the event, or `"span"`, the span of Effect's tracer in which the event is emitted.
 * A field that is named `span` itself is given as `{ traceId: "span" }`.
 *
 * @category options
 * @since 0.2.0
 */
export type ExemplarSource<E> = "span" | ExemplarFields<E>

/**
 * The source of a label: a field, or a function of the event.
 *
 * @category options
 * @since 0.2.0
 */
export type LabelSource<E> = LabelField<E> | ((event: E, at: number) => LabelValue | undefined)

/**
 * The labels of a metric: names of fields, or a field or function for each label.
 *
 * @category options
 * @since 0.2.0
 */
export type Labels<E> = ReadonlyArray<LabelField<E>> | { readonly [label: string]: LabelSource<E> }

/**
 * The labels of a series: values by name.
 *
 * @category models
 * @since 0.2.0
 */
export type LabelValues = { readonly [label: string]: LabelValue }

/** A missing value is `null`. */
type OrNull<Value> = Value extends undefined ? null : Extract<Value, LabelValue>

type ValueOf<E, Field> = E extends unknown ? (Field extends keyof E ? OrNull<E[Field]> : never) : never

/**
 * The names and values of labels, by their definition. Without labels, `LS` is its own bound.
 *
 * @category utility types
 * @since 0.2.0
 */
export type LabelsOf<E, LS> =
  Labels<E> extends LS
    ? Record<never, never>
    : LS extends ReadonlyArray<infer Field extends string>
      ? { readonly [Label in Field]: ValueOf<E, Label> }
      : {
          readonly [Label in keyof LS]: LS[Label] extends (event: never, at: number) => infer Value
            ? OrNull<Value>
            : ValueOf<E, LS[Label]>
        }

/**
 * The measured value: a field, or a function of the event. Functions are called for every event; fields cost less.
 *
 * @category options
 * @since 0.2.0
 */
export type Value<E> = NumberField<E> | ((event: E, at: number) => number | null | undefined)

/**
 * A unit in UCUM notation, as OpenTelemetry has it. Editors complete the usual ones; any other can be given, such as
 * `{document}` for what is counted, or `By/s`. Names such as `seconds` and `bytes` are replaced by their code.
 *
 * @category options
 * @since 0.2.0
 */
export type Unit = KnownUnit | "1" | (string & Record<never, never>)

/**
 * The common options of built-in metrics.
 *
 * @category options
 * @since 0.2.0
 */
export interface InstrumentOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>> {
  /** The family of events the metric reads. */
  readonly events: F
  /** The tag or tags that are measured. Default: all of the family. */
  readonly when?: Tag | ReadonlyArray<Tag>
  /** Selects the events to measure. Default: all events with these tags. */
  readonly filter?: (event: EventOfTag<F, Tag>) => boolean
  /** A series for each combination of label values. Default: no labels, one series. */
  readonly labels?: LS
  /**
   * The cardinality limit: the maximum number of series of the metric. Events beyond it go to one overflow series, so
   * totals stay exact. Default: 2000, as in OpenTelemetry.
   */
  readonly maxSeries?: number
  /**
   * Most characters of a label value, or of a value that `frequency` counts, as `length` counts them: from 2 to 65 536.
   * A longer value is cut and ends with an ellipsis (`…`), because every scrape repeats it. Values that are equal once
   * they are cut share a series, as in OpenTelemetry, so totals stay exact. Default: 256.
   */
  readonly maxLabelLength?: number
  /**
   * Removes series that had no event for this long, by the time of the events and of the reader. Their counts stay in
   * the total. A label value that comes back starts a new series. Default: series are kept.
   */
  readonly expireAfter?: Duration.Input
  /** The description of the metric, for people. */
  readonly description?: string
  /**
   * The unit of the measurement, in UCUM notation as OpenTelemetry has it: `s`, `By`, `{document}`. Common names such
   * as `seconds` and `bytes` are replaced by their code.
   */
  readonly unit?: Unit
}

/**
 * The option of metrics that count: they have series at 0 before the first event.
 *
 * @category options
 * @since 0.2.0
 */
export interface FromZeroOptions {
  /**
   * Has exporters show a series at 0 for each combination of label values, from the registration on, so that Prometheus'
   * `rate()` sees the first increment. The schema must know the values of all labels: `Schema.Literals`, `Schema.Boolean`,
   * an enum, or an absent field. `true` shows up to `maxSeries` combinations, and throws `InvalidArgument` where they are
   * more or not known; `false` shows none. Default: up to 32 combinations, unless series expire.
   */
  readonly fromZero?: boolean
}

/**
 * The options of metrics that measure numbers.
 *
 * @category options
 * @since 0.2.0
 */
export interface ValueOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS> {
  /** The measured value, a finite number. */
  readonly value: Value<EventOfTag<F, Tag>>
}

/**
 * A series of a labelled metric: its labels, and its point.
 *
 * @category models
 * @since 0.2.0
 */
export type Series<L extends LabelValues, Point> = Point & { readonly labels: L }

/**
 * Everything beyond `maxSeries`, with the high-cardinality label: the label with the most values, and some of them.
 *
 * @category models
 * @since 0.2.0
 */
export type Overflow<Point> = Point & {
  readonly label: string
  readonly values: number
  readonly examples: ReadonlyArray<LabelValue>
}

/**
 * The optional parts of every built-in metric's dimensions.
 *
 * @category models
 * @since 0.2.0
 */
export interface Remarks<Point> {
  readonly overflow?: Overflow<Point>
  /** The number of series with a label value that was longer than `maxLabelLength`, and was cut. */
  readonly cut?: number
  /** The number of rejected values: not finite, or negative for a counter. They changed nothing else. */
  readonly rejected?: number
}

/**
 * The dimensions of a metric whose series add up: the total, and with labels each series.
 *
 * @category utility types
 * @since 0.2.0
 */
export type Dimensioned<L extends LabelValues, Point> = Point &
  Remarks<Point> &
  ([keyof L] extends [never] ? unknown : { readonly series: ReadonlyArray<Series<L, Point>> })
