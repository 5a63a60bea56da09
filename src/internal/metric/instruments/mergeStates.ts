/** Merges the states of two recorders. */
import { allSteps, type Steps } from "../../util/steps.ts"
import { laterTime } from "./laterTime.ts"
import type { Measure } from "./measure.ts"
import { type ByKey, type Idle, rewound, type SeriesState, seenBy, together } from "./series.ts"
import { StepSeries } from "./view.ts"

/**
 * The state of one recorder that took the events of both, some series at a time. Series are merged by their labels, and
 * may exceed the limit, which only bounds what one fold keeps.
 */
export function* mergeSteps<Point, Value>(
  measure: Measure<Point, Value>,
  one: SeriesState<Point>,
  other: SeriesState<Point>,
  now?: number
): Steps<SeriesState<Point>> {
  const left = now === undefined ? one : rewound(measure, one, now)
  const right = now === undefined ? other : rewound(measure, other, now)
  const merged = {
    series: yield* byKeySteps(left.series, right.series, measure.merge, now),
    rejected: left.rejected + right.rejected
  }
  if (left.idle === undefined || right.idle === undefined) return merged
  const idle: Idle<Point> = {
    born: yield* byKeySteps(left.idle.born, right.idle.born, (a, b) => Math.min(a, b)),
    seen: yield* byKeySteps(left.idle.seen, right.idle.seen, laterTime, now),
    lives: yield* byKeySteps(left.idle.lives, right.idle.lives, (a, b) => Math.max(a, b)),
    expiries: left.idle.expiries + right.idle.expiries,
    expired: together(measure.merge, left.idle.expired, right.idle.expired, now),
    sweptAt: together(laterTime, left.idle.sweptAt, right.idle.sweptAt, now)
  }
  return { ...merged, idle: now === undefined ? idle : seenBy(idle, now) }
}

export const mergeStates =
  <Point, Value>(measure: Measure<Point, Value>) =>
  (one: SeriesState<Point>, other: SeriesState<Point>, now?: number): SeriesState<Point> =>
    allSteps(mergeSteps(measure, one, other, now))

type Merge<A> = (left: A, right: A, now?: number) => A

function* byKeySteps<A>(left: ByKey<A>, right: ByKey<A>, merge: Merge<A>, now?: number): Steps<ByKey<A>> {
  const merged: Record<string, A> = {}
  let count = 0
  for (const key of Object.keys(left)) {
    if (++count % StepSeries === 0) yield
    merged[key] = left[key]!
  }
  for (const key of Object.keys(right)) {
    if (++count % StepSeries === 0) yield
    merged[key] = Object.hasOwn(merged, key) ? merge(merged[key]!, right[key]!, now) : right[key]!
  }
  return merged
}

/** The values of both by key, merged if both have a key. */
export const byKey = <A>(left: ByKey<A>, right: ByKey<A>, merge: Merge<A>, now?: number): ByKey<A> =>
  allSteps(byKeySteps(left, right, merge, now))
