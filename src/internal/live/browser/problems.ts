/**
 * What is wrong, at the top of the page, or nothing at all.
 */
import { format, shortened } from "../model/format.ts"
import { gravity, type Problem } from "../model/problems.ts"
import { attribute, Children, element, write } from "./dom.ts"
import { rove } from "./roving.ts"
import { metricKey, type RecorderView } from "./views.ts"

/** How many are shown until the others are asked for: a hundred recorders can have the same problem. */
const Most = 4

interface Shown extends Problem {
  readonly recorderId: string
  /** Whether it has to be said which recorder it is. */
  readonly of: boolean
}

export interface Destination {
  readonly metric: (key: string) => void
  readonly recorder: (recorderId: string) => void
}

export const makeProblems = (
  parent: HTMLElement,
  go: Destination
): ((recorders: ReadonlyArray<RecorderView>) => void) => {
  let all = false
  let recorders: ReadonlyArray<RecorderView> = []
  const list = element("ul", { "aria-label": "Problems" })
  const more = element("button", { type: "button", class: "more", hidden: true })
  parent.append(list, more)
  const stop = rove(parent)
  const children = new Children<Shown, HTMLElement>(
    list,
    ({ metric, recorderId }) => {
      const subject = element("button", { type: "button", tabindex: "-1" })
      subject.addEventListener("click", () =>
        metric === undefined ? go.recorder(recorderId) : go.metric(metricKey(recorderId, metric))
      )
      const text = element("p", {}, subject, element("span", { class: "muted" }), element("span"))
      return element("li", {}, element("span", { class: "badge" }), text)
    },
    (made, { kind, metric, of, recorderId, text }) => {
      const [badge, sentence] = made.children
      write(badge!, kind)
      attribute(badge!, "data-problem", kind)
      const [subject, where, what] = sentence!.children
      write(subject!, shortened(metric ?? recorderId, 80))
      write(where!, metric !== undefined && of ? ` in ${shortened(recorderId, 40)}` : "")
      write(what!, ` ${text}`)
    }
  )
  const show = (): void => {
    const problems = recorders
      .flatMap(({ problems, recorder }): ReadonlyArray<Shown> => {
        const of = recorders.length > 1
        return problems.map((each) => ({ ...each, recorderId: recorder.recorderId, of }))
      })
      .sort((left, right) => gravity(left) - gravity(right))
    const shown = all ? problems : problems.slice(0, Most)
    children.show(shown.map((each) => [JSON.stringify([each.kind, each.recorderId, each.metric ?? null]), each]))
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
  return (views) => {
    recorders = views
    show()
  }
}
