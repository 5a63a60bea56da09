/** Converts a definition and what it shows to the data of exporters. */
import type { Instrument, KindName } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { StepSeries } from "../metric/instruments/view.ts"
import type { Steps } from "../util/steps.ts"
import { numbersOf } from "./handWritten.ts"
import { type Part, parts, type Shown, ValueAttribute } from "./instrumentParts.ts"
import { labelNames, withLabels } from "./labelNames.ts"
import { type Attributes, type MetricData, OverflowAttribute } from "./metricData.ts"

/** The data of a metric before there are points. */
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

/** The same as `metricData`, some series at a time. */
export function* metricDataSteps(
  metric: Metric.Any,
  dimensions: unknown,
  attributes: Attributes
): Steps<ReadonlyArray<MetricData>> {
  const hasSeries = metric.instrument !== undefined && metric.instrument.labels.length > 0
  const { overflow, series = [] } = hasSeries ? (dimensions as Labelled) : {}
  if (series.length <= StepSeries) return metricData(metric, dimensions, attributes)
  const points: Array<Array<MetricData["points"][number]>> = []
  for (let from = 0; ; from += StepSeries) {
    const to = from + StepSeries
    const isLast = to >= series.length
    const some = {
      ...(dimensions as Labelled),
      series: series.slice(from, to),
      overflow: isLast ? overflow : undefined
    }
    const data = metricData(metric, some, attributes)
    for (const [i, part] of data.entries()) {
      points[i] ??= []
      for (const point of part.points) points[i].push(point)
    }
    yield
    if (isLast) return data.map((part, i) => ({ ...part, points: points[i] }) as MetricData)
  }
}

/** What an instrument with labels shows. */
interface Labelled {
  readonly series?: ReadonlyArray<object>
  readonly overflow?: unknown
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

/** The description of the metric, followed by that of this part. */
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

/** The names of an instrument's labels that do not collide with attributes of the library. */
export const namesOf = ({ kind, labels }: Instrument): ReadonlyMap<string, string> =>
  labelNames(
    labels.map(([label]) => label),
    kind === "frequency" ? [ValueAttribute] : []
  )
