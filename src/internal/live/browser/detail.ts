/**
 * The chosen metric: what it is, a chart of the last minutes, and a table of what it shows, a row for each series.
 */
import { format, shortened } from "../model/format.ts"
import { type History, Lookback, type MetricView, type Row } from "../model/history.ts"
import type { Chart as ChartOf, KindView } from "../model/kindViews.ts"
import { type LabelColumn, labelColumns } from "../model/labelColumns.ts"
import { metricProblems } from "../model/problems.ts"
import { Chart, clock } from "./chart.ts"
import { type DetailLine, DetailLines } from "./detailLines.ts"
import { attribute, Children, element, write, writeName } from "./dom.ts"
import { rove } from "./roving.ts"
import { keyOf, kindName } from "./views.ts"

/** Most rows of the table, the largest series: more would keep the browser busy, and nobody reads them. */
const MostRows = 200

type TableRow = {
  readonly row: Row
  readonly labels: ReadonlyArray<LabelColumn>
  readonly view: KindView
  readonly unit: string | undefined
}

export class Detail {
  readonly #root: HTMLElement
  readonly #title = element("h2")
  readonly #about = element("p", { class: "about" })
  readonly #facts = element("p", { class: "facts" })
  readonly #problem = element("p", { class: "error", hidden: true })
  readonly #charts = element("div", { class: "charts", role: "group", "aria-label": "What the chart shows" })
  readonly #legend = element("ul", { id: "legend", class: "legend", "aria-label": "Lines of the chart" })
  readonly #when = element("span", { class: "when" })
  readonly #head = element("tr")
  readonly #more = element("p", { class: "note", hidden: true })
  readonly #table: HTMLElement
  readonly #chart: Chart
  readonly #plot = element("div", { class: "plot", role: "img", "aria-describedby": "legend" })
  readonly #rows: Children<TableRow, HTMLTableRowElement>
  readonly #lines: Children<{ readonly line: DetailLine; readonly value: string }, HTMLLIElement>
  readonly #stops: ReadonlyArray<() => void>
  readonly #seconds: number
  readonly #shownLines = new DetailLines()
  #shown: { readonly view: MetricView; readonly history: History; readonly gone: boolean } | undefined
  #key = ""
  /** The name of the chart, and the row that it is of where it shows several traces of one. */
  #chosenChart: string | undefined
  #chosenRow: string | undefined
  #cursor: number | undefined

  /** `seconds`: for how long the chart has room. */
  constructor(root: HTMLElement, seconds: number) {
    this.#root = root
    this.#seconds = seconds
    const body = element("tbody")
    this.#table = element(
      "div",
      { class: "table", tabindex: "0", role: "region" },
      element("table", { role: "grid" }, element("thead", {}, this.#head), body)
    )
    this.#table.addEventListener("keydown", (event) => this.#onKey(event))
    root.append(
      element("div", { class: "detail-head" }, this.#title, this.#facts, this.#about, this.#problem),
      element("div", { class: "chart-head" }, this.#charts, this.#when),
      this.#plot,
      this.#legend,
      this.#table,
      this.#more
    )
    this.#stops = [rove(this.#charts), rove(this.#legend)]
    this.#chart = new Chart(this.#plot)
    this.#chart.onCursor((index) => {
      this.#cursor = index
      this.#draw()
    })
    this.#rows = new Children(
      body,
      ({ labels, row, view }) => {
        const made = element(
          "tr",
          {},
          // A header must have a text.
          ...labels.map(({ cell }) => (cell(row) === "" ? element("td") : element("th", { scope: "row" }))),
          ...view.columns.map(() => element("td"))
        )
        made.addEventListener("click", () => this.#chooseRow(this.#chosenRow === row.key ? undefined : row.key))
        return made
      },
      (made, item) => this.#fill(made, item)
    )
    this.#lines = new Children(
      this.#legend,
      ({ line }) => {
        const button = element("button", { type: "button", tabindex: "-1" }, element("span"), element("b"))
        button.addEventListener("click", () => {
          this.#shownLines.toggle(line.key)
          this.#draw()
        })
        return element("li", {}, button)
      },
      (made, { line, value }) => {
        const button = made.firstElementChild!
        attribute(button, "data-line", line.color)
        attribute(button, "aria-pressed", String(line.shown))
        write(button.firstElementChild!, line.label)
        write(button.lastElementChild!, value)
      }
    )
  }

