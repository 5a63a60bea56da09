/** The scrapes of a fold that are in progress. */
import type { Render } from "../stream/commands.ts"
import { type RenderedFold, renderLanes } from "./renderScrape.ts"
import type { Work } from "./slices.ts"

export class FoldRenders {
  readonly #works = new Map<number, Work>()

  begin(render: Render, fold: RenderedFold): void {
    const { request } = render
    let hasEnded = false
    const work = renderLanes(render, fold, () => {
      hasEnded = true
      this.#works.delete(request)
    })
    if (!hasEnded) this.#works.set(request, work)
  }

  /** Drops a scrape that is no longer wanted. */
  drop(request: number): void {
    this.#works.get(request)?.drop()
  }
}
