/**
 * The text filter: all words have to be in what a metric says of itself.
 */
import type { MetricView } from "../model/history.ts"
import type { LiveRecorder } from "../model/update.ts"

export const wordsOf = (text: string): ReadonlyArray<string> => text.toLowerCase().split(/\s+/).filter(Boolean)

/** Whether the recorder itself passes, whatever its metrics are. */
export const matchesRecorder = (words: ReadonlyArray<string>, { entityId, recorderId }: LiveRecorder): boolean =>
  words.every((word) => `${recorderId}\n${entityId}`.toLowerCase().includes(word))

export const matches = (words: ReadonlyArray<string>, { metric, recorderId, rows }: MetricView): boolean => {
  if (words.length === 0) return true
  const labels = rows.flatMap((row) => row.labels.map(([name, value]) => `${name}=${value}`))
  const text = [recorderId, metric.name, metric.description ?? "", metric.kind, metric.unit ?? "", ...labels]
    .join("\n")
    .toLowerCase()
  return words.every((word) => text.includes(word))
}
