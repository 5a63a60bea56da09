/**
 * What a metric shows, with a row for each series, and sparklines of all series on one scale. A row can be selected.
 */
import { format, shortened } from "../model/format.ts"
import type { History, MetricView, Row } from "../model/history.ts"
import type { KindView } from "../model/kindViews.ts"
import { type LabelColumn, labelColumns, partitioned } from "../model/points.ts"
import { attribute, Children, columnHead, element, remade, write } from "./dom.ts"
import { Sparkline } from "./sparkline.ts"
import { keyOf } from "./views.ts"

/** The maximum number of rows, which show the largest series. More would keep the browser busy without being read. */
const MostRows = 200

interface TableRow {
  readonly row: Row
  readonly labels: ReadonlyArray<LabelColumn>
  readonly view: KindView
  readonly unit: string | undefined
  readonly trend: ReadonlyArray<number | null> | undefined
  readonly top: number
}

export class SeriesTable {
  readonly element: HTMLElement
  readonly #choose: (row: string | undefined) => void
  readonly #head = element("tr")
  readonly #rows: Children<TableRow, HTMLTableRowElement>
  readonly #sparks = new WeakMap<Element, Sparkline>()
  #shown: ReadonlyArray<Row> = []
  #chosen: string | undefined

  constructor(choose: (row: string | undefined) => void) {
    this.#choose = choose
    const body = element("tbody")
    this.element = element(
      "div",
      { class: "table", tabindex: "0", role: "region" },
      element("table", { role: "grid" }, element("thead", {}, this.#head), body)
    )
    this.element.addEventListener("keydown", (event) => this.#onKey(event))
    this.#rows = new Children(
      body,
      (item) => this.#make(item),
      (made, item) => this.#fill(made, item)
    )
  }

  /** `chosen`: the key of the selected row. Returns how many rows do not fit. */
  show(shown: MetricView, history: History, chosen: string | undefined): number {
    const { metric, recorderId, rows: all, view } = shown
    this.#chosen = chosen
    this.#shown = all.filter(({ overflow }, index) => index < MostRows || overflow === true)
    attribute(this.element, "hidden", view === undefined)
    if (view === undefined) {
      this.#rows.show([])
      return 0
    }
    const labels = labelColumns(this.#shown)
    const names = [...labels.map(({ name }) => name), "trend", ...view.columns.map(({ name }) => name)]
    const classOf = (at: number): string => (at < labels.length ? "label" : at === labels.length ? "trend" : "")
    const columns = JSON.stringify([names, labels.length])
    remade(this.#head, names, (name, at) => columnHead(name, classOf(at)), columns)
    attribute(this.element.firstElementChild!, "data-wide", view.columns.length > 3)
    attribute(this.element, "aria-label", `Values of ${shortened(metric.name, 120)}`)
    const { single } = partitioned(this.#shown)
    // There is nothing to compare it with.
    attribute(this.element.firstElementChild!, "data-alone", single.length < 2)
    const trends = new Map(
      single.map(({ key }) => [key, history.trace(recorderId, metric.name, key, view.spark)] as const)
    )
    const top = Math.max(Number.MIN_VALUE, ...[...trends.values()].flatMap((values) => values.map(Number)))
    const signature = JSON.stringify([keyOf(shown), names])
    this.#rows.show(
      this.#shown.map((row) => [
        `${signature} ${row.key}`,
        { row, labels, view, unit: metric.unit, trend: trends.get(row.key), top }
      ])
    )
    return all.length - this.#shown.length
  }

  #make({ labels, row, view }: TableRow): HTMLTableRowElement {
    const spark = new Sparkline()
    const made = element(
      "tr",
      {},
      // A header must have a text.
      ...labels.map(({ cell }) => (cell(row) === "" ? element("td") : element("th", { scope: "row" }))),
      element("td", { class: "trend" }, spark.element),
      ...view.columns.map(() => element("td"))
    )
    this.#sparks.set(made, spark)
    made.addEventListener("click", () => this.#choose(this.#chosen === row.key ? undefined : row.key))
    return made
  }

  #fill(made: HTMLTableRowElement, { labels, row, top, trend, unit, view }: TableRow): void {
    for (const [index, { cell }] of labels.entries()) write(made.cells[index]!, shortened(cell(row), 160))
    for (const [index, { cell, unit: of }] of view.columns.entries()) {
      write(made.cells[labels.length + 1 + index]!, shortened(format(cell(row.point), of, unit), 80))
    }
    // Beside the total of all, they would be flat.
    this.#sparks.get(made)!.show(trend ?? [], top)
    attribute(made, "class", row.labels.length === 0 ? "all" : row.overflow === true ? "beyond" : undefined)
    attribute(made, "aria-selected", this.#chosen === row.key ? "true" : undefined)
  }

  /** Arrow keys select a row, Escape clears the selection. */
  #onKey(event: KeyboardEvent): void {
    const at = this.#shown.findIndex(({ key }) => key === this.#chosen)
    const next = { ArrowDown: Math.min(at + 1, this.#shown.length - 1), ArrowUp: Math.max(at - 1, 0), Escape: -1 }[
      event.key
    ]
    if (next === undefined) return
    event.preventDefault()
    event.stopPropagation()
    this.#choose(this.#shown[next]?.key)
    this.element.querySelector("[aria-selected]")?.scrollIntoView({ block: "nearest" })
  }
}
