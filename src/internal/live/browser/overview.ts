/** The list: one line per recorder, which opens to its accounting and its metrics, one per line. */
import { format } from "../model/format.ts"
import type { History } from "../model/history.ts"
import { attribute, Children, element, write } from "./dom.ts"
import { RecorderSection } from "./recorderSection.ts"
import { oneStop } from "./roving.ts"
import { keyOf, type RecorderView } from "./views.ts"

/**
 * The number of recorders shown initially. If there are no more metrics than that in all, every recorder is open;
 * otherwise the one of the selected metric.
 */
const Most = 25

interface Shown {
  readonly recorders: ReadonlyArray<RecorderView>
  readonly history: History
  /** The key of the selected metric. */
  readonly chosen: string | undefined
}

export class Overview {
  readonly #parent: HTMLElement
  readonly #choose: (key: string) => void
  readonly #list = element("div", { id: "list" })
  readonly #sections = new WeakMap<Element, RecorderSection>()
  /** Only what is visible is kept up to date. */
  readonly #looks = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) this.#sections.get(target)?.look(isIntersecting)
  })
  readonly #recorders: Children<RecorderView, HTMLElement>
  readonly #more = element("button", { type: "button", class: "more", tabindex: "-1", hidden: true })
  /** Recorders that the user opened or closed, and those whose metrics are all shown. */
  readonly #opened = new Map<string, boolean>()
  readonly #whole = new Set<string>()
  #everyRecorder = false
  #areFew = true
  #shown: Shown = { recorders: [], history: undefined as never, chosen: undefined }

  constructor(parent: HTMLElement, choose: (key: string) => void) {
    this.#parent = parent
    this.#choose = choose
    this.#recorders = new Children(
      this.#list,
      ({ recorder }) => this.#section(recorder.recorderId),
      (made, view) => {
        const { chosen, history } = this.#shown
        const whole = this.#whole.has(view.recorder.recorderId)
        this.#sections.get(made)!.show({ view, open: this.#openOf(view), whole, history, chosen })
      }
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

  /** Opens a recorder, and scrolls to it. */
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

  /** The line of a metric, if it is shown. */
  lineOf(key: string): HTMLElement | undefined {
    return this.#controls().find((each) => each.dataset.metric === key)?.parentElement ?? undefined
  }

  /** Moves up or down from the focused control, or from the selected metric, and selects the metric reached. */
  step(by: 1 | -1): void {
    const controls = this.#controls()
    const focused = controls.indexOf(document.activeElement as HTMLElement)
    const at = focused < 0 ? controls.findIndex((each) => each.dataset.metric === this.#shown.chosen) : focused
    const next = controls[Math.min(controls.length - 1, Math.max(0, at + by))]
    if (next === undefined) return
    if (next.dataset.metric !== undefined) this.#choose(next.dataset.metric)
    next.focus()
  }

  /** Opens or closes the recorder of the focused control; closing from a metric moves to its recorder. */
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
    this.#looks.observe(section.element)
    return section.element
  }

  #setOpen(recorderId: string, open: boolean): void {
    this.#opened.set(recorderId, open)
    this.#redraw()
  }

  #openOf({ metrics, recorder }: RecorderView): boolean {
    const decided = this.#opened.get(recorder.recorderId)
    if (decided !== undefined) return decided
    if (this.#areFew) return true
    if (!metrics.some((each) => keyOf(each) === this.#shown.chosen)) return false
    // It stays open when another metric is selected, because closing it would move everything below.
    this.#opened.set(recorder.recorderId, true)
    return true
  }

  #redraw(): void {
    const { chosen, recorders } = this.#shown
    this.#areFew = recorders.length <= Most && recorders.reduce((sum, each) => sum + each.metrics.length, 0) <= Most
    // The recorder of the selected metric is shown even if it is late in the order.
    const shown = this.#everyRecorder
      ? recorders
      : recorders.filter(({ metrics }, index) => index < Most || metrics.some((each) => keyOf(each) === chosen))
    this.#recorders.show(shown.map((view) => [view.recorder.recorderId, view]))
    const beyond = recorders.length - shown.length
    write(this.#more, `Show ${format(beyond, "count")} more recorders`)
    attribute(this.#more, "hidden", beyond === 0)
    this.#stop()
  }

  /** Recorders, metrics and buttons that show more of them, in visual order. */
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
