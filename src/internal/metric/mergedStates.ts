/** Merges several states of a metric, as if one recorder had taken the events of all. */
import type { Instrument } from "./definition/instrument.ts"
import type * as Metric from "./definition/metric.ts"
import { kindOf } from "./instruments/kinds.ts"
import type { Measure } from "./instruments/measure.ts"
import { mergeStates } from "./instruments/mergeStates.ts"
import { ended, isIdle, type SeriesState } from "./instruments/series.ts"

type State = SeriesState<unknown>

/** `states`: at least one. */
export const mergedStates = (metric: Metric.Any, states: ReadonlyArray<unknown>, now: number | undefined): unknown => {
  const { instrument, sources } = metric
  if (instrument !== undefined) {
    const { measure } = kindOf(instrument)
    return withoutEnded(instrument, measure, states as ReadonlyArray<State>, now).reduce((left, right) =>
      mergeStates(measure)(left, right, now)
    )
  }
  if (sources === undefined) return states.reduce((left, right) => metric.merge!(left, right, now))
  const of = (source: string) => states.map((state) => (state as { readonly [source: string]: unknown })[source])
  return Object.fromEntries(
    Object.entries(sources).map(([source, each]) => [source, mergedStates(each, of(source), now)])
  )
}

/**
 * The states, in which each series has expired that had no event for `expireAfter` when the same series of another
 * state began, because a single recorder would have started it again. All states must be examined together, because the
 * events of a third one may lie in between.
 */
const withoutEnded = (
  instrument: Instrument,
  measure: Measure<unknown, unknown>,
  states: ReadonlyArray<State>,
  now: number | undefined
): ReadonlyArray<State> => {
  if (instrument.expireAfter === undefined || states.length === 1) return states
  const latest = now ?? Number.POSITIVE_INFINITY
  const by = (time: number): number => Math.min(time, latest)
  const times = new Map<string, Array<readonly [born: number, seen: number]>>()
  for (const { idle } of states) {
    for (const [key, born] of Object.entries(idle?.born ?? {})) {
      // A clock that ran ahead: the series may have begun at any time.
      if (born > latest) continue
      const lives = times.get(key) ?? []
      times.set(key, lives)
      lives.push([born, by(idle!.seen[key]!)])
    }
  }
  const begins = new Map<string, number>()
  for (const [key, lives] of times) begins.set(key, lastBegin(instrument, lives))
  return states.map((state) => ended(measure, state, (key, seen) => by(seen) < begins.get(key)!, now))
}

/** When the last life began that does not continue another one. */
const lastBegin = (instrument: Instrument, lives: ReadonlyArray<readonly [born: number, seen: number]>): number => {
  const [first, ...rest] = lives.toSorted(([a], [b]) => a - b)
  let [begin, last] = first!
  for (const [born, seen] of rest) {
    if (isIdle(instrument, last, born)) begin = born
    last = Math.max(last, seen)
  }
  return begin
}
