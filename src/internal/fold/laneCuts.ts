/** What is being read of a lane. Readers share the series with the fold until they change. */
import type { Kernel } from "./kernels/kernel.ts"
import { SeriesCut, type SharedCopy } from "./kernels/seriesCut.ts"
import { LaterViews } from "./laterViews.ts"

export class LaneCuts {
  /** Allocated only while there are any, because a runtime may have 100 000 lanes. */
  #shared: Set<SeriesCut> | undefined
  /** The cuts made for the current read. */
  #made: Array<SeriesCut> | undefined
  readonly views = new LaterViews()

  /** Whether there are any. */
  get isAny(): boolean {
    return this.#shared !== undefined
  }

  cut(kernel: Kernel): SeriesCut {
    const cut = new SeriesCut(kernel, (released) => {
      if (this.#shared?.delete(released) === true && this.#shared.size === 0) this.#shared = undefined
    })
    this.#shared ??= new Set()
    this.#shared.add(cut)
    this.#made?.push(cut)
    return cut
  }

  /** Returns the result of `read`, and the cuts that it has made. */
  collect<A>(read: () => A): { readonly value: A; readonly made: ReadonlyArray<SeriesCut> } {
    const made: Array<SeriesCut> = []
    this.#made = made
    try {
      return { value: read(), made }
    } finally {
      this.#made = undefined
    }
  }

  /** The series are about to change: readers continue with a copy. */
  detach(): void {
    const copies = new Map<Kernel, SharedCopy>()
    for (const cut of this.#shared ?? []) cut.detach(copies)
    this.#shared = undefined
  }

  /** The same, where the metrics are about to be others. */
  end(): void {
    this.views.runAll()
    this.detach()
  }

  /** The same, if a reader whose clock is at `now` changes them. */
  rewind(now: number): void {
    for (const { kernel } of this.#shared ?? []) if (kernel.isAhead(now)) return this.detach()
  }
}
