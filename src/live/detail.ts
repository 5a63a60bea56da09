/**
 * The chosen metric: what it is, a chart of the last minutes, and a table of what it shows, a row for each series.
 */
import { format } from "../internal/live/format.ts"
import { type History, Lookback, type MetricView, type Row } from "../internal/live/history.ts"
import type { Chart as ChartOf, Column, KindView } from "../internal/live/kindViews.ts"
import { Chart, type ChartLine, Colors, clock } from "./chart.ts"
import { attribute, Children, element, write, writeName } from "./dom.ts"
import { keyOf, kindName } from "./overview.ts"

type TableRow = { readonly row: Row; readonly view: KindView; readonly unit: string | undefined }

export class Detail {
  readonly #root: HTMLElement
  readonly #title = element("h2")
  readonly #about = element("p", { class: "about" })
  readonly #facts = element("p", { class: "facts" })
  readonly #problem = element("p", { class: "error", hidden: true })
  readonly #charts = element("div", { class: "charts", role: "group", "aria-label": "What the chart shows" })
  readonly #legend = element("ul", { class: "legend" })
  readonly #when = element("span", { class: "when" })
  readonly #head = element("tr")
  readonly #more = element("p", { class: "note", hidden: true })
  readonly #chart: Chart
  readonly #plot = element("div", { class: "plot" })
  readonly #rows: Children<TableRow, HTMLTableRowElement>
  readonly #lines: Children<{ readonly line: ChartLine; readonly value: string }, HTMLLIElement>
  readonly #seconds: number
  #shown: { readonly view: MetricView; readonly history: History } | undefined
  #key = ""
  /** The name of the chart, and the row that it is of where it shows several traces of one. */
  #chosenChart: string | undefined
  #chosenRow: string | undefined
  #cursor: number | undefined
  readonly #colors = new Map<string, number>()

