/** What a fold has to know of the one whose place it has taken, as long as it comes to rows that lay in the log then. */
import type { Lane } from "../stream/commands.ts"
import type { Poison, Restore } from "../stream/restore.ts"
import type { LaneMetrics } from "./laneMetrics.ts"

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

// --- the metrics of a lane that are to be quarantined where they ended an earlier worker

/** How many events are to come before one takes effect that is not over. */
const least: { readonly [During in Poison["during"]]: number } = {
  fold: 1,
  view: 0,
  restore: Number.POSITIVE_INFINITY
}

/** By sequence numbers that have wrapped around at 2^32. */
const ahead = (poison: Poison, sequence: number): number => (poison.sequence - sequence) | 0

/** Those that take effect in a lane that has come to this sequence number, or `undefined`. */
export const poisonsAfter = (
  poisons: ReadonlyArray<Poison> | undefined,
  sequence: number
): ReadonlyArray<Poison> | undefined =>
  someOf(poisons?.filter((poison) => ahead(poison, sequence) >= least[poison.during]))

const someOf = <A>(array: ReadonlyArray<A> | undefined): ReadonlyArray<A> | undefined =>
  array?.length === 0 ? undefined : array

/**
 * Quarantines what is due before the event with this sequence number is folded, or, where `shows`, metrics are shown.
 * Returns the others. `tag`: of the event.
 */
export const poison = (
  poisons: ReadonlyArray<Poison>,
  metrics: LaneMetrics,
  sequence: number,
  shows: boolean,
  tag?: string
): ReadonlyArray<Poison> | undefined =>
  someOf(
    poisons.filter((each) => {
      const { during, error, name } = each
      const still = ahead(each, sequence)
      if (still > 0 || (during === "view" && !shows)) return true
      const metric = metrics.find(name)
      if (during === "view") metric?.failView(error)
      else if (still === 0) metric?.quarantine(`${error} at event ${sequence}${tag === undefined ? "" : `, ${tag}`}`)
      return false
    })
  )

/** Why the state of the metric with a name is not read. */
export const atRestore =
  (poisons: ReadonlyArray<Poison>) =>
  (name: string): string | undefined =>
    poisons.find((each) => each.during === "restore" && each.name === name)?.error
