/**
 * What metrics show, as tables of text.
 */
import { format } from "../internal/live/format.ts"
import { viewOf } from "../internal/live/kindViews.ts"
import { labelColumns } from "../internal/live/labelColumns.ts"
import type { LiveMetric } from "../internal/live/liveModel.ts"
import { pointRows } from "../internal/live/points.ts"
import { metricProblems } from "../internal/live/problems.ts"
import { harmless } from "./harmless.ts"
import { widthOf } from "./width.ts"

/** The lines of a metric: its name, and a row for each series. */
export const tableOf = (metric: LiveMetric): ReadonlyArray<string> => {
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
