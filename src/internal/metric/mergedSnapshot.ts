/** What several states of a metric show together. */
import { known, type Steps } from "../util/steps.ts"
import type { Bygone, SeriesShown } from "./definition/bygone.ts"
import type * as Metric from "./definition/metric.ts"
import type { Quarantine, Snapshot } from "./definition/snapshot.ts"
import { deltaViewSteps } from "./instruments/deltaView.ts"
import { kindOf } from "./instruments/kinds.ts"
import { mergeSteps } from "./instruments/mergeStates.ts"
import { isIdle, labelsOf, type SeriesState } from "./instruments/series.ts"
import { StepSeries } from "./instruments/view.ts"

/** The states that snapshots show. */
const states = new WeakMap<Snapshot, unknown>()

/** The state that such a snapshot shows. `undefined`: it shows none. */
export const shownState = (snapshot: Snapshot): unknown => states.get(snapshot)

/** The same snapshot of a metric that may be quarantined. */
export const withQuarantine = (snapshot: Snapshot, quarantine: Quarantine | undefined): Snapshot => {
  if (quarantine === undefined) return snapshot
  const quarantined = { ...snapshot, quarantine }
  const state = states.get(snapshot)
  if (state !== undefined) states.set(quarantined, state)
  return quarantined
}

/** A built-in metric is merged and viewed some series at a time; a hand-written one with one call each. */
export function* mergedSnapshot(
  metric: Metric.Any,
  [first, ...rest]: ReadonlyArray<unknown>,
  now: number
): Steps<Snapshot> {
  const { instrument, name } = metric
  if (instrument === undefined) {
    const state = rest.reduce((left, right) => metric.merge!(left, right, now), first)
    const snapshot = { name, dimensions: metric.view(state, now) }
    states.set(snapshot, state)
    return snapshot
  }
  const { measure } = kindOf(instrument)
  let state = first as SeriesState<unknown>
  for (const other of rest) state = yield* mergeSteps(measure, state, other as SeriesState<unknown>, now)
  const snapshot = { name, dimensions: yield* deltaViewSteps(instrument, state, undefined, now) }
  states.set(snapshot, state)
  return snapshot
}

/** The series of such a snapshot that have expired by `now`. `undefined`: they do not expire, or cannot be added up. */
export const mergedBygone = (
  { instrument }: Metric.Any,
  snapshot: Snapshot,
  now: number
): Steps<Bygone | undefined> => {
  const state = states.get(snapshot) as SeriesState<unknown> | undefined
  if (state?.idle === undefined || instrument === undefined) return known(undefined)
  const { adds, frame, show } = kindOf(instrument)
  return adds && instrument.labels.length > 0 ? bygone() : known(undefined)

  function* bygone(): Steps<Bygone> {
    const { expired, seen } = state!.idle!
    const series: Array<SeriesShown["series"][number]> = []
    let overflow: object | undefined
    let count = 0
    for (const [key, point] of Object.entries(state!.series)) {
      if (++count % StepSeries === 0) yield
      if (!isIdle(instrument!, seen[key]!, now)) continue
      const labels = labelsOf(instrument!, key)
      if (labels === undefined) overflow = show(point, now)
      else series.push({ ...show(point, now), labels })
    }
    return { idle: { ...frame, series, ...(overflow && { overflow }) } as SeriesShown, expired: show(expired, now) }
  }
}
