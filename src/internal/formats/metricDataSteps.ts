import type * as Metric from "../metric/definition/metric.ts"
import { StepSeries } from "../metric/instruments/view.ts"
import type { Steps } from "../util/steps.ts"
import { metricData } from "./fromMetric.ts"
import type { Attributes, MetricData } from "./metricData.ts"

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
