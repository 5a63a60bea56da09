/** The selected metric: its description, a chart of the last minutes, and a table with a row for each series. */
import { format, shortened } from "../model/format.ts"
import { type History, Lookback, type MetricView } from "../model/history.ts"
import type { Chart as ChartOf, KindView } from "../model/kindViews.ts"
import { metricProblems } from "../model/problems.ts"
import { change, meanOf } from "../model/ranges.ts"
import { Chart, clock } from "./chart.ts"
import { ChartTools, comparisons } from "./chartTools.ts"
import { DataTable } from "./dataTable.ts"
import { type DetailLine, DetailLines } from "./detailLines.ts"
import { attribute, Children, element, remade, write, writeName } from "./dom.ts"
import { inRange } from "./inRange.ts"
import { PromQL } from "./promql.ts"
import { rove } from "./roving.ts"
import { SeriesTable } from "./seriesTable.ts"
import { keyOf, kindName } from "./views.ts"

export class Detail {
  readonly #root: HTMLElement
  readonly #title = element("h2")
  readonly #about = element("p", { class: "about" })
  readonly #facts = element("p", { class: "facts" })
  readonly #problem = element("p", { class: "error", hidden: true })
  readonly #charts = element("div", { class: "charts", role: "group", "aria-label": "What the chart shows" })
  readonly #legend = element("ul", { id: "legend", class: "legend", "aria-label": "Lines of the chart" })
  readonly #when = element("span", { class: "when" })
  readonly #more = element("p", { class: "note", hidden: true })
  readonly #chart: Chart
  readonly #plot = element("div", { class: "plot", role: "img", "aria-describedby": "legend" })
  readonly #data = new DataTable()
  readonly #promql = new PromQL()
  readonly #tools = new ChartTools(() => this.#draw(), this.#promql.toggle)
  readonly #series = new SeriesTable((row) => this.#chooseRow(row))
  readonly #lines: Children<{ readonly line: DetailLine; readonly value: string }, HTMLLIElement>
  readonly #stops: ReadonlyArray<() => void>
  readonly #shownLines = new DetailLines()
  #shown: { readonly view: MetricView; readonly history: History; readonly gone: boolean } | undefined
  #key = ""
  /** The name of the chart, and its row if it shows several traces of one row. */
  #chosenChart: string | undefined
  #chosenRow: string | undefined
  #cursor: number | undefined

  constructor(root: HTMLElement) {
    this.#root = root
    root.append(
      element("div", { class: "detail-head" }, this.#title, this.#facts, this.#about, this.#problem),
      element("div", { class: "chart-head" }, this.#charts, this.#when),
      this.#tools.element,
      this.#promql.element,
      this.#plot,
      this.#data.element,
      this.#legend,
      this.#series.element,
      this.#more
    )
    this.#stops = [rove(this.#charts), rove(this.#legend)]
    this.#chart = new Chart(this.#plot, (index) => {
      this.#cursor = index
      this.#draw()
    })
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
        const button = made.firstElementChild as HTMLElement
        attribute(button, "data-line", line.color)
        button.style.setProperty("--line", `var(--line-${line.color})`)
        attribute(button, "aria-pressed", String(line.shown))
        write(button.firstElementChild!, line.label)
        write(button.lastElementChild!, value)
      }
    )
  }

  /** `gone`: the metric no longer exists, and is shown as it was last. */
  show(view: MetricView, history: History, gone = false): void {
    const key = keyOf(view)
    if (key !== this.#key) {
      this.#key = key
      this.#chosenChart = undefined
      this.#chosenRow = undefined
      this.#shownLines.clear()
    }
    this.#shown = { view, history, gone }
    this.#promql.show(view.recorderId, view.metric.name)
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

  /** The metric that is shown, and since when it no longer exists. */
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
    const { choice } = this.#tools
    for (const part of [this.#charts, this.#tools.element, this.#legend]) {
      attribute(part, "hidden", view === undefined)
    }
    attribute(this.#plot, "hidden", view === undefined || choice.asTable)
    this.#data.hide(view === undefined || !choice.asTable)
    const without = this.#series.show(shown, history, this.#chosenRow)
    if (view === undefined) return
    const chart = view.charts.find(({ name }) => name === this.#chosenChart) ?? view.charts[0]!
    this.#chooser(view, chart)
    const all = this.#shownLines.of(shown, history, chart, this.#chosenRow)
    const { unit } = chart.traces[0]!
    const lately = chart.traces.some((trace) => trace.lately) ? `over ${Lookback} s` : ""
    const compared = choice.back === 0 ? "" : (comparisons.find(([, seconds]) => seconds === choice.back)?.[0] ?? "")
    const drawn = inRange(
      history.hour,
      all.filter((line) => line.shown),
      choice,
      compared,
      history.times[0]
    )
    const title = [metric.name, chart.name, lately, compared === "" ? "" : `compared with ${compared}`]
    const data = {
      title: title.filter((part) => part !== "").join(", "),
      times: drawn.times,
      lines: drawn.lines,
      unit: choice.scale === "own" ? ("ratio" as const) : unit,
      metricUnit: metric.unit
    }
    if (choice.asTable) this.#data.show(data)
    else this.#chart.show({ ...data, seconds: choice.range, scale: choice.scale })
    this.#showLegend(all, unit, lately, drawn.first)
    const { series } = (metric.dimensions ?? {}) as { readonly series?: ReadonlyArray<unknown> }
    const sent = Array.isArray(series) ? series.length : 0
    const beyond = metric.seriesCount - sent + without
    write(this.#more, beyond > 0 ? `${format(beyond, "count")} smaller series are not shown.` : "")
    attribute(this.#more, "hidden", beyond <= 0)
    for (const stop of this.#stops) stop()
  }

  /**
   * The values at the pointer, or current ones; for two ranges, their means. `first`: the first update of the range.
   */
  #showLegend(lines: ReadonlyArray<DetailLine>, unit: KindView["spark"]["unit"], lately: string, first: number): void {
    const { history, view } = this.#shown!
    const { hour: times } = history
    const fine = history.times[0]
    const { back, range } = this.#tools.choice
    const at = this.#cursor === undefined ? times.length - 1 : first + this.#cursor
    const to = times.at(-1) ?? 0
    const shown = (value: number | null | undefined): string => format(value, unit, view.metric.unit)
    write(this.#when, this.#cursor !== undefined ? clock(times[at] ?? 0) : back > 0 ? "mean of both ranges" : lately)
    this.#lines.show(
      lines.map((line) => {
        if (back === 0 || this.#cursor !== undefined) return [line.key, { line, value: shown(line.values[at]) }]
        const now = meanOf(times, line.values, to - range, to, fine)
        const before = meanOf(times, line.values, to - range - back, to - back, fine)
        return [line.key, { line, value: `${shown(now)}, was ${shown(before)} ${change(now, before)}`.trim() }]
      })
    )
  }

  #chooser(view: KindView, chosen: ChartOf): void {
    const names = view.charts.map(({ name }) => name)
    remade(this.#charts, names, (name) => {
      const button = element("button", { type: "button", tabindex: "-1" }, name)
      button.addEventListener("click", () => {
        this.#chosenChart = name
        this.#draw()
      })
      return button
    })
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
}
