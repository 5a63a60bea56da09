/**
 * What a live view remembers of the updates it was given: the traces of the rows of all metrics, over the last minutes.
 */
import { type KindView, type Trace, viewOf } from "./kindViews.ts"
import { type Point, type PointRow, pointRows } from "./points.ts"
import type { LiveData, LiveMetric, LiveRecorder } from "./update.ts"

/**
 * The number of rows of a metric that are remembered, in addition to the overflow series. The page shows the values of
 * all.
 */
const TracedRows = 20

/** How many of them also keep means: a chart has lines for these, and one for the total. */
const ChartedRows = 9

/** The number of updates per mean, and the number of means kept: those of an hour, at one update per second. */
export const MeanOf = 10
const MostMeans = 360

/** After this many seconds without an update there is a gap. */
const Gap = 10

/** The number of updates, one per second, over which recent activity is measured. */
export const Lookback = 5

interface Past {
  /** The last few points, the oldest first. */
  readonly points: Array<{ readonly at: number; readonly point: Point }>
  /** By the name of the chart and of its trace: the value of update `n` is at `n` modulo the length, `NaN` for none. */
  readonly traces: Map<string, Float64Array>
  /** By the same names: the mean of the updates up to `n * MeanOf` is at `n` modulo their number. */
  readonly means: Map<string, Float64Array>
  isCharted: boolean
  /** The last update that included it. */
  seen: number
}

export interface Row extends PointRow {
  /** The current values of the row's traces. */
  readonly now: (trace: Trace) => number | null
}

export interface MetricView {
  readonly recorderId: string
  readonly metric: LiveMetric
  readonly view: KindView | undefined
  readonly rows: ReadonlyArray<Row>
}

export class History {
  /** The times of the updates, in seconds since the Unix epoch, the oldest first. */
  readonly times: Array<number> = []
  readonly #length: number
  /** By recorder, metric and row. */
  readonly #past = new Map<string, Map<string, Past>>()
  readonly #followed = new Set<string>()
  /** The time of the last update in each mean, at the same indexes. */
  readonly #meanTimes = new Float64Array(MostMeans).fill(Number.NaN)
  /** The number of the mean that ends with the previous update. */
  #block: number | undefined
  #updates = 0
  #at = 0

  /** `length`: how many updates it remembers. */
  constructor(length: number) {
    this.#length = length
  }

  /** Takes an update, and returns its view. */
  add({ at, recorders }: LiveData): ReadonlyArray<MetricView> {
    this.begin(at)
    const views = recorders.flatMap((recorder) => this.read(recorder))
    this.end()
    return views
  }

  /** Starts an update. Each of its recorders must then be read, and the update ended. */
  begin(at: number): void {
    const last = this.times.at(-1) ?? at / 1000
    // The clock of the server was set back, or it is another server: earlier data has no place on the axis.
    if (at / 1000 < last) this.#forget()
    else if (at / 1000 - last > Gap) {
      // A moment without values.
      this.#time(at / 1000 - 1)
      this.end()
    }
    this.#at = at
    this.#time(at / 1000)
  }

