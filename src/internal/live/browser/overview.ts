/**
 * The list: each recorder on a line, which opens to its account of events and its metrics, one a line.
 */
import { format } from "../model/format.ts"
import type { History, MetricView } from "../model/history.ts"
import { recorderProblems } from "../model/problems.ts"
import { Account } from "./account.ts"
import { attribute, Children, element, write } from "./dom.ts"
import { Line } from "./line.ts"
import { oneStop } from "./roving.ts"
import { keyOf, type RecorderView } from "./views.ts"

/**
 * How many recorders, and how many metrics of one, are shown until the rest is asked for. As long as there are no more
 * metrics in all, every recorder is open; otherwise the one of the chosen metric.
 */
const Most = 25

interface Shown {
  readonly recorders: ReadonlyArray<RecorderView>
  readonly history: History
  /** The key of the chosen metric. */
  readonly chosen: string | undefined
}

export class Overview {
  readonly #parent: HTMLElement
  readonly #choose: (key: string) => void
  readonly #list = element("div", { id: "list" })
  readonly #sections = new WeakMap<Element, RecorderSection>()
  readonly #recorders: Children<RecorderView, HTMLElement>
  readonly #more = element("button", { type: "button", class: "more", tabindex: "-1", hidden: true })
  /** Which recorders were opened or closed, and of which all metrics were asked for. */
  readonly #opened = new Map<string, boolean>()
  readonly #whole = new Set<string>()
  #everyRecorder = false
  #shown: Shown = { recorders: [], history: undefined as never, chosen: undefined }

  constructor(parent: HTMLElement, choose: (key: string) => void) {
    this.#parent = parent
    this.#choose = choose
    this.#recorders = new Children(
      this.#list,
      ({ recorder }) => this.#section(recorder.recorderId),
      (made, view) => this.#sections.get(made)!.show(view, this.#openOf(view), this.#whole, this.#shown)
    )
    this.#more.addEventListener("click", () => {
      this.#everyRecorder = true
      this.#redraw()
    })
    parent.append(this.#list, this.#more)
    parent.addEventListener("focusin", () => this.#stop())
  }

  show(shown: Shown): void {
    this.#shown = shown
    this.#redraw()
  }

  /** Opens a recorder, and goes to it. */
  reveal(recorderId: string): void {
    this.#everyRecorder ||=
      this.#shown.recorders.findIndex(({ recorder }) => recorder.recorderId === recorderId) >= Most
    this.#opened.set(recorderId, true)
    this.#redraw()
    const sections = [...this.#list.children].map((each) => this.#sections.get(each)!)
    const head = sections.find((each) => each.recorderId === recorderId)?.toggle
    head?.scrollIntoView({ block: "nearest" })
    head?.focus()
  }

  /** The line of a metric, where it is shown. */
  lineOf(key: string): HTMLElement | undefined {
    return this.#controls().find((each) => each.dataset.metric === key)?.parentElement ?? undefined
  }

  /** From the control that has the focus, or the chosen metric, up or down. A metric is chosen thereby. */
  step(by: 1 | -1): void {
    const controls = this.#controls()
    const focused = controls.indexOf(document.activeElement as HTMLElement)
    const at = focused < 0 ? controls.findIndex((each) => each.dataset.metric === this.#shown.chosen) : focused
    const next = controls[Math.min(controls.length - 1, Math.max(0, at + by))]
    if (next === undefined) return
    if (next.dataset.metric !== undefined) this.#choose(next.dataset.metric)
    next.focus()
  }

  /** Opens or closes the recorder of the control that has the focus; from a metric, closing goes to its recorder. */
  open(open: boolean): boolean {
    const section = document.activeElement?.closest(".recorder")
    const found = section === null || section === undefined ? undefined : this.#sections.get(section)
    if (found === undefined || !this.#controls().includes(document.activeElement as HTMLElement)) return false
    if (open || document.activeElement === found.toggle) this.#setOpen(found.recorderId, open)
    else found.toggle.focus()
    return true
  }

  #section(recorderId: string): HTMLElement {
    const section = new RecorderSection(recorderId, {
      choose: this.#choose,
      toggle: (open) => this.#setOpen(recorderId, open),
      showAll: () => {
        this.#whole.add(recorderId)
        this.#redraw()
      }
    })
    this.#sections.set(section.element, section)
    return section.element
  }

  #setOpen(recorderId: string, open: boolean): void {
    this.#opened.set(recorderId, open)
    this.#redraw()
  }

  #openOf({ metrics, recorder }: RecorderView): boolean {
    const { chosen, recorders } = this.#shown
    const decided = this.#opened.get(recorder.recorderId)
    if (decided !== undefined) return decided
    if (recorders.reduce((sum, each) => sum + each.metrics.length, 0) <= Most && recorders.length <= Most) return true
    if (!metrics.some((each) => keyOf(each) === chosen)) return false
    // It stays open when another metric is chosen: what closed above the reader would move the rest.
    this.#opened.set(recorder.recorderId, true)
    return true
  }

  #redraw(): void {
    const { chosen, recorders } = this.#shown
    // The recorder of what is chosen has a place even where it comes late.
    const shown = this.#everyRecorder
      ? recorders
      : recorders.filter(({ metrics }, index) => index < Most || metrics.some((each) => keyOf(each) === chosen))
    this.#recorders.show(shown.map((view) => [view.recorder.recorderId, view]))
    const beyond = recorders.length - shown.length
    write(this.#more, `Show ${format(beyond, "count")} more recorders`)
    attribute(this.#more, "hidden", beyond === 0)
    this.#stop()
  }

  /** Recorders, metrics and what shows more of them, in the order in which they are seen. */
  #controls(): ReadonlyArray<HTMLElement> {
    return [...this.#parent.querySelectorAll<HTMLElement>(".toggle, .metric, .more")].filter(
      (each) => each.closest("[hidden]") === null
    )
  }

  #stop(): void {
    const controls = this.#controls()
    oneStop(
      controls,
      controls.find((each) => each.dataset.metric === this.#shown.chosen)
    )
  }
}

