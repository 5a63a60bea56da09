/** What a recorder leaves that is removed: to a total, to the next one of its id, and to those who add up processes. */
import type * as Metric from "../metric/definition/metric.ts"
import { type Command, MainStream } from "../stream/commands.ts"
import type { Steps } from "../util/steps.ts"
import type { EndedStates } from "./endedStates.ts"
import type { FoldTap } from "./foldTap.ts"
import type { LeftStates } from "./leftStates.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { ToldAccounts } from "./toldAccounts.ts"

/** The fold in which that is kept. */
interface Keeping {
  readonly tap: FoldTap | undefined
  readonly left: LeftStates | undefined
  readonly ended: EndedStates | undefined
  readonly accounts: ToldAccounts
  readonly latest: number
  readonly notKept: (recorderId: string, name: string, reason: string) => void
}

/** The lane that what a lane has counted goes to, and when. */
export type Total = NonNullable<Extract<Command, { readonly _tag: "Close" }>["total"]>

/**
 * The lane `closed` has come to its end at a position in the log. `totalId`: that of its total, if it is open. Until the
 * steps that are returned are taken, nothing is to be saved.
 */
export const leave = (
  { accounts, ended, latest, left, tap }: Keeping,
  closed: FoldLane,
  position: number,
  total: Total | undefined,
  totalId: string | undefined
): ReadonlyArray<Steps<void>> => {
  const { recorderId, stream } = closed
  // Whoever adds up processes has told it under its id, as other processes may go on to. Numbers of threads are no ids to be
  // kept apart by.
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

/** What a metric goes on from that is registered at this position. */
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
