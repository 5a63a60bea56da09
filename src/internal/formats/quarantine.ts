/**
 * The condition of a recorder's metrics, as data of exporters like any other: which are quarantined, which exceed their
 * cardinality limit, which measurements they rejected.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { Quarantine } from "../metric/definition/snapshot.ts"
import type { Attributes, MetricData, NumberPoint } from "./metricData.ts"
import { type Family, family, selfDataOf } from "./recorderAttribute.ts"

/** For all metrics of a recorder: the number in each condition. */
const counted: ReadonlyArray<readonly [family: Family, holds: (condition: Condition) => boolean]> = [
  [family("metrics.registered", "{metric}", false, "Registered metrics."), () => true],
  [
    family("metrics.quarantined", "{metric}", false, "Quarantined metrics: their reducer or their view threw."),
    ({ quarantine }) => quarantine !== undefined
  ],
  [
    family("metrics.overflowing", "{metric}", false, "Metrics over their cardinality limit."),
    (condition) => remark(condition, "overflow") !== undefined
  ]
]

/** For each metric, if it applies. */
const told: ReadonlyArray<readonly [family: Family, of: (condition: Condition) => unknown]> = [
  [
    family("events.missed", "{event}", true, "Events that a quarantined metric missed."),
    ({ quarantine }) => quarantine?.missed
  ],
  [
    family("measurements.rejected", "{measurement}", true, "Measurements not finite, or negative for a counter."),
    (condition) => remark(condition, "rejected")
  ],
  [
    family("series.cut", "{series}", false, "Series with a label value that was cut because it was too long."),
    (condition) => remark(condition, "cut")
  ]
]

/** A metric of a recorder, and its condition. */
export interface Condition {
  readonly metric: Metric.Any
  readonly dimensions: unknown
  readonly quarantine: Quarantine | undefined
}

/** The condition of the metrics of one recorder. `attributes` are those of the recorder. */
export const conditionData = (metrics: ReadonlyArray<Condition>, attributes: Attributes): ReadonlyArray<MetricData> => [
  ...countsData(metrics, attributes),
  ...toldData(metrics, attributes)
]

/** The number of metrics, and how many of them have a problem. */
export const countsData = (metrics: ReadonlyArray<Condition>, attributes: Attributes): ReadonlyArray<MetricData> =>
  counted.map(([family, holds]) => selfDataOf(family, [{ attributes, value: metrics.filter(holds).length }]))

const toldData = (metrics: ReadonlyArray<Condition>, attributes: Attributes): ReadonlyArray<MetricData> =>
  told.map(([family, of]) =>
    selfDataOf(
      family,
      metrics.flatMap((condition): ReadonlyArray<NumberPoint> => {
        const value = of(condition)
        return typeof value === "number"
          ? [{ attributes: { ...attributes, metric: condition.metric.name }, value }]
          : []
      })
    )
  )

/** What one metric did not take, over the lifetime of the metric. */
export const missedData = (condition: Condition, attributes: Attributes): ReadonlyArray<MetricData> =>
  toldData([condition], attributes).filter(({ points }) => points.length > 0)

/** What an instrument shows in addition to its points. Other metrics may show anything under these names. */
const remark = ({ dimensions, metric }: Condition, name: "overflow" | "rejected" | "cut"): unknown =>
  metric.instrument === undefined ? undefined : (dimensions as { readonly [name: string]: unknown } | undefined)?.[name]
