/**
 * What a fold must know about the one it has replaced, until it has read the rows that were in the log at that time.
 */
import type { Lane } from "../stream/commands.ts"
import type { Poison, Restore } from "../stream/restore.ts"
import type { LaneMetrics } from "./laneMetrics.ts"

/** A lane that the previous fold may have had. */
export interface FormerLane {
  /** The sequence number up to which changes have arrived. */
  readonly seen: number
  readonly poisons: ReadonlyArray<Poison>
}

export class FormerFold {
  readonly #seen: Map<Lane, number>
  /** Lanes that are not read any more. Their events may include what ended the previous fold. */
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

  /** Whether a position is in the part of the log that the previous fold had. */
  hasReached(position: number): boolean {
    return position <= this.#goneTo
  }

  of(lane: Lane): FormerLane {
    return { seen: this.#seen.get(lane) ?? 0, poisons: this.#poisons.filter((poison) => poison.lane === lane) }
  }

  /** Forgets what was needed to restore a lane, because its number will belong to another recorder. */
  forget(lane: Lane): void {
    this.#seen.delete(lane)
    this.#poisons = this.#poisons.filter((poison) => poison.lane !== lane)
  }
}

// --- the metrics of a lane that are to be quarantined where they ended an earlier worker

/** How many more events must come before a poison is still pending. */
const least: { readonly [During in Poison["during"]]: number } = {
  fold: 1,
  view: 0,
  restore: Number.POSITIVE_INFINITY
}

/** Compares sequence numbers that wrap around at 2^32. */
const ahead = (poison: Poison, sequence: number): number => (poison.sequence - sequence) | 0

/** The poisons that take effect in a lane after this sequence number, or `undefined`. */
export const poisonsAfter = (
  poisons: ReadonlyArray<Poison> | undefined,
  sequence: number
): ReadonlyArray<Poison> | undefined =>
  someOf(poisons?.filter((poison) => ahead(poison, sequence) >= least[poison.during]))

const someOf = <A>(array: ReadonlyArray<A> | undefined): ReadonlyArray<A> | undefined =>
  array?.length === 0 ? undefined : array

/**
 * Quarantines what is due before the event with this sequence number is folded, or, if `shows`, before metrics are
 * shown. Returns the remaining poisons. `tag`: of the event.
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
