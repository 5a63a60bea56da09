/** A line of the last minutes, as small as a word. */
import { attribute, svg } from "./dom.ts"

const Width = 120
const Height = 28
const Margin = 2

/** The number of values that fit. With fewer values, they use the whole width. */
const Most = 120
/** So that the first updates do not look like blocks. */
const Fewest = 20

export class Sparkline {
  readonly element: SVGElement = svg("svg", {
    class: "spark",
    viewBox: `0 0 ${Width} ${Height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true"
  })
  readonly #area = svg("path", { class: "spark-area" })
  readonly #line = svg("path", { class: "spark-line" })

  constructor() {
    this.element.append(this.#area, this.#line)
  }

  /**
   * A value for each update, the newest at the end. `top`: the value of the full height; default: the greatest value.
   */
  show(all: ReadonlyArray<number | null>, top?: number): void {
    const values = all.slice(-Most)
    const slots = Math.max(values.length, Fewest)
    const known = values.filter((value) => value !== null)
    const least = Math.min(0, ...known)
    const most = top ?? Math.max(...known, least + Number.MIN_VALUE)
    const x = (index: number): number => ((slots - values.length + index) / (slots - 1)) * Width
    const y = (value: number): number =>
      most === least ? Height - Margin : Margin + (1 - (value - least) / (most - least)) * (Height - 2 * Margin)
    let line = ""
    let area = ""
    let from: number | undefined
    for (const [index, value] of [...values, null].entries()) {
      if (value === null) {
        if (from !== undefined) area += `L${x(index - 1).toFixed(1)} ${Height}L${from.toFixed(1)} ${Height}Z`
        from = undefined
        continue
      }
      const point = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`
      // An isolated value is a dot.
      line += from === undefined ? `M${point}h0` : `L${point}`
      area += `${from === undefined ? "M" : "L"}${point}`
      from ??= x(index)
    }
    attribute(this.#line, "d", line)
    attribute(this.#area, "d", area)
  }
}
