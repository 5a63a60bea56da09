/** The rows of a metric on the live page and in the terminal: one for each series, with the point that it shows. */
import type { LiveKind, LiveMetric } from "./update.ts"

// biome-ignore lint/suspicious/noExplicitAny: what a point shows is known by the kind of its metric.
export type Point = any

export interface PointRow {
  /** The same row has the same key in all updates. */
  readonly key: string
  /** What distinguishes it from the other rows; empty for the total. */
  readonly labels: ReadonlyArray<readonly [name: string, value: string]>
  readonly point: Point
  /** It is the overflow series: everything beyond the cardinality limit. */
  readonly overflow?: true
}

/** The kinds whose largest series come first. Others go up and down. */
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

/** The maximum number of values of a frequency, and of numbers of a hand-written metric, that are shown. */
const MostRows = 200

/** Separates the rows that combine others (all series, or those beyond the limit) from the rest. */
export const partitioned = <Row extends PointRow>(
  rows: ReadonlyArray<Row>
): { readonly aggregates: ReadonlyArray<Row>; readonly single: ReadonlyArray<Row> } => {
  const most = rows.reduce((count, row) => (row.overflow === true ? count : Math.max(count, row.labels.length)), 0)
  const isSingle = (row: Row): boolean => row.overflow !== true && row.labels.length === most
  return { aggregates: rows.filter((row) => !isSingle(row)), single: rows.filter(isSingle) }
}

export const pointRows = (metric: LiveMetric): ReadonlyArray<PointRow> => {
  const { dimensions, kind } = metric
  if (kind === "custom" || kind === "derived") return leaves(dimensions).slice(0, MostRows)
  const rows = seriesRows(metric, dimensions as Point)
  if (counts.has(kind)) rows.sort((left, right) => rank(right) - rank(left))
  return kind === "frequency" ? rows.flatMap(byValue).slice(0, MostRows) : rows
}

type Labels = ReadonlyArray<readonly [name: string, value: unknown]>

/** Different labels may have the same text, `1` and `"1"`. The key distinguishes them. */
const row = (labels: Labels, point: Point, overflow = false): PointRow => ({
  key: JSON.stringify(overflow ? ["overflow", labels] : labels),
  labels: labels.map(([name, value]) => [name, text(value)]),
  point,
  ...(overflow && { overflow: true as const })
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
        labels.map((label) => [label, each.labels[label]]),
        { ...each, ...frame }
      )
    ),
    ...(overflow === undefined ? [] : [row([["", BeyondTheLimit]], { ...overflow, ...frame }, true)])
  ]
}

const BeyondTheLimit = "beyond the limit"

const byValue = ({ key, labels, overflow, point }: PointRow): ReadonlyArray<PointRow> => {
  const of = (name: string, value: string, count: number, others: boolean): PointRow => ({
    key: JSON.stringify([key, name, value]),
    labels: [...labels, [name, value]],
    point: { count },
    ...((others || overflow === true) && { overflow: true as const })
  })
  return [
    ...Object.entries(point.counts as { readonly [value: string]: number })
      .sort(([, left], [, right]) => right - left)
      .map(([value, count]) => of("value", value, count, false)),
    ...(point.others === undefined ? [] : [of("", "others", point.others, true)])
  ]
}

/** The numbers in what a hand-written metric shows, each by its path, or in `series` by its labels. */
const leaves = (
  value: unknown,
  labels: Labels = [],
  path: ReadonlyArray<string> = [],
  beyond = false
): ReadonlyArray<PointRow> => {
  if (typeof value !== "object" || value === null) {
    const named = path.length === 0 || (path.length === 1 && path[0] === "value")
    const made = row(named ? labels : [...labels, ["", path.join(".")]], { value }, beyond)
    return [{ ...made, key: JSON.stringify([made.key, ...path]) }]
  }
  const { series } = value as { readonly series?: unknown }
  return Object.entries(value).flatMap(([key, each]) => {
    if (key === "series" && isSeries(each)) {
      return each.flatMap(({ labels: own, ...point }) =>
        leaves(point, [...labels, ...Object.entries(own)], path, beyond)
      )
    }
    if (key === "overflow" && isSeries(series) && overflowOf(value) !== undefined) {
      const { examples: _examples, label, values: _values, ...point } = each
      return leaves(point, [...labels, [Object.keys(series[0]?.labels ?? {})[0] ?? label, BeyondTheLimit]], path, true)
    }
    return leaves(each, labels, [...path, key], beyond)
  })
}

const isSeries = (value: unknown): value is ReadonlyArray<{ readonly labels: object }> =>
  Array.isArray(value) &&
  value.every(
    (each) => typeof each === "object" && each !== null && typeof each.labels === "object" && each.labels !== null
  )

const text = (label: unknown): string => (label === null || label === undefined ? "–" : String(label))

interface OverflowShown {
  readonly label: string
  readonly values: number
  readonly examples: ReadonlyArray<unknown>
}

/**
 * What a metric shows of the series over its cardinality limit. Metrics without an instrument may show anything under
 * that name, so its form decides.
 */
export const overflowOf = (dimensions: unknown): OverflowShown | undefined => {
  const { overflow } = (dimensions ?? {}) as { readonly overflow?: Partial<OverflowShown> | null }
  return typeof overflow?.label === "string" && typeof overflow.values === "number" && Array.isArray(overflow.examples)
    ? (overflow as OverflowShown)
    : undefined
}

// --- columns

/** A column of labels, which distinguish the rows of a metric. */
export interface LabelColumn {
  readonly name: string
  readonly cell: (row: PointRow) => string
}

/** A row can have two labels of one name: one of the metric, and the values that a frequency counts. */
const keysOf = ({ labels }: PointRow): ReadonlyArray<string> =>
  labels.map(([name], index) => {
    const before = labels.slice(0, index).filter(([other]) => other === name).length
    return JSON.stringify([name, before])
  })

export const labelColumns = (rows: ReadonlyArray<PointRow>): ReadonlyArray<LabelColumn> => {
  const names = new Map<string, string>()
  const unnamed = JSON.stringify(["", 0])
  for (const row of rows) {
    for (const [index, key] of keysOf(row).entries()) names.set(key, row.labels[index]![0])
  }
  // The field of a hand-written metric comes last; the overflow series needs no column of its own.
  if (names.delete(unnamed) && rows.some((row) => row.overflow !== true && keysOf(row).includes(unnamed))) {
    names.set(unnamed, "field")
  }
  if (names.size === 0 && rows.some(({ overflow }) => overflow === true)) names.set(unnamed, "series")
  const columns = [...names.keys()]
  return [...names].map(([key, name]) => ({
    name,
    cell: (row) => {
      const keys = keysOf(row)
      const at = keys.indexOf(key)
      if (at >= 0) return row.labels[at]![1]
      if (key !== columns.find((each) => !keys.includes(each))) return ""
      if (row.labels.length === 0) return "all"
      return row.overflow === true ? (row.labels.find(([label]) => label === "")?.[1] ?? "") : ""
    }
  }))
}
