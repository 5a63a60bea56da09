/** The problems, at the top of the page, or nothing at all. */
import { format, shortened } from "../model/format.ts"
import { metricKey } from "../model/history.ts"
import { gravity, type Problem } from "../model/problems.ts"
import { attribute, Children, element, write } from "./dom.ts"
import { rove } from "./roving.ts"
import type { RecorderView } from "./views.ts"

/** The number shown initially: a hundred recorders can have the same problem. */
const Most = 4

interface Shown extends Problem {
  /** `undefined`: it is a problem of the runtime. */
  readonly recorderId?: string
  /** Whether the recorder must be named. */
  readonly of: boolean
}

interface Destination {
  readonly metric: (key: string) => void
  readonly recorder: (recorderId: string) => void
}

/** Takes the problems of the runtime, and recorders with theirs. */
type ShowProblems = (runtime: ReadonlyArray<Problem>, recorders: ReadonlyArray<RecorderView>) => void

export const makeProblems = (parent: HTMLElement, go: Destination): ShowProblems => {
  let all = false
  let problems: ReadonlyArray<Shown> = []
  const count = element("span", { class: "count" })
  const list = element("ul", { "aria-labelledby": "attention" })
  const more = element("button", { type: "button", class: "more", hidden: true })
  parent.append(element("h2", { id: "attention" }, "Needs attention ", count), list, more)
  const stop = rove(parent)
  const children = new Children<Shown, HTMLElement>(
    list,
    ({ metric, part, recorderId }) => {
      const subject =
        part === undefined ? element("button", { type: "button", tabindex: "-1" }) : element("span", { class: "part" })
      subject.addEventListener("click", () => {
        if (recorderId === undefined) return
        if (metric === undefined) go.recorder(recorderId)
        else go.metric(metricKey(recorderId, metric))
      })
      const text = element("p", {}, subject, element("span", { class: "muted" }), element("span"))
      return element("li", {}, element("span", { class: "badge" }), text)
    },
    (made, { kind, metric, of, part, recorderId, text }) => {
      const [badge, sentence] = made.children
      write(badge!, kind)
      attribute(badge!, "data-problem", kind)
      const [subject, where, what] = sentence!.children
      write(subject!, shortened(part ?? metric ?? recorderId ?? "", 80))
      write(where!, metric !== undefined && of ? ` in ${shortened(recorderId ?? "", 40)}` : "")
      write(what!, ` ${text}`)
    }
  )
  const show = (): void => {
    const shown = all ? problems : problems.slice(0, Most)
    children.show(
      shown.map((each) => [
        JSON.stringify([each.kind, each.part ?? null, each.recorderId ?? null, each.metric ?? null]),
        each
      ])
    )
    write(count, format(problems.length, "count"))
    const beyond = problems.length - Most
    write(more, all ? "Show fewer problems" : `Show ${format(beyond, "count")} more problems`)
    attribute(more, "aria-expanded", String(all))
    attribute(more, "hidden", beyond <= 0)
    attribute(parent, "hidden", problems.length === 0)
    stop()
  }
  more.addEventListener("click", () => {
    all = !all
    show()
  })
  return (runtime, recorders) => {
    const of = recorders.length > 1
    problems = [
      ...runtime.map((each): Shown => ({ ...each, of })),
      ...recorders.flatMap(
        ({ problems, recorder: { recorderId } }): ReadonlyArray<Shown> =>
          problems.map((each) => ({ ...each, recorderId, of }))
      )
    ].sort((left, right) => gravity(left) - gravity(right))
    show()
  }
}
