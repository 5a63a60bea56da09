/** The lines of a metric's chart, their colours, and which of them are drawn. */
import { shortened } from "../model/format.ts"
import type { History, MetricView, Row } from "../model/history.ts"
import type { Chart, Trace } from "../model/kindViews.ts"
import { partitioned } from "../model/points.ts"
import { type ChartLine, Colors } from "./chart.ts"

export interface DetailLine extends ChartLine {
  readonly key: string
  readonly shown: boolean
}

export class DetailLines {
  readonly #toggled = new Set<string>()
  readonly #colors = new Map<string, number>()

  /** For another metric. */
  clear(): void {
    this.#toggled.clear()
    this.#colors.clear()
  }

  toggle(key: string): void {
    if (!this.#toggled.delete(key)) this.#toggled.add(key)
  }

  /** Several traces of one row, or one trace of the first rows. `row`: the key of the only row to show. */
  of(view: MetricView, history: History, { name, traces }: Chart, row: string | undefined): ReadonlyArray<DetailLine> {
    const { metric, recorderId, rows } = view
    const chosen = rows.find(({ key }) => key === row)
    const values = (of: Row, trace: Trace) => history.traceOfHour(recorderId, metric.name, of.key, trace)
    if (traces.length > 1) {
      const of = chosen ?? rows[0]
      if (of === undefined) return []
      return traces.map((trace, index) =>
        this.#line([name, trace.name], true, {
          label: trace.name,
          values: values(of, trace),
          color: String(index),
          dashed: false
        })
      )
    }
    const trace = traces[0]!
    // Totals are far above the others, which would be flat on their scale, so totals are drawn only on request.
    const parts = chosen === undefined ? partitioned(rows) : { aggregates: [], single: [chosen] }
    const aggregates = parts.aggregates.slice(0, 2)
    const single = parts.single.filter(({ point }) => typeof point.value !== "string").slice(0, Colors)
    this.#recolor(single)
    const line = (each: Row, byDefault: boolean, color: string, dashed: boolean): DetailLine =>
      this.#line([name, each.key], byDefault, { label: labelOf(each), values: values(each, trace), color, dashed })
    return [
      ...single.map((each) => line(each, true, String(this.#colors.get(each.key)), false)),
      ...aggregates.map((each) => line(each, single.length === 0, each.overflow === true ? "beyond" : "all", true))
    ]
  }

  #line(keys: ReadonlyArray<string>, byDefault: boolean, line: ChartLine): DetailLine {
    const key = JSON.stringify(keys)
    return { ...line, key, label: shortened(line.label, 80), shown: byDefault !== this.#toggled.has(key) }
  }

  /** A row keeps its colour while it is drawn. */
  #recolor(rows: ReadonlyArray<Row>): void {
    const keys = new Set(rows.map(({ key }) => key))
    if (rows.length > 1) for (const key of this.#colors.keys()) if (!keys.has(key)) this.#colors.delete(key)
    for (const key of keys) {
      if (this.#colors.has(key)) continue
      const taken = new Set(this.#colors.values())
      const free = Array.from({ length: Colors }, (_, color) => color).find((color) => !taken.has(color))
      this.#colors.set(key, free ?? 0)
    }
  }
}

const labelOf = ({ labels }: Row): string =>
  labels.length === 0 ? "all" : labels.map(([name, value]) => (name === "" ? value : `${name}=${value}`)).join(" ")
