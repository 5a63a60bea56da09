/**
 * The rows of a metric on the live page and in the terminal: one for each series, with the point that it shows.
 */
import type { LiveKind, LiveMetric } from "./liveModel.ts"

// biome-ignore lint/suspicious/noExplicitAny: what a point shows is known by the kind of its metric.
export type Point = any

export interface PointRow {
  /** The same row has the same key in all updates. */
  readonly key: string
  /** What tells it from the other rows; empty for all of them together. */
  readonly labels: ReadonlyArray<readonly [name: string, value: string]>
  readonly point: Point
  /** It holds everything beyond the cap on series. */
  readonly overflow?: true
}

/** Of these kinds the largest series come first. Others go up and down. */
const counts: ReadonlySet<LiveKind> = new Set([
  "average",
  "counter",
  "exponentialHistogram",
  "histogram",
  "ratio",
  "summary"
])

const rank = ({ labels, overflow, point }: PointRow): number => {
  if (labels.length === 0) return Number.MAX_VALUE
  return overflow === true ? -1 : (point.count ?? point.total ?? point.value)
}

/** Most values of a frequency, and most numbers of a metric of one's own, that are shown. */
const MostRows = 200

export const pointRows = (metric: LiveMetric): ReadonlyArray<PointRow> => {
  const { dimensions, kind } = metric
  if (kind === "custom" || kind === "derived") return leaves(dimensions).slice(0, MostRows)
  const rows = seriesRows(metric, dimensions as Point)
  if (counts.has(kind)) rows.sort((left, right) => rank(right) - rank(left))
  return kind === "frequency" ? rows.flatMap(byValue).slice(0, MostRows) : rows
}

const row = (labels: PointRow["labels"], point: Point, more: Partial<PointRow> = {}): PointRow => ({
  key: JSON.stringify(labels),
  labels,
  point,
  ...more
})

const seriesRows = ({ labels }: LiveMetric, dimensions: Point): Array<PointRow> => {
  const { boundaries, overflow, rejected: _rejected, series, ...all } = dimensions
  const frame = boundaries === undefined ? {} : { boundaries }
  const total = Object.keys(all).length === 0 ? [] : [row([], { ...all, ...frame })]
  if (labels.length === 0) return total
  return [
    ...total,
    ...(series as ReadonlyArray<Point>).map((each) =>
      row(
        labels.map((label) => [label, text(each.labels[label])] as const),
        { ...each, ...frame }
      )
    ),
    ...(overflow === undefined ? [] : [row([["", "beyond the cap"]], { ...overflow, ...frame }, { overflow: true })])
  ]
}

const byValue = ({ labels, point }: PointRow): ReadonlyArray<PointRow> => [
  ...Object.entries(point.counts as { readonly [value: string]: number })
    .sort(([, left], [, right]) => right - left)
    .map(([value, count]) => row([...labels, ["value", value]], { count })),
  ...(point.others === undefined ? [] : [row([...labels, ["", "others"]], { count: point.others }, { overflow: true })])
]

/** What stands in what a metric of one's own shows, each by its path; in `series`, by its labels. */
const leaves = (
  value: unknown,
  labels: PointRow["labels"] = [],
  path: ReadonlyArray<string> = []
): ReadonlyArray<PointRow> => {
  if (typeof value !== "object" || value === null) {
    const named = path.length === 0 || (path.length === 1 && path[0] === "value")
    return [row(named ? labels : [...labels, ["", path.join(".")]], { value })]
  }
  return Object.entries(value).flatMap(([key, each]) => {
    if (key !== "series" || !isSeries(each)) return leaves(each, labels, [...path, key])
    return each.flatMap(({ labels: own, ...point }) =>
      leaves(point, [...labels, ...Object.entries(own).map(([name, label]) => [name, text(label)] as const)], path)
    )
  })
}

const isSeries = (value: unknown): value is ReadonlyArray<{ readonly labels: object }> =>
  Array.isArray(value) &&
  value.every(
    (each) => typeof each === "object" && each !== null && typeof each.labels === "object" && each.labels !== null
  )

const text = (label: unknown): string => (label === null || label === undefined ? "–" : String(label))
