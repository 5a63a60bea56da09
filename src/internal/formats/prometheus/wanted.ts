import type * as Metric from "../../metric/definition/metric.ts"
import type { Selection } from "../../model/format.ts"
import { familyOf } from "../../naming/names.ts"
import { emptyData } from "../fromMetric.ts"

/** The names of the library's own metrics begin with it. */
const OwnNames = "mvx_metrics_"

/** Whether a metric is looked at in a scrape. What the library says of recorders is of all of their metrics. */
export const wantedBy = ({ names, selfMetrics = true }: Selection): ((metric: Metric.Any) => boolean) => {
  if (names === undefined || (selfMetrics && names.some((name) => name.startsWith(OwnNames)))) return () => true
  return (metric) => emptyData(metric).some((data) => familyOf(data).exposed.some((name) => names.includes(name)))
}
