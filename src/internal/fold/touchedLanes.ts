import type { Lane } from "../stream/commands.ts"

/** Whom what came to a lane concerns: each takes the lanes for itself. */
export type Toucher = "checkpoints" | "durable" | "store"

const bits: { readonly [by in Toucher]: number } = { checkpoints: 1, durable: 2, store: 4 }
const all = 7

/** The lanes to which something came since they were last taken. */
export class TouchedLanes {
  readonly #lanes: { [by in Toucher]: Array<Lane> } = { checkpoints: [], durable: [], store: [] }
  /** Among which of them each lane is. */
  readonly #among: Array<number> = []

  touch(lane: Lane): void {
    const among = this.#among[lane] ?? 0
    if (among === all) return
    this.#among[lane] = all
    if ((among & bits.checkpoints) === 0) this.#lanes.checkpoints.push(lane)
    if ((among & bits.durable) === 0) this.#lanes.durable.push(lane)
    if ((among & bits.store) === 0) this.#lanes.store.push(lane)
  }

  /** Closed ones are among them. */
  take(by: Toucher): ReadonlyArray<Lane> {
    const lanes = this.#lanes[by]
    for (const lane of lanes) this.#among[lane]! &= ~bits[by]
    this.#lanes[by] = []
    return lanes
  }
}
