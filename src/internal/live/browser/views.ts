/** An update in the page's form: recorders, each with its metrics. */
import { type MetricView, metricKey } from "../model/history.ts"
import type { Problem } from "../model/problems.ts"
import type { LiveRecorder } from "../model/update.ts"

export interface RecorderView {
  readonly recorder: LiveRecorder
  /** How many events it has accepted in the last second. */
  readonly acceptedPerSecond: number
  readonly metrics: ReadonlyArray<MetricView>
  readonly problems: ReadonlyArray<Problem>
}

export const keyOf = ({ metric, recorderId }: MetricView): string => metricKey(recorderId, metric.name)

const kindNames: { readonly [kind: string]: string } = {
  upDownCounter: "up-down counter",
  exponentialHistogram: "exponential histogram",
  minMax: "least and greatest",
  distinct: "distinct values",
  custom: "own metric",
  derived: "computed from others"
}

export const kindName = (kind: string): string => kindNames[kind] ?? kind
