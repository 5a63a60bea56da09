/**
 * The list: each recorder with its account of events, and its metrics below, one a line.
 */
import { format } from "../internal/live/format.ts"
import type { History, MetricView, Row } from "../internal/live/history.ts"
import type { KindView } from "../internal/live/kindViews.ts"
import type { LiveRecorder } from "../internal/live/liveModel.ts"
import { attribute, Children, element, write, writeName } from "./dom.ts"
import { Sparkline } from "./sparkline.ts"

export interface RecorderView {
  readonly recorder: LiveRecorder
  /** How many events it has taken in the last second. */
  readonly acceptedPerSecond: number
  readonly metrics: ReadonlyArray<MetricView>
}

/** Which metric: it has the same key in all updates. */
export const keyOf = ({ metric, recorderId }: MetricView): string => JSON.stringify([recorderId, metric.name])

export interface Overview {
  readonly show: (recorders: ReadonlyArray<RecorderView>, history: History, chosen: string | undefined) => void
  /** The line of a metric, where it is shown. */
  readonly lineOf: (key: string) => HTMLElement | undefined
}

export const makeOverview = (parent: HTMLElement, slots: number, choose: (key: string) => void): Overview => {
  const lines = new Map<string, Line>()
  const sections = new WeakMap<Element, RecorderSection>()
  const recorders = new Children<RecorderView & { history: History; chosen: string | undefined }, HTMLElement>(
    parent,
    () => {
      const section = new RecorderSection(slots, choose, lines)
      sections.set(section.element, section)
      return section.element
    },
    (made, view) => sections.get(made)!.show(view, view.history, view.chosen)
  )
  return {
    show: (all, history, chosen) =>
      recorders.show(all.map((view) => [view.recorder.recorderId, { ...view, history, chosen }])),
    lineOf: (key) => lines.get(key)?.element
  }
}

class RecorderSection {
  readonly element = element("section", { class: "recorder" })
  readonly #title = element("h2")
  readonly #entity = element("span", { class: "muted" })
  readonly #state = element("span", { class: "state" })
  readonly #error = element("p", { class: "error", hidden: true })
  readonly #account = new Account()
  readonly #metrics: Children<{ view: MetricView; history: History; chosen: string | undefined }, HTMLLIElement>

  constructor(slots: number, choose: (key: string) => void, lines: Map<string, Line>) {
    const list = element("ul", { class: "metrics" })
    this.element.append(
      element("div", { class: "recorder-head" }, this.#title, this.#entity, this.#state),
      this.#account.element,
      this.#error,
      list
    )
    this.#metrics = new Children(
      list,
      ({ view }) => {
        const line = new Line(slots, () => choose(keyOf(view)))
        lines.set(keyOf(view), line)
        return line.element
      },
      (_, { chosen, history, view }) => lines.get(keyOf(view))!.show(view, history, chosen === keyOf(view))
    )
  }