  /** `seconds`: for how long the chart has room. */
  constructor(root: HTMLElement, seconds: number) {
    this.#root = root
    this.#seconds = seconds
    const body = element("tbody")
    const table = element(
      "div",
      { class: "table", tabindex: "0", role: "region", "aria-label": "What the metric shows" },
      element("table", { role: "grid" }, element("thead", {}, this.#head), body)
    )
    table.addEventListener("keydown", (event) => this.#onKey(event))
    root.append(
      element("div", { class: "detail-head" }, this.#title, this.#facts, this.#about, this.#problem),
      element("div", { class: "chart-head" }, this.#charts, this.#when),
      this.#plot,
      this.#legend,
      table,
      this.#more
    )
    this.#chart = new Chart(this.#plot)
    this.#chart.onCursor((index) => {
      this.#cursor = index
      this.#draw()
    })
    this.#rows = new Children(
      body,
      ({ row }) => {
        const made = element("tr")
        made.addEventListener("click", () => this.#chooseRow(this.#chosenRow === row.key ? undefined : row.key))
        return made
      },
      (made, { row, unit, view }) => this.#fill(made, row, view, unit)
    )
    this.#lines = new Children(
      this.#legend,
      ({ line }) => element("li", { "data-line": String(line.color) }, element("span"), element("b")),
      (made, { line, value }) => {
        write(made.firstElementChild!, line.label)
        write(made.lastElementChild!, value)
      }
    )
  }

  show(view: MetricView, history: History): void {
    const key = keyOf(view)
    if (key !== this.#key) {
      this.#key = key
      this.#chosenChart = undefined
      this.#chosenRow = undefined
      this.#colors.clear()
    }
    this.#shown = { view, history }
    const { metric, recorderId } = view
    attribute(this.#root, "hidden", undefined)
    writeName(this.#title, metric.name)
    write(this.#about, metric.description ?? "")
    const unit = metric.unit === undefined ? [] : [metric.unit.replace(/^\{(.*)\}$/, "$1")]
    write(this.#facts, [kindName(metric.kind), ...unit, recorderId].join(" · "))
    const problems = problemsOf(view)
    write(this.#problem, problems.join("\n"))
    attribute(this.#problem, "hidden", problems.length === 0)
    attribute(this.#problem, "data-problem", metric.quarantine === undefined ? "overflow" : "quarantined")
    this.#draw()
  }

  hide(): void {
    this.#shown = undefined
    attribute(this.#root, "hidden", true)
  }

  #draw(): void {
    if (this.#shown === undefined) return
    const { history, view: shown } = this.#shown
    const { metric, rows, view } = shown
    if (view === undefined) {
      this.#rows.show([])
      return
    }
    const chart = view.charts.find(({ name }) => name === this.#chosenChart) ?? view.charts[0]!
    this.#chooser(view, chart)
    const lines = this.#linesOf(shown, history, chart)
    const unit = chart.traces[0]!.unit
    this.#chart.show({ times: history.times, lines, unit, metricUnit: metric.unit, seconds: this.#seconds })
    const at = this.#cursor ?? history.times.length - 1
    const lately = chart.traces.some((trace) => trace.lately) ? `over ${Lookback} s` : ""
    write(this.#when, this.#cursor === undefined ? lately : clock(history.times[at] ?? 0))
    this.#lines.show(
      lines.map((line) => [`${line.color} ${line.label}`, { line, value: format(line.values[at], unit, metric.unit) }])
    )
    this.#columns(view, rows)
    this.#rows.show(rows.map((row) => [`${this.#key} ${row.key}`, { row, view, unit: metric.unit }]))
    const beyond = metric.seriesCount - rows.filter(({ labels }) => labels.length > 0).length
    write(this.#more, beyond > 0 ? `${format(beyond, "count")} smaller series are not shown.` : "")
    attribute(this.#more, "hidden", beyond <= 0)
  }

  #chooser(view: KindView, chosen: ChartOf): void {
    const names = view.charts.map(({ name }) => name)
    if (this.#charts.dataset.names !== names.join("\n")) {
      this.#charts.dataset.names = names.join("\n")
      this.#charts.replaceChildren(
        ...names.map((name) => {
          const button = element("button", { type: "button" }, name)
          button.addEventListener("click", () => {
            this.#chosenChart = name
            this.#draw()
          })
          return button
        })
      )
    }
    for (const button of this.#charts.children) {
      attribute(button, "aria-pressed", String(button.textContent === chosen.name))
    }
  }

  /** Several traces of one row, or one trace of the first rows. */
  #linesOf({ metric, recorderId, rows }: MetricView, history: History, chart: ChartOf): ReadonlyArray<ChartLine> {
    const chosen = rows.find(({ key }) => key === this.#chosenRow)
    const values = (row: Row, trace: ChartOf["traces"][number]) =>
      history.trace(recorderId, metric.name, row.key, trace)
    if (chart.traces.length > 1) {
      const row = chosen ?? rows[0]
      if (row === undefined) return []
      return chart.traces.map((trace, color) => ({ label: trace.name, values: values(row, trace), color }))
    }
    const trace = chart.traces[0]!
    const shown = chosen === undefined ? rows.slice(0, Colors) : [chosen]
    return shown.map((row) => ({
      label: labelOf(row),
      values: values(row, trace),
      color: this.#colorOf(row.key)
    }))
  }

  /** A row keeps its colour while its metric is shown. */
  #colorOf(row: string): number {
    const color = this.#colors.get(row) ?? this.#colors.size % Colors
    this.#colors.set(row, color)
    return color
  }

  #chooseRow(row: string | undefined): void {
    this.#chosenRow = row
    this.#draw()
  }

  /** Arrow keys in the table choose a row, Escape none. */
  #onKey(event: KeyboardEvent): void {
    const rows = this.#shown?.view.rows ?? []
    const at = rows.findIndex(({ key }) => key === this.#chosenRow)
    const next = { ArrowDown: Math.min(at + 1, rows.length - 1), ArrowUp: Math.max(at - 1, 0), Escape: -1 }[event.key]
    if (next === undefined) return
    event.preventDefault()
    event.stopPropagation()
    this.#chooseRow(rows[next]?.key)
    this.#root.querySelector("[aria-selected]")?.scrollIntoView({ block: "nearest" })
  }

  #columns(view: KindView, rows: ReadonlyArray<Row>): void {
    const labels = labelNames(rows)
    const names = [...labels, ...view.columns.map(({ name }) => name)]
    if (this.#head.dataset.names === names.join("\n")) return
    this.#head.dataset.names = names.join("\n")
    this.#head.replaceChildren(
      ...names.map((name, index) => element("th", { scope: "col", class: index < labels.length ? "label" : "" }, name))
    )
  }

  #fill(made: HTMLTableRowElement, row: Row, view: KindView, unit: string | undefined): void {
    const rows = this.#shown!.view.rows
    const labels = labelNames(rows)
    const cells = [
      ...labels.map(
        (name, index) =>
          row.labels.find(([label]) => label === name)?.[1] ?? (row.labels.length === 0 && index === 0 ? "all" : "")
      ),
      ...view.columns.map((column) => cellOf(column, row, unit))
    ]
    while (made.cells.length < cells.length) {
      made.append(element(made.cells.length < labels.length ? "th" : "td", { scope: "row" }))
    }
    while (made.cells.length > cells.length) made.cells[made.cells.length - 1]!.remove()
    for (const [index, text] of cells.entries()) write(made.cells[index]!, text)
    attribute(made, "class", row.labels.length === 0 ? "all" : row.overflow === true ? "beyond" : undefined)
    attribute(made, "aria-selected", this.#chosenRow === row.key ? "true" : undefined)
  }
}

const cellOf = (column: Column, row: Row, unit: string | undefined): string =>
  format(column.cell(row.point), column.unit, unit)

const labelNames = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => [
  ...new Set(rows.flatMap(({ labels }) => labels.map(([name]) => name)))
]

const labelOf = ({ labels }: Row): string =>
  labels.length === 0 ? "all" : labels.map(([name, value]) => (name === "" ? value : `${name}=${value}`)).join(" ")

const problemsOf = ({ metric }: MetricView): ReadonlyArray<string> => {
  const { overflow, rejected } = (metric.dimensions ?? {}) as {
    readonly overflow?: { readonly label: string; readonly values: number; readonly examples: ReadonlyArray<unknown> }
    readonly rejected?: number
  }
  const { quarantine } = metric
  return [
    ...(quarantine === undefined
      ? []
      : [
          `Taken out of service: ${quarantine.error}. It has missed ${format(quarantine.missed, "count")} events since.`
        ]),
    ...(overflow?.label === undefined
      ? []
      : [
          `More series than its cap: the label “${overflow.label}” has ${format(overflow.values, "count")} values, such as ${overflow.examples.map(String).join(", ")}.`
        ]),
    ...(rejected === undefined ? [] : [`${format(rejected, "count")} measurements were none and left out.`])
  ]
}
