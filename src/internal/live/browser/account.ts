/**
 * Where every event of a recorder went.
 */
import { format } from "../model/format.ts"
import { refusals } from "../model/problems.ts"
import type { LiveRecorder } from "../model/update.ts"
import { attribute, element, write } from "./dom.ts"

const meanings = [
  ["accepted", "Events taken"],
  ["applied", "At least one metric took the event"],
  ["ignored", "No metric was concerned"],
  ["evicted", "Taken back to make room for newer ones"],
  ["refused", "Not taken"],
  ["pending", "Accepted and not yet folded"]
] as const

export class Account {
  readonly element = element("dl", { class: "account" })
  readonly #values = new Map<string, HTMLElement>()

  constructor() {
    for (const [name, meaning] of meanings) {
      const value = element("dd", {}, element("span"), element("small"))
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
    this.#set("refused", count(stats.refused), refusals(stats).join(", "), stats.refused > 0)
    const nearlyFull = stats.pending > stats.capacity * 0.8
    this.#set("pending", count(stats.pending), `of ${count(stats.capacity)}`, nearlyFull)
  }

  #set(name: string, value: string, more = "", bad = false): void {
    const cell = this.#values.get(name)!
    write(cell.firstElementChild!, value)
    write(cell.lastElementChild!, more)
    attribute(cell, "class", bad ? "bad" : undefined)
  }
}
