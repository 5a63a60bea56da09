import type { Lane } from "../stream/commands.ts"

/** The consumers of touched lanes. Each takes the lanes independently. */
export type Toucher = "checkpoints" | "durable" | "store"

const bits: { readonly [by in Toucher]: number } = { checkpoints: 1, durable: 2, store: 4 }
const all = 7

/** The lanes that have had input since they were last taken. */
export class TouchedLanes {
  readonly #lanes: { [by in Toucher]: Array<Lane> } = { checkpoints: [], durable: [], store: [] }
  /** The consumers that have not taken each lane yet. */
  readonly #among: Array<number> = []

  touch(lane: Lane): void {
    const among = this.#among[lane] ?? 0
    if (among === all) return
    this.#among[lane] = all
    if ((among & bits.checkpoints) === 0) this.#lanes.checkpoints.push(lane)
    if ((among & bits.durable) === 0) this.#lanes.durable.push(lane)
    if ((among & bits.store) === 0) this.#lanes.store.push(lane)
  }

  /** Includes closed lanes. */
  take(by: Toucher): ReadonlyArray<Lane> {
    const lanes = this.#lanes[by]
    for (const lane of lanes) this.#among[lane]! &= ~bits[by]
    this.#lanes[by] = []
    return lanes
  }
}