  read({ metrics, recorderId }: LiveRecorder): ReadonlyArray<MetricView> {
    return metrics.map((metric) => this.#metric(recorderId, metric))
  }

  end(): void {
    const slot = this.#updates % this.#length
    for (const [metric, rows] of this.#past) {
      for (const [key, past] of rows) {
        if (past.seen === this.#updates) continue
        this.#mean(past)
        if (this.#updates - past.seen > this.#length) rows.delete(key)
        else for (const values of past.traces.values()) values[slot] = Number.NaN
      }
      if (rows.size === 0) this.#past.delete(metric)
    }
  }

  /** From now on a row is traced, whatever its rank. */
  follow(recorderId: string, metric: string, row: string): void {
    this.#followed.add(JSON.stringify([recorderId, metric, row]))
  }

  #time(seconds: number): void {
    this.#updates++
    this.times.push(seconds)
    if (this.times.length > this.#length) this.times.shift()
    const before = this.#updates - 1
    this.#block = before > 0 && before % MeanOf === 0 && this.#length > MeanOf ? before / MeanOf : undefined
    if (this.#block !== undefined) this.#meanTimes[this.#block % MostMeans] = this.times.at(-2) ?? Number.NaN
  }

  /**
   * Computes the mean of the previous updates, if it is due. Done row by row, as rows are read, because all rows at
   * once would take too long.
   */
  #mean({ isCharted, means, traces }: Past): void {
    const block = this.#block
    if (block === undefined) return
    for (const [name, values] of traces) {
      const known = means.get(name)
      if (known === undefined && !isCharted) continue
      const own = known ?? new Float64Array(MostMeans).fill(Number.NaN)
      means.set(name, own)
      own[block % MostMeans] = isCharted ? this.#meanIn(values, block) : Number.NaN
    }
  }

  #meanIn(values: Float64Array, block: number): number {
    let [sum, count] = [0, 0]
    for (let update = block * MeanOf; update > (block - 1) * MeanOf; update--) {
      const value = values[update % this.#length]!
      if (Number.isNaN(value)) continue
      sum += value
      count++
    }
    return count === 0 ? Number.NaN : sum / count
  }

  /** The indexes of means older than `times`, the oldest first. */
  #old(): ReadonlyArray<number> {
    const last = Math.floor((this.#updates - 1) / MeanOf)
    const first = Math.max(1, last - MostMeans + 1)
    const slots = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) % MostMeans)
    return slots.filter((slot) => this.#meanTimes[slot]! < (this.times[0] ?? 0))
  }

  /** `times`, preceded by the times of the means of the last hour. */
  get hour(): ReadonlyArray<number> {
    return [...this.#old().map((slot) => this.#meanTimes[slot]!), ...this.times]
  }

  /** The trace of a row, with a value for each entry of `hour`. */
  traceOfHour(recorderId: string, metric: string, row: string, trace: Trace): ReadonlyArray<number | null> {
    const means = this.#past.get(metricKey(recorderId, metric))?.get(row)?.means.get(nameOf(trace))
    const old = this.#old().map((slot) => means?.[slot] ?? Number.NaN)
    return [...old.map((mean) => (Number.isNaN(mean) ? null : mean)), ...this.trace(recorderId, metric, row, trace)]
  }

  #forget(): void {
    this.times.length = 0
    this.#meanTimes.fill(Number.NaN)
    this.#past.clear()
  }

  /** The trace of a row, with a value for each entry of `times`. */
  trace(recorderId: string, metric: string, row: string, trace: Trace): ReadonlyArray<number | null> {
    const past = this.#past.get(metricKey(recorderId, metric))?.get(row)
    const values = past?.traces.get(nameOf(trace))
    const first = this.#updates - this.times.length + 1
    return this.times.map((_, index) => {
      const update = first + index
      // A row that was not read yet still has an old value there.
      const value = update === this.#updates && past?.seen !== update ? undefined : values?.[update % this.#length]
      return value === undefined || Number.isNaN(value) ? null : value
    })
  }

  #metric(recorderId: string, metric: LiveMetric): MetricView {
    const rows = pointRows(metric)
    const view = rows[0] === undefined ? undefined : viewOf(metric.kind, rows[0].point)
    const isFollowed = ({ key }: PointRow): boolean =>
      this.#followed.size > 0 && this.#followed.has(JSON.stringify([recorderId, metric.name, key]))
    const key = metricKey(recorderId, metric.name)
    const past = this.#past.get(key) ?? new Map<string, Past>()
    this.#past.set(key, past)
    return {
      recorderId,
      metric,
      view,
      rows: rows.map((row, index) => {
        const isNamed = row.overflow === true || isFollowed(row)
        return view !== undefined && (index < TracedRows || isNamed)
          ? this.#row(past, row, view, index < ChartedRows || isNamed)
          : { ...row, now: () => null }
      })
    }
  }

  #row(rows: Map<string, Past>, row: PointRow, view: KindView, isCharted: boolean): Row {
    const past: Past = rows.get(row.key) ?? { points: [], traces: new Map(), means: new Map(), isCharted, seen: 0 }
    rows.set(row.key, past)
    this.#mean(past)
    past.isCharted = isCharted
    past.seen = this.#updates
    const before = past.points[0]
    const seconds = before === undefined ? 0 : (this.#at - before.at) / 1000
    const traced = tracesOf(view)
    const current = traced.map(([name, trace]) => {
      const value = trace.at(row.point, before?.point, seconds)
      const values = past.traces.get(name) ?? new Float64Array(this.#length).fill(Number.NaN)
      past.traces.set(name, values)
      values[this.#updates % this.#length] = value ?? Number.NaN
      return value
    })
    past.points.push({ at: this.#at, point: row.point })
    if (past.points.length > Lookback) past.points.shift()
    return { ...row, now: (trace) => current[traced.findIndex(([name]) => name === nameOf(trace))] ?? null }
  }
}

type Traced = ReadonlyArray<readonly [name: string, trace: Trace]>

const traced = new WeakMap<KindView, Traced>()

/** The traces of a view by name, each once. */
const tracesOf = (view: KindView): Traced => {
  const known = traced.get(view)
  if (known !== undefined) return known
  const all = [view.spark, ...view.charts.flatMap((chart) => chart.traces)]
  const made = [...new Map(all.map((trace) => [nameOf(trace), trace]))]
  traced.set(view, made)
  return made
}

const nameOf = ({ name, unit }: Trace): string => `${name} ${unit}`

/** The key of a metric, which is the same in all updates. */
export const metricKey = (recorderId: string, metric: string): string => JSON.stringify([recorderId, metric])
