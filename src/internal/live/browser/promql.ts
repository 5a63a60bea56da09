/** The PromQL queries of the selected metric, as in the generated dashboard, each with a copy button. */
import { attribute, element, write } from "./dom.ts"

interface Query {
  readonly title: string
  readonly expr: string
}

const ask = async (recorderId: string, metric: string): Promise<ReadonlyArray<Query>> => {
  const url = new URL("queries", import.meta.url)
  url.searchParams.set("recorder", recorderId)
  url.searchParams.set("metric", metric)
  const response = await fetch(url)
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}

/** If the clipboard is unavailable, as on plain HTTP, the selection is copied. */
const copy = async (code: HTMLElement): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "")
    return true
  } catch {
    getSelection()?.selectAllChildren(code)
    return document.execCommand("copy")
  }
}

export class PromQL {
  readonly toggle = element("button", { type: "button", "aria-expanded": "false", "aria-controls": "promql" }, "PromQL")
  readonly element = element("div", { id: "promql", hidden: true })
  readonly #list = element("ul", { "aria-label": "Queries in PromQL" })
  readonly #status = element("p", { role: "status" })
  #of: { readonly recorderId: string; readonly metric: string } | undefined

  constructor() {
    this.element.append(this.#list, this.#status)
    this.toggle.addEventListener("click", () => this.#open(this.element.hasAttribute("hidden")))
  }

  /** Sets the metric. For another metric than before, it closes. */
  show(recorderId: string, metric: string): void {
    if (this.#of?.recorderId === recorderId && this.#of.metric === metric) return
    this.#of = { recorderId, metric }
    this.#open(false)
  }

  #open(open: boolean): void {
    attribute(this.element, "hidden", !open)
    attribute(this.toggle, "aria-expanded", String(open))
    this.#list.replaceChildren()
    write(this.#status, "")
    if (open) this.#load()
  }

  async #load(): Promise<void> {
    const of = this.#of!
    try {
      const queries = await ask(of.recorderId, of.metric)
      if (of !== this.#of) return
      this.#list.replaceChildren(...queries.map((query) => this.#entry(query)))
      if (queries.length === 0) write(this.#status, "Prometheus shows nothing of this metric.")
    } catch (error) {
      if (of === this.#of) write(this.#status, `The queries cannot be had: ${(error as Error).message}`)
    }
  }

  #entry({ expr, title }: Query): HTMLElement {
    const code = element("code")
    write(code, expr)
    const button = element("button", { type: "button", "aria-label": `Copy the query of ${title}` }, "Copy")
    button.addEventListener("click", async () => {
      write(this.#status, (await copy(code)) ? `Copied: ${title}` : "Copying was refused. The query is selected.")
    })
    return element("li", {}, element("span", { class: "muted" }, title), code, button)
  }
}
