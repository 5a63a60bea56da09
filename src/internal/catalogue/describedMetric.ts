/**
 * A definition as plain data: everything that can be described without its functions, and the names derived from it.
 * Two descriptions can be compared, and a file can store one.
 */
import * as Schema from "effect/Schema"
import { metricData } from "../formats/fromMetric.ts"
import type { MetricData } from "../formats/metricData.ts"
import { boundariesOf } from "../formats/prometheus/classicBuckets.ts"
import { helpOf, scale } from "../formats/prometheus/families.ts"
import { fingerprint, hash } from "../metric/definition/fingerprint.ts"
import { type Instrument, type LabelValue, labelValue, type Source } from "../metric/definition/instrument.ts"
import { measuredBy } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { labelsOfMetric } from "../metric/definition/seriesFilter.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"
import { fieldValues } from "../metric/instruments/fieldValues.ts"
import type { Family } from "../model/event.ts"
import { mapValues } from "../util/mapValues.ts"
import { exposedOf } from "./exposedMetrics.ts"
import { panelsOf } from "./panels.ts"
import { recorded } from "./rules.ts"

const Text = Schema.String
const Texts = Schema.Array(Schema.String)

export const Label = Schema.Struct({
  name: Text,
  /** The field it is read from, or that a function of the event computes it. */
  source: Text,
  /** The values that the schema of the events lists. Absent: it may have any. */
  values: Schema.optionalKey(Schema.Array(Schema.Union([Text, Schema.Finite, Schema.Boolean, Schema.Null])))
})
export type Label = typeof Label.Type

/** One part of what exporters show. */
export const Exposed = Schema.Struct({
  /** As in OTLP. */
  name: Text,
  unit: Schema.optionalKey(Text),
  /** The name of its samples in Prometheus, without the suffixes of a histogram or a summary. */
  sample: Text,
  type: Schema.Literals(["counter", "gauge", "histogram", "summary"]),
  /** The factor that converts a value to Prometheus' base unit. */
  factor: Schema.Finite,
  /** The values of `le` in Prometheus, without `+Inf`. */
  le: Schema.optionalKey(Schema.Array(Schema.Finite))
})
export type Exposed = typeof Exposed.Type

export const DescribedMetric = Schema.Struct({
  name: Text,
  /** The kind named by its constructor; `own` and `derived` for `make` and `derive`. */
  kind: Text,
  unit: Schema.optionalKey(Text),
  /** In Prometheus, where a metric without a description also has a help text. */
  help: Text,
  events: Texts,
  labels: Schema.Array(Label),
  /** What is measured. Absent: each event counts 1, its values are those of a label, or a user's function decides. */
  measures: Schema.optionalKey(Text),
  filter: Schema.Boolean,
  /** The other options of its constructor, including defaults. */
  settings: Schema.Record(Text, Schema.Json),
  /** The numbers that a hand-written metric shows before its first event, by the label `dimension`. */
  dimensions: Schema.optionalKey(Texts),
  exposed: Schema.Array(Exposed),
  /** The recording rules and panels generated for it. */
  rules: Texts,
  panels: Texts,
  /** The shape of its states, and what is measured in them, as hashes. */
  state: Schema.Struct({ shape: Text, measured: Text })
})
export type DescribedMetric = typeof DescribedMetric.Type

/** The metrics of a program as stored in a file. */
export const DescribedMetrics = Schema.Struct({
  /** The version of the format. */
  "mvx-metrics": Schema.Literal(1),
  metrics: Schema.Array(DescribedMetric)
})

