/** What several states of a metric show together. */
import type { Steps } from "../util/steps.ts"
import type * as Metric from "./definition/metric.ts"
import type { Snapshot } from "./definition/snapshot.ts"
import { deltaViewSteps } from "./instruments/deltaView.ts"
import { kindOf } from "./instruments/kinds.ts"
import { mergeSteps } from "./instruments/mergeStates.ts"
import type { SeriesState } from "./instruments/series.ts"

/** A built-in metric is merged and viewed some series at a time; one that was written by hand with a call each. */
export function* mergedSnapshot(
  metric: Metric.Any,
  [first, ...rest]: ReadonlyArray<unknown>,
  now: number
): Steps<Snapshot> {
  const { instrument, name } = metric
  if (instrument === undefined) {
    const state = rest.reduce((left, right) => metric.merge!(left, right, now), first)
    return { name, dimensions: metric.view(state, now) }
  }
  const { measure } = kindOf(instrument)
  let state = first as SeriesState<unknown>
  for (const other of rest) state = yield* mergeSteps(measure, state, other as SeriesState<unknown>, now)
  return { name, dimensions: yield* deltaViewSteps(instrument, state, undefined, now) }
}
