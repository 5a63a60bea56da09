/** What a removed recorder leaves: to a total, to the next recorder of its id, and to processes that add up counts. */
import type * as Metric from "../metric/definition/metric.ts"
import { type Command, MainStream } from "../stream/commands.ts"
import type { Steps } from "../util/steps.ts"
import type { EndedStates } from "./endedStates.ts"
import type { FoldTap } from "./foldTap.ts"
import type { LeftStates } from "./leftStates.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { ToldAccounts } from "./toldAccounts.ts"

/** The parts of the fold that keep it. */
interface Keeping {
  readonly tap: FoldTap | undefined
  readonly left: LeftStates | undefined
  readonly ended: EndedStates | undefined
  readonly accounts: ToldAccounts
  readonly latest: number
  readonly notKept: (recorderId: string, name: string, reason: string) => void
}

/** The lane that takes over a lane's counts, and the time. */
export type Total = NonNullable<Extract<Command, { readonly _tag: "Close" }>["total"]>

/**
 * Handles the end of the lane `closed` at a position in the log. `totalId`: the id of its total, if that is open.
 * Nothing may be saved until the returned steps are done.
 */
export const leave = (
  { accounts, ended, latest, left, tap }: Keeping,
  closed: FoldLane,
  position: number,
  total: Total | undefined,
  totalId: string | undefined
): ReadonlyArray<Steps<void>> => {
  const { recorderId, stream } = closed
  // Processes that add up counts know these counts under the total's id, which other processes may continue to use.
  // Recorders of threads have generated ids, which are not kept separately.
  const threadsId = stream === MainStream ? undefined : totalId
  tap?.closed(closed, threadsId)
  const endedId = threadsId ?? recorderId
  if (total !== undefined) ended?.totals.add(total.lane)
  const account = accounts.take(recorderId)
  const toEnded = ended?.leave(closed, endedId, position, Math.max(0, latest), account)
  const toLeft = total === undefined ? left?.leave(closed, position) : undefined
  if (total !== undefined) {
    left?.leaveToTotal(closed, position)
    // The total counts it as an event.
    left?.leaveEvents(closed.sequence - 1, position)
  }
  return [toEnded, toLeft].filter((steps) => steps !== undefined)
}

/** The state that a metric registered at this position continues from. */
export const leftFor = (
  fold: Keeping,
  { recorderId }: FoldLane,
  metric: Metric.Any,
  position: number
): Uint8Array | undefined => {
  const found = fold.left?.take(recorderId, metric, position)
  if (found?.changes === undefined) return found?.bytes
  const changes = found.changes.join(", ")
  fold.notKept(recorderId, metric.name, `its definition has changed in ${changes}, so it starts from its initial state`)
  return undefined
}
