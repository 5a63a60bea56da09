/** A metric that goes on from the state that an earlier recorder of the id has left. */
import type * as Metric from "../metric/definition/metric.ts"
import { describeError } from "../util/describeError.ts"
import { RegisteredMetric } from "./registeredMetric.ts"
import { metricIn } from "./segment.ts"
import type { MetricOwner } from "./viewedMetric.ts"

/** `left`: what `LeftStates.pack` has serialised. `undefined`: it cannot be used, which was said. */
export const leftMetric = (
  metric: Metric.Any,
  index: number,
  left: Uint8Array,
  owner: MetricOwner,
  notKept: (name: string, reason: string) => void
): RegisteredMetric | undefined => {
  try {
    const saved = metricIn(left)
    const { createdAt, epoch, quarantine } = saved
    const cell = new RegisteredMetric(metric, index, epoch, createdAt, owner)
    // What was wrong with its functions may be mended by now: the process has ended since.
    const error = cell.load({ ...saved, isContinued: true, quarantine: undefined, viewFault: undefined }, undefined)
    if (error !== undefined) throw new Error(error)
    if (quarantine !== undefined) notKept(metric.name, resumed(quarantine))
    return cell
  } catch (error) {
    notKept(metric.name, `it could not be used, so the metric begins anew: ${describeError(error)}`)
    return undefined
  }
}

const resumed = ({ error, missed }: { readonly error: string; readonly missed: number }): string =>
  `it was quarantined and goes on, without the ${missed} events that it missed: ${error}`
