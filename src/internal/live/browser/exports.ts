/** The exporters of the runtime and their outcomes. Failing exports are among the problems. */

import { shortened } from "../model/format.ts"
import { type ShownExport, shownExport } from "../model/problems.ts"
import type { LiveData } from "../model/update.ts"
import { clock } from "./chart.ts"
import { attribute, Children, element, write } from "./dom.ts"

type Exports = NonNullable<NonNullable<LiveData["runtime"]>["exports"]>

export const makeExports = (parent: HTMLElement): ((all: Exports | undefined) => void) => {
  const list = element("ul", { "aria-label": "Exports" })
  parent.append(list)
  const children = new Children<ShownExport, HTMLElement>(
    list,
    () => {
      const text = element("p", {}, element("span"), element("span", { class: "muted" }), element("span"))
      return element("li", {}, element("span", { class: "badge", "data-problem": "none" }, "exported"), text)
    },
    (made, { exporter, lastError, text }) => {
      const [subject, counts, error] = made.lastElementChild!.children
      write(subject!, shortened(exporter, 120))
      write(counts!, ` ${text}`)
      write(error!, lastError === undefined ? "" : ` Last error at ${clock(lastError.at / 1000)}: ${lastError.message}`)
    }
  )
  return (all = []) => {
    const well = all.filter(({ failing }) => failing === undefined)
    children.show(well.map((each) => [each.exporter, shownExport(each)]))
    attribute(parent, "hidden", well.length === 0)
  }
}
