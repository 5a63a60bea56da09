/** The accounting of a recorder's events, drawn as a flow. */
import { type FlowNode, flowOf, type Ribbon } from "../model/flow.ts"
import { format } from "../model/format.ts"
import { isNearlyFull } from "../model/problems.ts"
import type { LiveRecorder } from "../model/update.ts"
import { attribute, Children, element, svg, write } from "./dom.ts"

/** The height of a row in pixels, as in the style sheet. */
const Row = 17

const meanings: { readonly [name: string]: string } = {
  offered: "All events that were emitted",
  accepted: "Events taken",
  refused: "Not taken",
  applied: "At least one metric took the event",
  ignored: "No metric was concerned",
  pending: "Accepted and not yet folded",
  evicted: "Taken back to make room for newer ones",
  overflow: "Refused because the capacity was used up",
  invalid: "Refused because it was not an event",
  "not running": "Refused because the recorder was not running"
}

/** A count, with its caption. */
interface Shown {
  readonly node: FlowNode
  readonly more: string
  readonly bad: boolean
}

const path = ({ end, start, thickness }: Ribbon): string => {
  const [from, to, half] = [start * Row, end * Row, (thickness * Row) / 2]
  const side = (sign: 1 | -1): [string, string] => [(from + sign * half).toFixed(2), (to + sign * half).toFixed(2)]
  const [[a, b], [c, d]] = [side(-1), side(1)]
  return `M0 ${a}C50 ${a} 50 ${b} 100 ${b}L100 ${d}C50 ${d} 50 ${c} 0 ${c}Z`
}

export class Account {
  readonly element = element("div", { class: "account" })
  readonly #nodes: Children<Shown, HTMLElement>
  readonly #gaps: ReadonlyArray<{ readonly element: SVGElement; readonly ribbons: Children<Ribbon, SVGElement> }>

  constructor() {
    const list = element("dl")
    this.#nodes = new Children<Shown, HTMLElement>(
      list,
      ({ node: { column, name } }) =>
        element(
          "div",
          { class: "node", title: meanings[name], "data-node": name, "data-column": String(column) },
          element("dt", {}, name),
          element("dd", {}, element("span"), element("small"))
        ),
      (made, { bad, more, node }) => {
        const value = made.lastElementChild!
        write(value.firstElementChild!, format(node.value, "count"))
        write(value.lastElementChild!, more)
        attribute(made, "data-bad", bad)
        made.style.gridRow = `${node.row + 1} / span ${node.rows}`
      }
    )
    this.#gaps = ([0, 1] as const).map((column) => {
      const made = svg("svg", {
        class: "ribbons",
        "data-column": String(column),
        preserveAspectRatio: "none",
        "aria-hidden": "true"
      })
      const ribbons = new Children<Ribbon, SVGElement>(
        made,
        ({ to }) => svg("path", { "data-to": to }),
        (ribbon, each) => {
          attribute(ribbon, "d", path(each))
          attribute(ribbon, "data-bad", each.isLoss)
        }
      )
      return { element: made, ribbons }
    })
    this.element.append(list, ...this.#gaps.map((gap) => gap.element))
  }

  show({ stats }: LiveRecorder, perSecond: number): void {
    const { nodes, ribbons, rows } = flowOf(stats)
    const nearlyFull = isNearlyFull(stats.pending, stats.capacity)
    const more = (name: string): string => {
      if (name === "accepted") return format(Math.round(perSecond), "events")
      return name === "pending" ? `of ${format(stats.capacity, "count")}` : ""
    }
    this.#nodes.show(
      nodes.map((node) => [
        node.name,
        { node, more: more(node.name), bad: node.isLoss || (node.name === "pending" && nearlyFull) }
      ])
    )
    for (const [column, gap] of this.#gaps.entries()) {
      attribute(gap.element, "viewBox", `0 0 100 ${rows * Row}`)
      gap.element.style.gridRow = `1 / span ${rows}`
      gap.ribbons.show(ribbons.filter((each) => each.column === column).map((each) => [each.to, each]))
    }
  }
}
