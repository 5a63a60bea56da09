/**
 * The data of a chart as a table, for users who cannot see it or want numbers: a row for each moment, the newest first.
 */
import { format, shortened } from "../model/format.ts"
import { type ChartData, clock } from "./chart.ts"
import { attribute, Children, columnHead, element, remade, write } from "./dom.ts"

/** The maximum number of rows, and the possible intervals between them in seconds. */
const MostRows = 60
const Steps = [1, 2, 5, 10, 20, 60] as const

export class DataTable {
  readonly element: HTMLElement
  readonly #caption = element("caption")
  readonly #head = element("tr")
  readonly #rows: Children<{ readonly time: number; readonly cells: ReadonlyArray<string> }, HTMLTableRowElement>

  constructor() {
    const body = element("tbody")
    this.element = element(
      "div",
      { class: "data", tabindex: "0", role: "region", "aria-label": "Data of the chart", hidden: true },
      element("table", {}, this.#caption, element("thead", {}, this.#head), body)
    )
    // Arrow keys scroll it.
    this.element.addEventListener("keydown", (event) => event.key !== "/" && event.stopPropagation())
    this.#rows = new Children(
      body,
      ({ cells, time }) =>
        element("tr", {}, element("th", { scope: "row" }, clock(time)), ...cells.map(() => element("td"))),
      (made, { cells }) => {
        for (const [index, text] of cells.entries()) write(made.cells[index + 1]!, text)
      }
    )
  }

  show({ lines, metricUnit, times, title, unit }: Omit<ChartData, "seconds" | "scale">): void {
    write(this.#caption, shortened(title, 200))
    const names = ["time", ...lines.map(({ label }) => label)]
    const signature = JSON.stringify([names, unit, metricUnit])
    remade(this.#head, names, (name, index) => columnHead(name, index === 0 ? "label" : ""), signature)
    this.#rows.show(
      moments(times).map((index) => {
        const time = times[index]!
        const cells = lines.map(({ values }) => format(values[index], unit, metricUnit))
        return [`${signature} ${time}`, { time, cells }]
      })
    )
  }

  hide(hidden: boolean): void {
    attribute(this.element, "hidden", hidden)
  }
}

/** The updates that have a row: the last one of each step, so that existing rows stay when others are added. */
const moments = (times: ReadonlyArray<number>): ReadonlyArray<number> => {
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0)
  const step = Steps.find((each) => span / each <= MostRows) ?? 60
  const last = new Map(times.map((time, index) => [Math.floor(time / step), index]))
  return [...last.values()].reverse().slice(0, MostRows)
}
