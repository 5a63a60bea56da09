/**
 * What metrics show, as tables of text.
 */
import { format } from "../internal/live/format.ts"
import { viewOf } from "../internal/live/kindViews.ts"
import type { LiveMetric } from "../internal/live/liveModel.ts"
import { pointRows } from "../internal/live/points.ts"
import { harmless } from "./harmless.ts"

/** The lines of a metric: its name, and a row for each series. */
export const tableOf = (metric: LiveMetric): ReadonlyArray<string> => {
  const rows = pointRows(metric)
  const { quarantine } = metric
  const head = [
    metric.name,
    ...(quarantine === undefined ? [] : [`  quarantined, ${quarantine.missed} events missed: ${quarantine.error}`])
  ].map(harmless)
  const [first] = rows
  if (first === undefined) return head
  const { columns } = viewOf(metric.kind, first.point)
  const labels = [...new Set(rows.flatMap((row) => row.labels.map(([name]) => name)))]
  const table = [
    [...labels, ...columns.map(({ name }) => name)],
    ...rows.map((row) => [
      ...labels.map((name, i) => {
        const [, value] = row.labels.find(([label]) => label === name) ?? []
        return harmless(value ?? (row.labels.length === 0 && i === 0 ? "all" : ""))
      }),
      ...columns.map(({ cell, unit }) => harmless(format(cell(row.point), unit, metric.unit)))
    ])
  ]
  const widths = table[0]!.map((_, i) => Math.max(...table.map((cells) => Array.from(cells[i]!).length)))
  return [
    ...head,
    ...table.map((cells) => {
      const padded = cells.map((cell, i) => (i < labels.length ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      return `  ${padded.join("  ")}`.trimEnd()
    })
  ]
}
