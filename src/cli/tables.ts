/** What metrics show, as text tables. */
import { format } from "../internal/live/model/format.ts"
import { viewOf } from "../internal/live/model/kindViews.ts"
import { labelColumns, pointRows } from "../internal/live/model/points.ts"
import { metricProblems } from "../internal/live/model/problems.ts"
import type { LiveMetric } from "../internal/live/model/update.ts"
import { liveMetric } from "../internal/live/server/readRuntime.ts"
import type * as Metric from "../Metric.ts"
import type { Snapshots } from "../Snapshot.ts"
import { harmless } from "./escapeControls.ts"
import { widthOf } from "./width.ts"

/** A table for each metric among the snapshots. */
export const tablesOf = (metrics: ReadonlyArray<Metric.Any>, snapshots: Snapshots): ReadonlyArray<string> =>
  metrics.flatMap((metric) => {
    const snapshot = snapshots[metric.name]
    return snapshot === undefined ? [] : [tableOf(liveMetric(metric, snapshot, Number.MAX_SAFE_INTEGER)).join("\n")]
  })

/** The lines of a metric: its name, and a row for each series. */
const tableOf = (metric: LiveMetric): ReadonlyArray<string> => {
  const rows = pointRows(metric)
  const problems = metricProblems(metric).map(({ kind, text }) => `  ${kind}, ${text}`)
  const head = [metric.name, ...problems].map(harmless)
  const [first] = rows
  if (first === undefined) return head
  const { columns } = viewOf(metric.kind, first.point)
  const labels = labelColumns(rows)
  const table = [
    [...labels, ...columns].map(({ name }) => harmless(name)),
    ...rows.map((row) => [
      ...labels.map(({ cell }) => harmless(cell(row))),
      ...columns.map(({ cell, unit }) => harmless(format(cell(row.point), unit, metric.unit)))
    ])
  ]
  const widths = table[0]!.map((_, i) => table.reduce((most, cells) => Math.max(most, widthOf(cells[i]!)), 0))
  return [
    ...head,
    ...table.map((cells) => {
      const padded = cells.map((cell, i) => {
        const space = " ".repeat(widths[i]! - widthOf(cell))
        return i < labels.length ? cell + space : space + cell
      })
      return `  ${padded.join("  ")}`.trimEnd()
    })
  ]
}
