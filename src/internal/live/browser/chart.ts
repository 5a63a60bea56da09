/** The chart: lines over the last minutes, drawn by uPlot in the colours of the style sheet. */
import uPlot from "uplot"
import { format, shortened, visible } from "../model/format.ts"
import type { Unit } from "../model/kindViews.ts"
import { rangeOf, type Scale } from "../model/ranges.ts"
import { attribute } from "./dom.ts"

export interface ChartLine {
  readonly label: string
  readonly values: ReadonlyArray<number | null>
  /** One of the colours of the style sheet, `--line-0` and so on. */
  readonly color: string
  /** It is a total of others, or an earlier range. */
  readonly dashed: boolean
}

export interface ChartData {
  /** The metric, and the part of it. */
  readonly title: string
  readonly times: ReadonlyArray<number>
  readonly lines: ReadonlyArray<ChartLine>
  readonly unit: Unit
  readonly metricUnit: string | undefined
  /** The maximum number of seconds that the width covers. */
  readonly seconds: number
  readonly scale: Scale
}

/** The number of colours for series in the style sheet. */
export const Colors = 8

/** The seconds between marks of the axis, at least one. */
const Steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600]

export class Chart {
  readonly #element: HTMLElement
  #plot: uPlot | undefined
  #shape = ""
  #data: ChartData | undefined
  readonly #onCursor: (index: number | undefined) => void

  /** `onCursor` is called with the index of the update at the pointer, and without one when the pointer leaves. */
  constructor(element: HTMLElement, onCursor: (index: number | undefined) => void) {
    this.#element = element
    this.#onCursor = onCursor
    new ResizeObserver(() => {
      const { clientHeight: height, clientWidth: width } = element
      if (width > 0) this.#plot?.setSize({ width, height })
    }).observe(element)
    // Colours are drawn, so the chart is redrawn when the colour scheme changes.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#shape = ""
      if (this.#data !== undefined) this.show(this.#data)
    })
  }

  show(data: ChartData): void {
    this.#data = data
    const { lines, metricUnit, times, title, unit } = data
    const [from, to] = rangeOfTimes(data)
    const isEmpty = lines.every((line) => line.values.every((value) => value === null))
    attribute(
      this.#element,
      "data-empty",
      isEmpty ? (lines.length === 0 ? "No line is chosen" : "No values yet") : undefined
    )
    const range = isEmpty ? "no values yet" : `from ${clock(from)} to ${clock(to)}`
    const count = `${lines.length} ${lines.length === 1 ? "line" : "lines"}`
    attribute(this.#element, "aria-label", visible(`Line chart of ${shortened(title, 200)}, ${range}, ${count}`))
    const shape = JSON.stringify([lines.map(({ color, dashed, label }) => [label, color, dashed]), unit, metricUnit])
    const values = [times, ...lines.map((line) => line.values)] as uPlot.AlignedData
    if (shape === this.#shape && this.#plot !== undefined) {
      this.#plot.setData(values)
      return
    }
    this.#shape = shape
    this.#plot?.destroy()
    this.#plot = new uPlot(this.#options(data), values, this.#element)
  }

  #options({ lines, metricUnit, unit }: ChartData): uPlot.Options {
    const style = getComputedStyle(this.#element)
    const color = (name: string): string => style.getPropertyValue(name).trim()
    const label = (value: number): string => format(value, unit, metricUnit)
    const axis: uPlot.Axis = {
      stroke: color("--muted"),
      font: "11px system-ui, sans-serif",
      grid: { stroke: color("--hairline"), width: 1 },
      ticks: { show: false }
    }
    return {
      width: this.#element.clientWidth,
      height: this.#element.clientHeight,
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      padding: [8, 26, 0, 0],
      scales: {
        x: { time: true, range: () => rangeOfTimes(this.#data!) },
        y: { range: (_, min, max) => rangeOf(min, max, this.#data!.scale) }
      },
      axes: [
        { ...axis, space: 70, incrs: Steps, values: (_, times) => times.map((time) => clock(time)), gap: 6, size: 28 },
        { ...axis, space: 32, size: 68, gap: 6, values: (_, values) => values.map(label) }
      ],
      series: [
        {},
        ...lines.map((line) => ({
          label: line.label,
          stroke: color(`--line-${line.color}`),
          width: 1.5,
          ...(line.dashed && { dash: [5, 4] }),
          points: { size: 4, filter: (plot: uPlot, series: number) => alone(plot.data[series]!) }
        }))
      ],
      hooks: { setCursor: [(plot) => this.#onCursor(plot.cursor.idx ?? undefined)] }
    }
  }
}

/** Starts at the first moment with a value, so that a new chart is not mostly empty. */
const rangeOfTimes = ({ lines, seconds, times }: ChartData): [from: number, to: number] => {
  const to = times.at(-1) ?? 0
  const first = times.find((_, index) => lines.some(({ values }) => typeof values[index] === "number")) ?? to
  return [Math.max(to - seconds, Math.min(first, to - 1)), to]
}

/** Isolated values have no line, so they need a dot. */
const alone = (values: ArrayLike<number | null | undefined>): Array<number> =>
  Array.from(values, (_, index) => index).filter(
    (at) => values[at] != null && values[at - 1] == null && values[at + 1] == null
  )

export const clock = (seconds: number): string => new Date(seconds * 1000).toLocaleTimeString("en-GB")
