/**
 * What the built-in metrics have in common: where they get values and labels from, and how they show their series.
 *
 * The metrics themselves are in {@link ./Counter.ts}, {@link ./Gauge.ts}, {@link ./Histogram.ts}, {@link ./Summary.ts},
 * {@link ./Window.ts} and {@link ./Statistics.ts}; all are used as `Metric.counter`, `Metric.gauge` and so on. Like any
 * metric they are plain data and pure reducers. The fold has a faster way for them beside that, which comes to the same.
 */
import type * as Duration from "effect/Duration"
import type { LabelValue } from "./internal/instruments/instrument.ts"
import type { Family, TagOf } from "./MetricEvent.ts"

export type { LabelValue } from "./internal/instruments/instrument.ts"
export type { SeriesState } from "./internal/instruments/series.ts"

/** The events of a family that have these tags. */
export type EventOfTag<F extends Family, Tag extends TagOf<F>> = F["cases"][Tag]["Type"]

type FieldOf<E, Value> = { [K in keyof E & string]: E[K] extends Value ? K : never }[keyof E & string]

/** The name of a field that holds a number. Where the field is not there, nothing is measured. */
export type NumberField<E> = FieldOf<E, number | null | undefined>

/** The name of a field that holds yes or no. Where the field is not there, nothing is measured. */
export type BooleanField<E> = FieldOf<E, boolean | null | undefined>

/** The name of a field that can be a label. */
export type LabelField<E> = FieldOf<E, LabelValue | undefined>

/** The name of a field that holds text. Where the field is not there, there is none. */
export type TextField<E> = FieldOf<E, string | null | undefined>

/** The field with the id of the trace that an event belongs to, or that and the one with the id of the span. */
export type ExemplarFields<E> = TextField<E> | { readonly traceId: TextField<E>; readonly spanId?: TextField<E> }

/** Where a label comes from: a field, or a function of the event. */
export type LabelSource<E> = LabelField<E> | ((event: E, at: number) => LabelValue | undefined)

/** Labels: the names of fields, or for each label the field or the function it comes from. */
export type Labels<E> = ReadonlyArray<LabelField<E>> | { readonly [label: string]: LabelSource<E> }

/** The labels of a series: values by name. */
export type LabelValues = { readonly [label: string]: LabelValue }

/** What is not there is `null`. */
type OrNull<Value> = Value extends undefined ? null : Extract<Value, LabelValue>

type ValueOf<E, Field> = E extends unknown ? (Field extends keyof E ? OrNull<E[Field]> : never) : never

/** The names and values that labels have by their definition. Where none are given, `LS` is whatever could be. */
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

/** What is measured: a field, or a function of the event. Functions are called for every event, fields cost less. */
export type Value<E> = NumberField<E> | ((event: E, at: number) => number | null | undefined)

/** What the built-in metrics have in common. */
export interface InstrumentOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>> {
  /** The family of events the metric reads. */
  readonly events: F
  /** The tag or tags that are measured. Default: all of the family. */
  readonly when?: Tag | ReadonlyArray<Tag>
  /** Of these, only events for which this holds. */
  readonly filter?: (event: EventOfTag<F, Tag>) => boolean
  /** A series for each combination of label values. Default: no labels, one series. */
  readonly labels?: LS
  /**
   * Most series of the metric. What comes beyond goes into one overflow series, so that totals stay exact. Default:
   * 2000, as in OpenTelemetry.
   */
  readonly maxSeries?: number
  /**
   * Most characters of a label value, or of a value that `frequency` counts, as `length` counts them: from 2 to 65 536.
   * A longer value is cut and ends with an ellipsis (`…`), because every scrape repeats it. Values that are equal once
   * they are cut share a series, as in OpenTelemetry, so totals stay exact. Default: 256.
   */
  readonly maxLabelLength?: number
  /**
   * Lets go of series that had no event for so long, by the time of the events and of the reader. What they had stays in
   * the total. A label value that comes back begins anew. Default: series stay.
   */
  readonly expireAfter?: Duration.Input
  /** What the metric measures, for people. */
  readonly description?: string
  /**
   * The unit of the measurement, in UCUM notation as OpenTelemetry has it: `s`, `By`, `{document}`. Common names such as
   * `seconds` and `bytes` are taken for their code.
   */
  readonly unit?: string
}

/** The options of metrics that measure numbers. */
export interface ValueOptions<F extends Family, Tag extends TagOf<F>, LS extends Labels<EventOfTag<F, Tag>>>
  extends InstrumentOptions<F, Tag, LS> {
  /** What is measured, finite. */
  readonly value: Value<EventOfTag<F, Tag>>
}

/** A series of a labelled metric: its labels, and its point. */
export type Series<L extends LabelValues, Point> = Point & { readonly labels: L }

/** Everything beyond `maxSeries`, and which label is to blame: the one with the most values, and some of them. */
export type Overflow<Point> = Point & {
  readonly label: string
  readonly values: number
  readonly examples: ReadonlyArray<LabelValue>
}

/** What every built-in metric shows beside its points, where there is any. */
export interface Remarks<Point> {
  readonly overflow?: Overflow<Point>
  /** How many series have a label value that was longer than `maxLabelLength`, and was cut. */
  readonly cut?: number
  /** Measurements that were none: not a finite number, or negative for a counter. They changed nothing else. */
  readonly rejected?: number
}

/** What a metric shows whose series add up: all of them together, and with labels each by itself. */
export type Dimensioned<L extends LabelValues, Point> = Point &
  Remarks<Point> &
  ([keyof L] extends [never] ? unknown : { readonly series: ReadonlyArray<Series<L, Point>> })
