/**
 * How each kind of metric is shown to people: the columns of its table, its traces over time, and the traces in a
 * chart. Traces show the last seconds, because totals since the start hardly change.
 */

import type { Point } from "./points.ts"
import { type Bucket, bucketsOf, exponentialBucketsOf, quantileOf, since } from "./quantiles.ts"
import type { LiveKind } from "./update.ts"

/** `value`: in the unit of the metric; `level`: that, or a time; `rate`: it per second; `events`: events per second. */
export type Unit = "value" | "level" | "rate" | "count" | "events" | "ratio"

interface Column {
  readonly name: string
  readonly unit: Unit
  readonly cell: (point: Point) => unknown
}

export interface Trace {
  readonly name: string
  readonly unit: Unit
  /** Whether it shows recent activity. */
  readonly lately: boolean
  /** `seconds` passed from `before` to `now`. `null`: there is nothing to show. */
  readonly at: (now: Point, before: Point | undefined, seconds: number) => number | null
}

/** One trace for many rows, or several traces for one row. */
export interface Chart {
  readonly name: string
  readonly traces: ReadonlyArray<Trace>
}

export interface KindView {
  readonly columns: ReadonlyArray<Column>
  /** The first is shown by default. */
  readonly charts: ReadonlyArray<Chart>
  /** Represents a row where there is room for one number and one trace. */
  readonly headline: Column
  readonly spark: Trace
}

const numeric = (value: unknown): number | null =>
  typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null

const field = (name: string, unit: Unit = "value", key = name): Column => ({ name, unit, cell: (point) => point[key] })

const level = ({ cell, name, unit }: Column): Trace => ({
  name,
  unit,
  lately: false,
  at: (now) => numeric(cell(now))
})

/** The increase per second. A value that has decreased was reset. */
const growth = ({ cell }: Column, unit: Unit): Trace => ({
  name: "per second",
  unit,
  lately: true,
  at: (now, before, seconds) => {
    const [to, from] = [numeric(cell(now)), before === undefined ? null : numeric(cell(before))]
    if (to === null || from === null || seconds <= 0) return null
    return (to >= from ? to - from : to) / seconds
  }
})

/** The recent increase of one field divided by that of another. */
const quotient = (name: string, unit: Unit, above: string, below: string): Trace => ({
  name,
  unit,
  lately: true,
  at: (now, before) => {
    const from = before === undefined || now[below] < before[below] ? { [above]: 0, [below]: 0 } : before
    const count = now[below] - from[below]
    return count === 0 ? null : (now[above] - from[above]) / count
  }
})

const chart = (name: string, ...traces: ReadonlyArray<Trace>): Chart => ({ name, traces })

const leveled = (...columns: readonly [Column, ...ReadonlyArray<Column>]): KindView => ({
  columns,
  charts: columns.map((column) => chart(column.name, level(column))),
  headline: columns[0],
  spark: level(columns[0])
})

const counted = (column: Column, unit: Unit, name: string): KindView => {
  const perSecond = growth(column, unit)
  return {
    columns: [column],
    charts: [chart("per second", perSecond), chart(name, level(column))],
    headline: column,
    spark: perSecond
  }
}

const count = field("count", "count")
const events = growth(count, "events")
const quantiles = [0.5, 0.9, 0.99] as const
const mean: Column = { name: "mean", unit: "value", cell: ({ count, sum }) => (count === 0 ? null : sum / count) }

const distribution = (of: (point: Point) => ReadonlyArray<Bucket>): KindView => {
  const columns = quantiles.map(
    (quantile): Column => ({
      name: `p${quantile * 100}`,
      unit: "value",
      cell: (point) => quantileOf(of(point), quantile)
    })
  )
  const recent = quantiles.map(
    (quantile): Trace => ({
      name: `p${quantile * 100}`,
      unit: "value",
      lately: true,
      at: (now, before) => quantileOf(before === undefined ? of(now) : since(of(now), of(before)), quantile)
    })
  )
  return {
    columns: [count, mean, ...columns, field("max")],
    charts: [chart("quantiles", ...recent), chart("per second", events)],
    headline: columns[1]!,
    spark: recent[1]!
  }
}

const quantileNames = (point: Point): ReadonlyArray<string> =>
  Object.keys(point.quantiles).sort((left, right) => Number(left) - Number(right))

const quantileColumn = (index: number): Column => ({
  name: `quantile ${index}`,
  unit: "value",
  cell: (point) => point.quantiles[quantileNames(point)[index]!]
})

/** The quantiles of a summary are those that its definition names. */
const summaryView = (point: Point): KindView => {
  const columns = quantileNames(point).map((name, index) => ({
    ...quantileColumn(index),
    name: `p${Number((Number(name) * 100).toPrecision(12))}`
  }))
  const headline = columns[Math.floor(columns.length / 2)] ?? mean
  return {
    columns: [count, mean, ...columns],
    charts: [...(columns.length === 0 ? [] : [chart("quantiles", ...columns.map(level))]), chart("per second", events)],
    headline,
    spark: level(headline)
  }
}

const averageNow = quotient("average", "value", "sum", "count")
const ratioNow = quotient("ratio", "ratio", "hits", "total")
const own = field("value")

const views: { readonly [K in Exclude<LiveKind, "summary">]: KindView } = {
  average: {
    columns: [field("average"), count, field("sum")],
    charts: [chart("average", averageNow), chart("per second", events)],
    headline: field("average"),
    spark: averageNow
  },
  counter: counted(field("total", "value", "value"), "rate", "total"),
  custom: { ...leveled(own), charts: [chart("value", level(own)), chart("per second", growth(own, "rate"))] },
  derived: leveled(own),
  distinct: leveled(field("estimate", "count")),
  exponentialHistogram: distribution(exponentialBucketsOf),
  frequency: counted(count, "events", "count"),
  gauge: leveled(field("value", "level")),
  histogram: distribution(bucketsOf),
  minMax: {
    columns: [field("min"), field("max"), count],
    charts: [chart("extremes", level(field("min")), level(field("max")))],
    headline: field("max"),
    spark: level(field("max"))
  },
  rate: leveled(field("per second", "rate", "perSecond")),
  ratio: {
    columns: [field("ratio", "ratio"), field("hits", "count"), field("total", "count")],
    charts: [chart("ratio", ratioNow), chart("per second", growth(field("total", "count"), "events"))],
    headline: field("ratio", "ratio"),
    spark: ratioNow
  },
  upDownCounter: leveled(field("value")),
  window: {
    columns: [field("average"), field("min"), field("max"), count, field("sum")],
    charts: [
      chart("average, least, greatest", level(field("average")), level(field("min")), level(field("max"))),
      chart("count", level(count))
    ],
    headline: field("average"),
    spark: level(field("average"))
  }
}

/** `point`: one of the points that the metric shows. */
export const viewOf = (kind: LiveKind, point: Point): KindView =>
  kind === "summary" ? summaryView(point) : views[kind]