interface Actions {
  readonly choose: (key: string) => void
  readonly toggle: (open: boolean) => void
  readonly showAll: () => void
}

class RecorderSection {
  readonly recorderId: string
  readonly element = element("section", { class: "recorder" })
  readonly toggle = element("button", { type: "button", class: "toggle", tabindex: "-1" })
  readonly #entity = element("span", { class: "muted entity" })
  readonly #facts = element("span", { class: "muted" })
  readonly #badge = element("span", { class: "badge", hidden: true })
  readonly #state = element("span", { class: "state" })
  readonly #error = element("p", { class: "error", hidden: true })
  readonly #account = new Account()
  readonly #body = element("div", { class: "recorder-body" })
  readonly #more = element("button", { type: "button", class: "more", tabindex: "-1", hidden: true })
  readonly #lines = new WeakMap<Element, Line>()
  readonly #metrics: Children<{ view: MetricView; shown: Shown }, HTMLLIElement>

  constructor(recorderId: string, { choose, showAll, toggle }: Actions) {
    this.recorderId = recorderId
    const list = element("ul", { class: "metrics" })
    write(this.toggle, recorderId)
    this.toggle.title = recorderId
    this.toggle.addEventListener("click", () => toggle(this.toggle.ariaExpanded !== "true"))
    this.#more.addEventListener("click", showAll)
    this.#body.append(this.#account.element, this.#error, list, this.#more)
    this.element.append(
      element(
        "div",
        { class: "recorder-head" },
        element("h2", {}, this.toggle),
        this.#entity,
        this.#badge,
        this.#facts,
        this.#state
      ),
      this.#body
    )
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

  show(view: RecorderView, open: boolean, whole: ReadonlySet<string>, shown: Shown): void {
    const { acceptedPerSecond, metrics, recorder } = view
    write(this.#entity, recorder.entityId === recorder.recorderId ? "" : recorder.entityId)
    attribute(this.toggle, "aria-expanded", String(open))
    const { state } = recorder.stats
    // A hundred lines that all say so say nothing.
    write(this.#state, open || state !== "Running" ? state : "")
    attribute(this.#state, "data-state", state)
    const perSecond = format(Math.round(acceptedPerSecond), "events")
    write(this.#facts, open ? "" : `${metrics.length} ${metrics.length === 1 ? "metric" : "metrics"} · ${perSecond}`)
    const problems = recorderProblems(recorder)
    write(
      this.#badge,
      open || problems.length === 0 ? "" : problems.length === 1 ? problems[0]!.kind : `${problems.length} problems`
    )
    attribute(this.#badge, "data-problem", problems[0]?.kind)
    attribute(this.#badge, "hidden", open || problems.length === 0)
    attribute(this.#body, "hidden", !open)
    if (open) this.#open(view, whole.has(this.recorderId), shown)
  }

  #open({ acceptedPerSecond, metrics, recorder }: RecorderView, whole: boolean, shown: Shown): void {
    this.#account.show(recorder, acceptedPerSecond)
    write(this.#error, recorder.error ?? "")
    attribute(this.#error, "hidden", recorder.error === undefined)
    const some = whole ? metrics : metrics.filter((each, index) => index < Most || keyOf(each) === shown.chosen)
    this.#metrics.show(some.map((each) => [keyOf(each), { view: each, shown }]))
    const beyond = metrics.length - some.length
    write(this.#more, `Show ${format(beyond, "count")} more metrics`)
    attribute(this.#more, "hidden", beyond === 0)
  }
}
