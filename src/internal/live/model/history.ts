/**
 * What a live view remembers of the updates it was given: the traces of the rows of all metrics, over the last minutes.
 */
import { type KindView, type Trace, viewOf } from "./kindViews.ts"
import { type Point, type PointRow, pointRows } from "./points.ts"
import type { LiveData, LiveMetric } from "./update.ts"

/** Rows of a metric that are remembered, beside what is beyond the limit; the page shows the values of all. */
const TracedRows = 20

/** After so many seconds without an update there is a gap. */
const Gap = 10

/** Over how many updates, which are a second each, what came lately is measured. */
export const Lookback = 5

interface Past {
  /** The last few points, the oldest first. */
  readonly points: Array<{ readonly at: number; readonly point: Point }>
  /** By the name of the chart and of its trace: a value for each update, the oldest first. */
  readonly traces: Map<string, Array<number | null>>
  /** The update that it was last part of. */
  seen: number
}

export interface Row extends PointRow {
  /** What is traced of the row now. */
  readonly now: (trace: Trace) => number | null
}

export interface MetricView {
  readonly recorderId: string
  readonly metric: LiveMetric
  readonly view: KindView | undefined
  readonly rows: ReadonlyArray<Row>
}

export class History {
  /** When the updates were, in seconds since the Unix epoch, the oldest first. */
  readonly times: Array<number> = []
  readonly #length: number
  readonly #past = new Map<string, Past>()
  readonly #followed = new Set<string>()
  #updates = 0

  /** `length`: how many updates it remembers. */
  constructor(length: number) {
    this.#length = length
  }

  /** Takes an update, and returns its view. */
  add({ at, recorders }: LiveData): ReadonlyArray<MetricView> {
    const last = this.times.at(-1) ?? at / 1000
    // The clock of the server was set back, or it is another server: nothing of before has a place on the axis.
    if (at / 1000 < last) this.#forget()
    else if (at / 1000 - last > Gap) this.#skip(at / 1000 - 1)
    this.#updates++
    this.#time(at / 1000)
    const views = recorders.flatMap(({ metrics, recorderId }) =>
      metrics.map((metric) => this.#metric(recorderId, metric, at))
    )
    for (const [key, past] of this.#past) {
      if (past.seen === this.#updates) continue
      if (this.#updates - past.seen > this.#length) this.#past.delete(key)
      else for (const values of past.traces.values()) this.#push(values, null)
    }
    return views
  }

  /** From now on a row is traced, wherever it stands among the others. */
  follow(recorderId: string, metric: string, row: string): void {
    this.#followed.add(keyOf(recorderId, metric, row))
  }

  #time(seconds: number): void {
    this.times.push(seconds)
    if (this.times.length > this.#length) this.times.shift()
  }

  #forget(): void {
    this.times.length = 0
    this.#past.clear()
  }

  /** A moment without values. */
  #skip(seconds: number): void {
    this.#time(seconds)
    for (const { traces } of this.#past.values()) for (const values of traces.values()) this.#push(values, null)
  }

  /** What was traced of a row, a value for each of `times`. */
  trace(recorderId: string, metric: string, row: string, trace: Trace): ReadonlyArray<number | null> {
    const values = this.#past.get(keyOf(recorderId, metric, row))?.traces.get(nameOf(trace)) ?? []
    return [...new Array<null>(this.times.length - values.length).fill(null), ...values]
  }

  #metric(recorderId: string, metric: LiveMetric, at: number): MetricView {
    const rows = pointRows(metric)
    const view = rows[0] === undefined ? undefined : viewOf(metric.kind, rows[0].point)
    return {
      recorderId,
      metric,
      view,
      rows: rows.map((row, index) => {
        const key = keyOf(recorderId, metric.name, row.key)
        const isTraced = index < TracedRows || row.overflow === true || this.#followed.has(key)
        return view === undefined || !isTraced ? { ...row, now: () => null } : this.#row(key, row, view, at)
      })
    }
  }

  #row(key: string, row: PointRow, view: KindView, at: number): Row {
    const past: Past = this.#past.get(key) ?? { points: [], traces: new Map(), seen: 0 }
    this.#past.set(key, past)
    past.seen = this.#updates
    const before = past.points[0]
    const current = new Map<string, number | null>()
    for (const trace of [view.spark, ...view.charts.flatMap(({ traces }) => traces)]) {
      const name = nameOf(trace)
      if (current.has(name)) continue
      const value = trace.at(row.point, before?.point, before === undefined ? 0 : (at - before.at) / 1000)
      current.set(name, value)
      const values = past.traces.get(name) ?? []
      past.traces.set(name, values)
      this.#push(values, value)
    }
    past.points.push({ at, point: row.point })
    if (past.points.length > Lookback) past.points.shift()
    return { ...row, now: (trace) => current.get(nameOf(trace)) ?? null }
  }

  #push(values: Array<number | null>, value: number | null): void {
    values.push(value)
    if (values.length > this.#length) values.shift()
  }
}

const nameOf = ({ name, unit }: Trace): string => `${name} ${unit}`

const keyOf = (recorderId: string, metric: string, row: string): string => JSON.stringify([recorderId, metric, row])
