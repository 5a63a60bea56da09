/** Metrics that go on from what was saved of them. */
import type * as Metric from "../metric/definition/metric.ts"
import { describeError } from "../util/describeError.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import { RegisteredMetric } from "./registeredMetric.ts"
import type { SavedMetric } from "./savedLane.ts"
import { metricIn } from "./segment.ts"
import type { MetricOwner } from "./viewedMetric.ts"

/** What was wrong with its functions may be mended by now. Throws where its state cannot be used. */
export function* resumed(
  metric: Metric.Any,
  index: number,
  saved: SavedMetric,
  owner: MetricOwner
): Steps<RegisteredMetric> {
  const cell = new RegisteredMetric(metric, index, saved.epoch, saved.createdAt, owner)
  const error = yield* cell.loading({ ...saved, quarantine: undefined, viewFault: undefined }, undefined)
  if (error !== undefined) throw new Error(error)
  return cell
}

/**
 * One that goes on from the state that an earlier recorder of the id has left. `left`: what `LeftStates.pack` has
 * serialised. `undefined`: it cannot be used, which was said.
 */
export const leftMetric = (
  metric: Metric.Any,
  index: number,
  left: Uint8Array,
  owner: MetricOwner,
  notKept: (name: string, reason: string) => void
): RegisteredMetric | undefined => {
  try {
    const saved = metricIn(left)
    const cell = allSteps(resumed(metric, index, { ...saved, isContinued: true }, owner))
    if (saved.quarantine !== undefined) {
      const { error, missed } = saved.quarantine
      notKept(metric.name, `it was quarantined and goes on, without the ${missed} events that it missed: ${error}`)
    }
    return cell
  } catch (error) {
    notKept(metric.name, `it could not be used, so the metric begins anew: ${describeError(error)}`)
    return undefined
  }
}
