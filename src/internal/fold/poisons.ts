/**
 * The metrics of a lane that are to be quarantined where they ended an earlier worker.
 */

import type { Poison } from "../stream/restore.ts"
import type { LaneMetrics } from "./laneMetrics.ts"

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
