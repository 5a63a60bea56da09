/**
 * What exports the runtime, and how that went. Nothing where nothing does.
 */
import { type ShownExport, shownExport } from "../model/exports.ts"
import { shortened } from "../model/format.ts"
import type { LiveData } from "../model/update.ts"
import { clock } from "./chart.ts"
import { attribute, Children, element, write } from "./dom.ts"

export const makeExports = (parent: HTMLElement): ((all: NonNullable<LiveData["exports"]>) => void) => {
  const list = element("ul", { "aria-label": "Exports" })
  parent.append(list)
  const children = new Children<ShownExport, HTMLElement>(
    list,
    () => {
      const text = element("p", {}, element("span"), element("span", { class: "muted" }), element("span"))
      return element("li", {}, element("span", { class: "badge" }), text)
    },
    (made, { exporter, failing, lastError, text }) => {
      const [badge, sentence] = made.children
      write(badge!, failing === undefined ? "exported" : "failed")
      attribute(badge!, "data-problem", failing === undefined ? "none" : "failed")
      const [subject, counts, error] = sentence!.children
      write(subject!, shortened(exporter, 120))
      write(counts!, ` ${text}`)
      write(error!, lastError === undefined ? "" : ` Last error at ${clock(lastError.at / 1000)}: ${lastError.message}`)
    }
  )
  return (all) => {
    children.show(all.map((each) => [each.exporter, shownExport(each)]))
    attribute(parent, "hidden", all.length === 0)
  }
}
