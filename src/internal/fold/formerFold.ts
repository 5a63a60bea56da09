/** What a fold has to know of the one whose place it has taken, as long as it comes to rows that lay in the log then. */
import type { Lane } from "../stream/commands.ts"
import type { Poison, Restore } from "../stream/restore.ts"

/** Of a lane that the fold before may have had. */
export interface FormerLane {
  /** Up to which sequence number changes have come. */
  readonly seen: number
  readonly poisons: ReadonlyArray<Poison>
}

export class FormerFold {
  readonly #seen: Map<Lane, number>
  /** Nobody looks at these any more, and what ended the fold before may be among their events. */
  readonly #gone: ReadonlySet<Lane>
  readonly #goneTo: number
  #poisons: ReadonlyArray<Poison>

  constructor({ gone, poisoned, seen }: Pick<Restore, "gone" | "poisoned" | "seen">) {
    this.#seen = new Map(seen)
    this.#gone = new Set(gone.lanes)
    this.#goneTo = gone.to
    this.#poisons = poisoned
  }

  isGone(lane: Lane): boolean {
    return this.#gone.has(lane)
  }

  /** Whether a position lies in the log that the fold before had. */
  hasReached(position: number): boolean {
    return position <= this.#goneTo
  }

  of(lane: Lane): FormerLane {
    return { seen: this.#seen.get(lane) ?? 0, poisons: this.#poisons.filter((poison) => poison.lane === lane) }
  }

  /** What had to be known of a lane to restore it is not of the next one with its number. */
  forget(lane: Lane): void {
    this.#seen.delete(lane)
    this.#poisons = this.#poisons.filter((poison) => poison.lane !== lane)
  }
}
