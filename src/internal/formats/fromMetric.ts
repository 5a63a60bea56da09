/**
 * From a definition and what it shows to the data of exporters.
 */
import type { Instrument, KindName } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { numbersOf } from "./handWritten.ts"
import { type Part, parts, type Shown, ValueAttribute } from "./instrumentParts.ts"
import { labelNames, withLabels } from "./labelNames.ts"
import { type Attributes, type MetricData, OverflowAttribute } from "./metricData.ts"

/** What is known of the data of a metric before there is any: all but the points. */
export const emptyData = (metric: Metric.Any): ReadonlyArray<MetricData> => {
  const { description, instrument, name, unit } = metric
  return instrument === undefined
    ? [{ name, description, unit, type: "gauge", points: [] }]
    : dataOf(metric, instrument.kind, [], instrument.settings)
}

/** The data of a metric that shows `dimensions`. `attributes` are added to those of each point. */
export const metricData = (
  metric: Metric.Any,
  dimensions: unknown,
  attributes: Attributes = {}
): ReadonlyArray<MetricData> => {
  const { description, instrument, name, unit } = metric
  if (instrument === undefined) {
    return [{ name, description, unit, type: "gauge", points: numbersOf(dimensions, attributes) }]
  }
  const shown = dimensions as Shown
  return dataOf(metric, instrument.kind, pointsOf(shown, instrument, attributes), shown)
}

const dataOf = (
  metric: Metric.Any,
  kind: KindName,
  points: ReadonlyArray<readonly [Attributes, Shown]>,
  frame: Shown
): ReadonlyArray<MetricData> =>
  parts[kind].map(({ data, help, suffix, unit }) => ({
    name: metric.name + suffix,
    description: described(metric.description, help),
    unit: unitOf(metric.unit, unit),
    ...data(points, frame, metric)
  }))

/** What is said of the metric, and then of this part. */
const described = (description: string | undefined, help: string | undefined): string | undefined => {
  const said = description?.trim() ?? ""
  if (help === undefined) return description
  return said === "" ? help : `${said}${/[.!?]$/.test(said) ? "" : "."} ${help}`
}

const unitOf = (unit: string | undefined, is: Part["unit"]): string | undefined => {
  if (is === "none") return undefined
  if (is === "1") return "1"
  return is === "per second" ? `${unit ?? "1"}/s` : unit
}

const pointsOf = (
  shown: Shown,
  instrument: Instrument,
  attributes: Attributes
): ReadonlyArray<readonly [Attributes, Shown]> => {
  if (instrument.labels.length === 0) return [[attributes, shown]]
  const names = namesOf(instrument)
  const series = (shown.series as ReadonlyArray<Shown>).map(
    (point) => [withLabels(attributes, point.labels, names), point] as const
  )
  return shown.overflow === undefined
    ? series
    : [...series, [{ ...attributes, [OverflowAttribute]: true }, shown.overflow]]
}

/** The names of the labels of an instrument beside the attributes of the library. */
export const namesOf = ({ kind, labels }: Instrument): ReadonlyMap<string, string> =>
  labelNames(
    labels.map(([label]) => label),
    kind === "frequency" ? [ValueAttribute] : []
  )
