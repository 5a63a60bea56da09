/** A recorder in the list: a line, which opens to its accounting and its metrics. */
import { format } from "../model/format.ts"
import type { History, MetricView } from "../model/history.ts"
import { Account } from "./account.ts"
import { attribute, Children, element, write } from "./dom.ts"
import { Line } from "./line.ts"
import { keyOf, type RecorderView } from "./views.ts"

/** The number of metrics shown initially. */
const Most = 25

interface Actions {
  readonly choose: (key: string) => void
  readonly toggle: (open: boolean) => void
  readonly showAll: () => void
}

interface Shown {
  readonly view: RecorderView
  readonly open: boolean
  /** Whether all of its metrics are shown. */
  readonly whole: boolean
  readonly history: History
  /** The key of the selected metric. */
  readonly chosen: string | undefined
}

export class RecorderSection {
  readonly recorderId: string
  readonly element = element("section", { class: "recorder" })
  readonly toggle = element("button", { type: "button", class: "toggle", tabindex: "-1" })
  readonly #entity = element("span", { class: "muted entity" })
  readonly #facts = element("span", { class: "muted" })
  readonly #badge = element("span", { class: "badge", hidden: true })
  readonly #state = element("span", { class: "state" })
  readonly #actions: Actions
  #body: RecorderBody | undefined
  #shown: Shown | undefined
  #isSeen = true

  constructor(recorderId: string, actions: Actions) {
    this.recorderId = recorderId
    this.#actions = actions
    write(this.toggle, recorderId)
    this.toggle.title = recorderId
    this.toggle.addEventListener("click", () => actions.toggle(this.toggle.ariaExpanded !== "true"))
    const name = element("h2", {}, this.toggle)
    this.element.append(
      element("div", { class: "recorder-head" }, name, this.#entity, this.#badge, this.#facts, this.#state)
    )
  }

  /** Sets whether it is visible. Otherwise it postpones updates. */
  look(isSeen: boolean): void {
    this.#isSeen = isSeen
    if (isSeen) this.#draw()
  }

  show(shown: Shown): void {
    const changed = shown.open !== this.#shown?.open || shown.chosen !== this.#shown.chosen
    this.#shown = shown
    if (this.#isSeen || changed || shown.whole) this.#draw()
  }

  #draw(): void {
    if (this.#shown === undefined) return
    const { open, view } = this.#shown
    const { acceptedPerSecond, metrics, problems, recorder } = view
    write(this.#entity, recorder.entityId === recorder.recorderId ? "" : recorder.entityId)
    attribute(this.toggle, "aria-expanded", String(open))
    const { state } = recorder.stats
    // A hundred lines with the same state carry no information.
    write(this.#state, open || state !== "Running" ? state : "")
    attribute(this.#state, "data-state", state)
    const perSecond = format(Math.round(acceptedPerSecond), "events")
    write(this.#facts, open ? "" : `${metrics.length} ${metrics.length === 1 ? "metric" : "metrics"} · ${perSecond}`)
    write(
      this.#badge,
      open || problems.length === 0 ? "" : problems.length === 1 ? problems[0]!.kind : `${problems.length} problems`
    )
    attribute(this.#badge, "data-problem", problems[0]?.kind)
    attribute(this.#badge, "hidden", open || problems.length === 0)
    if (open && this.#body === undefined) {
      this.#body = new RecorderBody(this.#actions)
      this.element.append(this.#body.element)
    }
    if (this.#body === undefined) return
    attribute(this.#body.element, "hidden", !open)
    if (open) this.#body.show(this.#shown)
  }
}

/** The opened part. */
class RecorderBody {
  readonly element = element("div", { class: "recorder-body" })
  readonly #error = element("p", { class: "error", hidden: true })
  readonly #account = new Account()
  readonly #none = element("p", { class: "note", hidden: true }, "No metric is registered.")
  readonly #more = element("button", { type: "button", class: "more", tabindex: "-1", hidden: true })
  readonly #lines = new WeakMap<Element, Line>()
  readonly #metrics: Children<{ readonly view: MetricView; readonly shown: Shown }, HTMLLIElement>

  constructor({ choose, showAll }: Actions) {
    const list = element("ul", { class: "metrics" })
    this.#more.addEventListener("click", showAll)
    this.element.append(this.#account.element, this.#error, this.#none, list, this.#more)
    this.#metrics = new Children(
      list,
      ({ view }) => {
        const line = new Line(view, choose)
        this.#lines.set(line.element, line)
        return line.element
      },
      (made, { shown, view }) => this.#lines.get(made)!.show(view, shown.history, shown.chosen === keyOf(view))
    )
  }

  show(shown: Shown): void {
    const { acceptedPerSecond, metrics, recorder } = shown.view
    this.#account.show(recorder, acceptedPerSecond)
    write(this.#error, recorder.error ?? "")
    attribute(this.#error, "hidden", recorder.error === undefined)
    // Of all its metrics, regardless of the filter.
    attribute(this.#none, "hidden", recorder.metrics.length > 0 || recorder.error !== undefined)
    const some = shown.whole ? metrics : metrics.filter((each, index) => index < Most || keyOf(each) === shown.chosen)
    this.#metrics.show(some.map((each) => [keyOf(each), { view: each, shown }]))
    const beyond = metrics.length - some.length
    write(this.#more, `Show ${format(beyond, "count")} more metrics`)
    attribute(this.#more, "hidden", beyond === 0)
  }
}
