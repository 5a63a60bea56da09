/**
 * The settings of a chart: its range, an earlier range for comparison, its scale, and whether it is shown as a table.
 */
import type { Scale } from "../model/ranges.ts"
import { attribute, element } from "./dom.ts"

export interface ChartChoice {
  /** The length of the range in seconds. */
  readonly range: number
  /** How many seconds earlier the compared range is; 0: none. */
  readonly back: number
  readonly scale: Scale
  readonly asTable: boolean
}

type Options<Value> = ReadonlyArray<readonly [text: string, value: Value]>

const ranges: Options<number> = [
  ["1 min", 60],
  ["2 min", 120],
  ["5 min", 300],
  ["15 min", 900],
  ["1 hour", 3600]
]

export const comparisons: Options<number> = [
  ["nothing", 0],
  ["1 min earlier", 60],
  ["2 min earlier", 120],
  ["4 min earlier", 240],
  ["10 min earlier", 600],
  ["30 min earlier", 1800]
]

const scales: Options<Scale> = [
  ["that fits", "fit"],
  ["from zero", "zero"],
  ["of each line", "own"]
]

export class ChartTools {
  readonly element: HTMLElement
  #choice: ChartChoice = { range: 300, back: 0, scale: "fit", asTable: false }

  constructor(onChange: () => void, ...more: ReadonlyArray<HTMLElement>) {
    const set = (choice: Partial<ChartChoice>): void => {
      this.#choice = { ...this.#choice, ...choice }
      onChange()
    }
    const select = <Value>(
      name: string,
      options: Options<Value>,
      chosen: Value,
      choose: (value: Value) => void
    ): HTMLElement => {
      const made = element("select", {}, ...options.map(([text]) => element("option", {}, text)))
      made.selectedIndex = options.findIndex(([, value]) => value === chosen)
      made.addEventListener("change", () => choose(options[made.selectedIndex]![1]))
      // Their keys must not reach the page's shortcuts.
      made.addEventListener("keydown", (event) => event.stopPropagation())
      return element("label", {}, element("span", {}, name), made)
    }
    const table = element("button", { type: "button", "aria-pressed": "false" }, "Table")
    table.addEventListener("click", () => {
      set({ asTable: !this.#choice.asTable })
      attribute(table, "aria-pressed", String(this.#choice.asTable))
    })
    this.element = element(
      "div",
      { class: "tools", role: "group", "aria-label": "How the chart is shown" },
      select("Range", ranges, this.#choice.range, (range) => set({ range })),
      select("Compare with", comparisons, this.#choice.back, (back) => set({ back })),
      select("Scale", scales, this.#choice.scale, (scale) => set({ scale })),
      table,
      ...more
    )
  }

  get choice(): ChartChoice {
    return this.#choice
  }
}
