/** One metric in the list: its name, a sparkline of the last minutes, and its value. */
import { format } from "../model/format.ts"
import type { History, MetricView, Row } from "../model/history.ts"
import type { KindView } from "../model/kindViews.ts"
import { metricProblems } from "../model/problems.ts"
import { attribute, element, write, writeName } from "./dom.ts"
import { Sparkline } from "./sparkline.ts"
import { keyOf, kindName } from "./views.ts"

export class Line {
  readonly element = element("li")
  readonly button = element("button", { type: "button", class: "metric", tabindex: "-1" })
  readonly #name = element("span", { class: "name" })
  readonly #badge = element("span", { class: "badge", hidden: true })
  readonly #about = element("span", { class: "about" })
  readonly #value = element("span", { class: "value" })
  readonly #caption = element("span", { class: "caption" })
  readonly #spark = new Sparkline()

  constructor(view: MetricView, choose: (key: string) => void) {
    const key = keyOf(view)
    this.button.append(
      element("span", { class: "what" }, element("span", { class: "line" }, this.#name, this.#badge), this.#about),
      this.#spark.element,
      element("span", { class: "figures" }, this.#value, this.#caption)
    )
    this.button.dataset.metric = key
    this.button.addEventListener("click", () => choose(key))
    this.element.append(this.button)
  }

  show({ metric, recorderId, rows, view }: MetricView, history: History, chosen: boolean): void {
    writeName(this.#name, metric.name)
    write(this.#about, metric.description ?? kindName(metric.kind))
    attribute(this.button, "aria-current", chosen ? "true" : undefined)
    const problem = metricProblems(metric)[0]?.kind ?? ""
    write(this.#badge, problem)
    attribute(this.#badge, "hidden", problem === "")
    attribute(this.#badge, "data-problem", problem)
    const first = rows[0]
    if (view === undefined || first === undefined) {
      write(this.#value, "–")
      write(this.#caption, "")
      this.#spark.show([])
      return
    }
    const { headline, spark } = view
    // Traces show the current state, like the line. Values since the start are in the table.
    const recent = spark.unit === headline.unit ? first.now(spark) : null
    write(this.#value, format(recent ?? headline.cell(first.point), headline.unit, metric.unit))
    write(this.#caption, caption(view, first, metric.unit))
    this.#spark.show(history.trace(recorderId, metric.name, first.key, spark))
  }
}

/** What is traced, if that is not the value; otherwise what the value is. */
const caption = ({ headline, spark }: KindView, row: Row, unit: string | undefined): string => {
  if (spark.unit !== headline.unit) return format(row.now(spark), spark.unit, unit)
  return ["value", "ratio", "per second"].includes(headline.name) ? "" : headline.name
}