export const describedMetric = (metric: Metric.Any): DescribedMetric => {
  const { description, instrument, name, reduce, sources, unit } = metric
  return {
    name,
    kind: instrument?.kind ?? (sources === undefined ? "own" : "derived"),
    ...(unit !== undefined && { unit }),
    help: helpOf({ name, description } as MetricData),
    events: Object.keys(reduce).sort(),
    labels: describedLabels(metric),
    ...(instrument?.value !== undefined &&
      instrument.kind !== "frequency" && { measures: sourceName(instrument.value) }),
    filter: instrument?.filter !== undefined,
    settings: settingsOf(metric),
    ...(instrument === undefined && { dimensions: dimensionsOf(metric) }),
    exposed: exposedOf(metric).map(({ data, family, sample }) => ({
      name: data.name,
      ...(data.unit !== undefined && { unit: data.unit }),
      sample,
      type: family.type,
      factor: scale(1, family.unit),
      ...boundsOf(metric, data, (boundary) => scale(boundary, family.unit))
    })),
    rules: recorded(metric).map(({ record }) => record),
    panels: panelsOf(metric).map(({ title }) => title),
    state: { shape: hash(JSON.stringify(shapeOf(metric))), measured: measuredBy(metric).hash }
  }
}

/** Represents a user's function. */
const AFunction = "a function of the event"

const sourceName = (source: Source): string => (typeof source === "string" ? `the field ${source}` : AFunction)

export const describedLabels = (metric: Metric.Any): ReadonlyArray<Label> => {
  const { events, instrument } = metric
  return instrument === undefined
    ? labelsOfMetric(metric).map((label) => ({ name: label, source: AFunction }))
    : labelsOf(instrument).map(([label, source]) => labelOf(label, source, instrument, events))
}

/** Exporters treat the values that a frequency counts as a label. */
export const labelsOf = ({ kind, labels, value }: Instrument): Instrument["labels"] =>
  kind === "frequency" && value !== undefined ? [...labels, ["value", value]] : labels

const labelOf = (name: string, source: Source, instrument: Instrument, events: Family): Label => {
  const values = labelValuesOf(source, instrument, events)
  return { name, source: sourceName(source), ...(values !== undefined && { values }) }
}

/** The possible values of an instrument's label, in the order of the schema; `undefined`: any. */
const labelValuesOf = (
  source: Source,
  { maxLabelLength, tags }: Instrument,
  events: Family
): ReadonlyArray<LabelValue> | undefined => {
  if (typeof source !== "string") return undefined
  const values = new Set<LabelValue>()
  for (const tag of tags) {
    const own = fieldValues(events, tag, source)
    if (own === undefined) return undefined
    for (const value of own) values.add(labelValue(value, maxLabelLength))
  }
  return [...values]
}

const settingsOf = ({ instrument, sources }: Metric.Any): DescribedMetric["settings"] => {
  if (instrument === undefined) {
    return sources === undefined ? {} : { from: mapValues(sources, (source) => `${source.name} ${idOf(source)}`) }
  }
  const { expireAfter, fromZero, maxLabelLength, maxSeries, settings } = instrument
  const all = { ...settings, maxSeries, maxLabelLength, expireAfter, fromZero }
  return JSON.parse(JSON.stringify(all, (_, value: unknown) => (typeof value === "function" ? AFunction : value)))
}

const idOf = (metric: Metric.Any): string => hash(JSON.stringify(fingerprint(metric)))

/** Nothing is known of a view that fails before the first event. */
const dimensionsOf = (metric: Metric.Any): ReadonlyArray<string> => {
  try {
    const data = metricData(metric, metric.view(metric.initial, 0))
    const paths = data.flatMap(({ points }) => points.map(({ attributes }) => String(attributes.dimension ?? "value")))
    return [...new Set(paths)].sort()
  } catch {
    return []
  }
}

const boundsOf = (
  metric: Metric.Any,
  data: MetricData,
  scaled: (boundary: number) => number
): { readonly le?: ReadonlyArray<number> } => {
  if (data.type === "exponentialHistogram") return { le: boundariesOf(data.grid).map(scaled) }
  if (data.type !== "histogram") return {}
  return { le: (metric.instrument!.settings as { readonly boundaries: ReadonlyArray<number> }).boundaries.map(scaled) }
}
