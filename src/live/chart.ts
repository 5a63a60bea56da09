/**
 * The chart: lines over the last minutes, drawn by uPlot in the colours of the style sheet.
 */
import uPlot from "uplot"
import { format } from "../internal/live/format.ts"
import type { Unit } from "../internal/live/kindViews.ts"

export interface ChartLine {
  readonly label: string
  readonly values: ReadonlyArray<number | null>
  /** One of the colours of the style sheet, from 0. */
  readonly color: number
}

export interface ChartData {
  readonly times: ReadonlyArray<number>
  readonly lines: ReadonlyArray<ChartLine>
  readonly unit: Unit
  readonly metricUnit: string | undefined
  /** How many seconds its width is for. */
  readonly seconds: number
}

/** As many colours as the style sheet has, `--line-0` and so on. */
export const Colors = 8

export class Chart {
  readonly #element: HTMLElement
  #plot: uPlot | undefined
  #shape = ""
  #data: ChartData | undefined

  constructor(element: HTMLElement) {
    this.#element = element
    new ResizeObserver(() => {
      const { clientHeight: height, clientWidth: width } = element
      if (width > 0) this.#plot?.setSize({ width, height })
    }).observe(element)
    // Colours are drawn, so a change of scheme draws anew.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#shape = ""
      if (this.#data !== undefined) this.show(this.#data)
    })
  }

  show(data: ChartData): void {
    this.#data = data
    const shape = JSON.stringify([data.lines.map(({ color, label }) => [label, color]), data.unit, data.metricUnit])
    const values = [data.times, ...data.lines.map((line) => line.values)] as uPlot.AlignedData
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
        x: { time: true, range: (_, __, max) => [max - (this.#data?.seconds ?? 0), max] },
        y: { range: (_, min, max) => rangeOf(min, max) }
      },
      axes: [
        { ...axis, space: 70, values: (_, times) => times.map((time) => clock(time)), gap: 6, size: 28 },
        { ...axis, space: 32, size: 68, gap: 6, values: (_, values) => values.map(label) }
      ],
      series: [
        {},
        ...lines.map((line) => ({
          label: line.label,
          stroke: color(`--line-${line.color}`),
          width: 1.5,
          points: { show: false }
        }))
      ],
      hooks: { setCursor: [(plot) => this.#onCursor?.(plot.cursor.idx ?? undefined)] }
    }
  }

  #onCursor: ((index: number | undefined) => void) | undefined

  /** Calls with the update that the pointer is at, and with nothing when it leaves. */
  onCursor(listener: (index: number | undefined) => void): void {
    this.#onCursor = listener
  }
}

export const clock = (seconds: number): string => new Date(seconds * 1000).toLocaleTimeString("en-GB")

/** From 0 where all is above it, with room at the top. */
const rangeOf = (min: number | null, max: number | null): [number, number] => {
  if (min === null || max === null) return [0, 1]
  const least = Math.min(0, min)
  const most = Math.max(0, max)
  return least === most ? [0, 1] : [least < 0 ? least * 1.1 : 0, most * 1.1]
}
