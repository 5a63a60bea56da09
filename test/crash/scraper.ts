/** Scrapes a runtime repeatedly while faults are injected into its workers. */
import { pause } from "./loaded.ts"
import type { LoadRuntime } from "./loadRuntimes.ts"
import type { Problem } from "./steps.ts"

const PauseMillis = 20

/** A scrape ends by itself after ten seconds. */
const HangsAfter = 12_000

const counted = /^load_count_total\{(.*)\} (\d+)$/gm
const recorderOf = /(?:^|,)recorder="([^"]*)"/

export class Scraper {
  answered = 0
  refused = 0
  longestMillis = 0
  readonly #runtime: LoadRuntime
  readonly #problem: (problem: Problem) => void

  constructor(runtime: LoadRuntime, problem: (problem: Problem) => void) {
    this.#runtime = runtime
    this.#problem = problem
  }

  async until(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#scrape()
      await pause(PauseMillis)
    }
  }

  /** The events that each recorder has counted. */
  async totals(): Promise<{ readonly [id: string]: number }> {
    const text = await this.#scrape()
    const totals: { [id: string]: number } = {}
    for (const [, labels, value] of text.matchAll(counted)) {
      const id = recorderOf.exec(labels!)?.[1] ?? ""
      totals[id] = (totals[id] ?? 0) + Number(value)
    }
    return totals
  }

  async #scrape(): Promise<string> {
    const start = performance.now()
    const response = await this.#runtime.scrape()
    const text = await response.text()
    const millis = performance.now() - start
    this.longestMillis = Math.max(this.longestMillis, millis)
    if (millis > HangsAfter) this.#problem({ kind: "hang", count: 1, text: `a scrape took ${millis} ms` })
    if (response.status === 200) this.answered++
    else if (response.status === 503 && text.trim() !== "") this.refused++
    else this.#problem({ kind: "wrong", count: 1, text: `a scrape was answered ${response.status}: ${text}` })
    return text
  }
}
