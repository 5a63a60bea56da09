/**
 * The queries of a metric's panels, for use without a dashboard: for one recorder, with Grafana's variables replaced.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { chosen, lately, panelsOf } from "./panels.ts"

interface Query {
  /** What it shows. */
  readonly title: string
  /** In PromQL. */
  readonly expr: string
}

/** A label value as a PromQL string. */
const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`

export const queriesOf = (metric: Metric.Any, namespace: string, recorderId: string): ReadonlyArray<Query> => {
  const place = `namespace=${quoted(namespace)},recorder=${quoted(recorderId)}`
  return panelsOf(metric).flatMap(({ targets, title }) =>
    targets.map(({ expr, legendFormat }) => ({
      title: [title, ...(/ (\S+)$/.exec(legendFormat.replaceAll(/\{\{.*?\}\}/g, "").trimEnd())?.slice(1) ?? [])].join(
        ", "
      ),
      expr: expr.replaceAll(chosen, () => place).replaceAll(lately, "[5m]")
    }))
  )
}