  /** `gone`: it is no longer among the metrics, and shown as it was last. */
  show(view: MetricView, history: History, gone = false): void {
    const key = keyOf(view)
    if (key !== this.#key) {
      this.#key = key
      this.#chosenChart = undefined
      this.#chosenRow = undefined
      this.#shownLines.clear()
    }
    this.#shown = { view, history, gone }
    const { metric, recorderId } = view
    attribute(this.#root, "hidden", undefined)
    writeName(this.#title, metric.name)
    write(this.#about, shortened(metric.description ?? "", 400))
    const unit = metric.unit === undefined ? [] : [shortened(metric.unit.replace(/^\{(.*)\}$/, "$1"), 40)]
    write(this.#facts, [kindName(metric.kind), ...unit, shortened(recorderId, 120)].join(" · "))
    const problems = metricProblems(metric)
    const texts = problems.map(({ kind, text }) => `${kind === "quarantined" ? "Quarantined: it" : "It"} ${text}`)
    const last = gone ? ["No longer there: its recorder was removed, has failed or cannot be read."] : []
    write(this.#problem, [...last, ...texts].join("\n"))
    attribute(this.#problem, "hidden", texts.length === 0 && !gone)
    attribute(this.#problem, "data-problem", problems[0]?.kind ?? (gone ? "gone" : undefined))
    this.#draw()
  }

  /** What is shown, of which metric and since when it is no longer there. */
  get shown(): MetricView | undefined {
    return this.#shown?.view
  }

  hide(): void {
    this.#shown = undefined
    attribute(this.#root, "hidden", true)
  }

  #draw(): void {
    if (this.#shown === undefined) return
    const { history, view: shown } = this.#shown
    const { metric, view } = shown
    const rows = rowsOf(shown)
    for (const part of [this.#charts, this.#plot, this.#legend, this.#table]) {
      attribute(part, "hidden", view === undefined)
    }
    if (view === undefined) {
      this.#rows.show([])
      return
    }
    const chart = view.charts.find(({ name }) => name === this.#chosenChart) ?? view.charts[0]!
    this.#chooser(view, chart)
    const lines = this.#shownLines.of(shown, history, chart, this.#chosenRow)
    const unit = chart.traces[0]!.unit
    const lately = chart.traces.some((trace) => trace.lately) ? `over ${Lookback} s` : ""
    this.#chart.show({
      title: [metric.name, chart.name, lately].filter((part) => part !== "").join(", "),
      times: history.times,
      lines: lines.filter((line) => line.shown),
      unit,
      metricUnit: metric.unit,
      seconds: this.#seconds
    })
    const at = this.#cursor ?? history.times.length - 1
    write(this.#when, this.#cursor === undefined ? lately : clock(history.times[at] ?? 0))
    this.#lines.show(lines.map((line) => [line.key, { line, value: format(line.values[at], unit, metric.unit) }]))
    const labels = labelColumns(rows)
    const names = [...labels.map(({ name }) => name), ...view.columns.map(({ name }) => name)]
    this.#columns(names, labels.length)
    attribute(this.#table, "aria-label", `Values of ${shortened(metric.name, 120)}`)
    const signature = JSON.stringify([this.#key, names])
    this.#rows.show(rows.map((row) => [`${signature} ${row.key}`, { row, labels, view, unit: metric.unit }]))
    const { series } = (metric.dimensions ?? {}) as { readonly series?: ReadonlyArray<unknown> }
    const sent = Array.isArray(series) ? series.length : 0
    const beyond = metric.seriesCount - sent + shown.rows.length - rows.length
    write(this.#more, beyond > 0 ? `${format(beyond, "count")} smaller series are not shown.` : "")
    attribute(this.#more, "hidden", beyond <= 0)
    for (const stop of this.#stops) stop()
  }

  #chooser(view: KindView, chosen: ChartOf): void {
    const names = view.charts.map(({ name }) => name)
    if (this.#charts.dataset.names !== names.join("\n")) {
      this.#charts.dataset.names = names.join("\n")
      this.#charts.replaceChildren(
        ...names.map((name) => {
          const button = element("button", { type: "button", tabindex: "-1" }, name)
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

  #chooseRow(row: string | undefined): void {
    this.#chosenRow = row
    const { history, view } = this.#shown!
    if (row !== undefined) history.follow(view.recorderId, view.metric.name, row)
    this.#draw()
  }

  /** Arrow keys in the table choose a row, Escape none. */
  #onKey(event: KeyboardEvent): void {
    const rows = this.#shown === undefined ? [] : rowsOf(this.#shown.view)
    const at = rows.findIndex(({ key }) => key === this.#chosenRow)
    const next = { ArrowDown: Math.min(at + 1, rows.length - 1), ArrowUp: Math.max(at - 1, 0), Escape: -1 }[event.key]
    if (next === undefined) return
    event.preventDefault()
    event.stopPropagation()
    this.#chooseRow(rows[next]?.key)
    this.#root.querySelector("[aria-selected]")?.scrollIntoView({ block: "nearest" })
  }

  #columns(names: ReadonlyArray<string>, labels: number): void {
    const signature = JSON.stringify([names, labels])
    if (this.#head.dataset.names === signature) return
    this.#head.dataset.names = signature
    this.#head.replaceChildren(
      ...names.map((name, index) => {
        const cell = element("th", { scope: "col", class: index < labels ? "label" : "" })
        write(cell, shortened(name, 60))
        return cell
      })
    )
  }

  #fill(made: HTMLTableRowElement, { labels, row, unit, view }: TableRow): void {
    const cells = [
      ...labels.map(({ cell }) => shortened(cell(row), 160)),
      ...view.columns.map(({ cell, unit: of }) => shortened(format(cell(row.point), of, unit), 80))
    ]
    for (const [index, text] of cells.entries()) write(made.cells[index]!, text)
    attribute(made, "class", row.labels.length === 0 ? "all" : row.overflow === true ? "beyond" : undefined)
    attribute(made, "aria-selected", this.#chosenRow === row.key ? "true" : undefined)
  }
}

const rowsOf = ({ rows }: MetricView): ReadonlyArray<Row> =>
  rows.filter(({ overflow }, index) => index < MostRows || overflow === true)