  show({ acceptedPerSecond, metrics, recorder }: RecorderView, history: History, chosen: string | undefined): void {
    write(this.#title, recorder.recorderId)
    write(this.#entity, recorder.entityId === recorder.recorderId ? "" : recorder.entityId)
    write(this.#state, recorder.stats.state)
    attribute(this.#state, "data-state", recorder.stats.state)
    this.#account.show(recorder, acceptedPerSecond)
    write(this.#error, recorder.error ?? "")
    attribute(this.#error, "hidden", recorder.error === undefined)
    this.#metrics.show(metrics.map((view) => [keyOf(view), { view, history, chosen }]))
  }
}

/** Where every event went. */
class Account {
  readonly element = element("dl", { class: "account" })
  readonly #values = new Map<string, HTMLElement>()

  constructor() {
    for (const [name, meaning] of [
      ["accepted", "Events taken"],
      ["applied", "At least one metric took the event"],
      ["ignored", "No metric was concerned"],
      ["evicted", "Taken back to make room for newer ones"],
      ["refused", "Not taken"],
      ["pending", "Accepted and not yet folded"]
    ] as const) {
      const value = element("dd")
      this.#values.set(name, value)
      this.element.append(element("div", { title: meaning }, element("dt", {}, name), value))
    }
  }

  show({ stats }: LiveRecorder, perSecond: number): void {
    const count = (value: number): string => format(value, "count")
    this.#set("accepted", count(stats.accepted), format(Math.round(perSecond), "events"))
    this.#set("applied", count(stats.applied))
    this.#set("ignored", count(stats.ignored))
    this.#set("evicted", count(stats.evicted), "", stats.evicted > 0)
    const reasons = [
      ["overflow", stats.refusedBy.overflow],
      ["invalid", stats.refusedBy.invalid],
      ["not running", stats.refusedBy.notRunning]
    ] as const
    const refusedBy = reasons.flatMap(([reason, events]) => (events > 0 ? [`${count(events)} ${reason}`] : []))
    this.#set("refused", count(stats.refused), refusedBy.join(", "), stats.refused > 0)
    const nearlyFull = stats.pending > stats.capacity * 0.8
    this.#set("pending", count(stats.pending), `of ${count(stats.capacity)}`, nearlyFull)
  }

  #set(name: string, value: string, more = "", bad = false): void {
    const cell = this.#values.get(name)!
    if (cell.childElementCount === 0) cell.append(element("span"), element("small"))
    write(cell.firstElementChild!, value)
    write(cell.lastElementChild!, more)
    attribute(cell, "class", bad ? "bad" : undefined)
  }
}

/** One metric. */
class Line {
  readonly element = element("li")
  readonly #button = element("button", { type: "button", class: "metric" })
  readonly #name = element("span", { class: "name" })
  readonly #badge = element("span", { class: "badge", hidden: true })
  readonly #about = element("span", { class: "about" })
  readonly #value = element("span", { class: "value" })
  readonly #caption = element("span", { class: "caption" })
  readonly #spark = new Sparkline()
  readonly #slots: number

  constructor(slots: number, choose: () => void) {
    this.#slots = slots
    this.#button.append(
      element("span", { class: "what" }, element("span", { class: "line" }, this.#name, this.#badge), this.#about),
      this.#spark.element,
      element("span", { class: "figures" }, this.#value, this.#caption)
    )
    this.#button.addEventListener("click", choose)
    this.element.append(this.#button)
  }

  show({ metric, recorderId, rows, view }: MetricView, history: History, chosen: boolean): void {
    writeName(this.#name, metric.name)
    write(this.#about, metric.description ?? kindName(metric.kind))
    attribute(this.#button, "aria-current", chosen ? "true" : undefined)
    const problem = metric.quarantine !== undefined ? "quarantined" : overflows(metric.dimensions) ? "overflow" : ""
    write(this.#badge, problem)
    attribute(this.#badge, "hidden", problem === "")
    attribute(this.#badge, "data-problem", problem)
    const first = rows[0]
    if (view === undefined || first === undefined) {
      write(this.#value, "–")
      write(this.#caption, "")
      this.#spark.show([], this.#slots)
      return
    }
    const { headline, spark } = view
    // What is traced is of now, as the line is; what is shown of all time stands in the table.
    const recent = spark.unit === headline.unit ? first.now(spark) : null
    write(this.#value, format(recent ?? headline.cell(first.point), headline.unit, metric.unit))
    write(this.#caption, caption(view, first, metric.unit))
    this.#spark.show(history.trace(recorderId, metric.name, first.key, spark), this.#slots)
  }
}

/** What is traced, where that is something else than the value; otherwise what the value is. */
const caption = ({ headline, spark }: KindView, row: Row, unit: string | undefined): string => {
  if (spark.unit !== headline.unit) return format(row.now(spark), spark.unit, unit)
  return ["value", "ratio", "per second"].includes(headline.name) ? "" : headline.name
}

const overflows = (dimensions: unknown): boolean =>
  typeof dimensions === "object" && dimensions !== null && Object.hasOwn(dimensions, "overflow")

const kindNames: { readonly [kind: string]: string } = {
  upDownCounter: "up-down counter",
  exponentialHistogram: "exponential histogram",
  minMax: "least and greatest",
  distinct: "distinct values",
  custom: "own metric",
  derived: "computed from others"
}

export const kindName = (kind: string): string => kindNames[kind] ?? kind
