/** The time limit of reads, flushes, starts and stops. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { WaitTimeout } from "../model/recorderErrors.ts"
import { within } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import type { RecorderHooks } from "./hooks.ts"
import type { Intake } from "./intake.ts"

/** The limit of the reads and flushes of this fiber, instead of the recorder's `waitTimeout`. */
export const CurrentWaitTimeout = Context.Reference<Duration.Input | undefined>(
  "mvx-metrics/internal/CurrentWaitTimeout",
  { defaultValue: () => undefined }
)

/** The recorder that is waited for. */
export interface Awaited {
  readonly config: { readonly recorderId: string; readonly waitTimeout: Duration.Input }
  readonly intake: Intake
  readonly hooks: Pick<RecorderHooks, "running">
}

/** The error of a wait that reached its limit. */
export const waitTimedOut = (
  { config, hooks, intake }: Awaited,
  operation: WaitTimeout["operation"],
  timeout: Duration.Input,
  sequence: number
): WaitTimeout => {
  const { recorderId } = config
  const { running: hook } = hooks
  const most = durationText(timeout)
  const folded = foldedOf(intake, sequence)
  return new WaitTimeout({ recorderId, operation, timeout: most, sequence, folded, ...(hook && { hook }) })
}

/** How many of the events up to this sequence number are folded. */
export const foldedOf = (intake: Intake, sequence: number): number => {
  intake.lookAtFold()
  return Math.min(intake.folded, sequence)
}

/** Waits for a start or a stop, which continues when the limit has passed. */
export const inTime = <E>(
  recorder: Awaited,
  operation: "start" | "stop",
  wait: Effect.Effect<void, E>
): Effect.Effect<void, E | WaitTimeout> => {
  const { waitTimeout } = recorder.config
  return within(waitTimeout, () =>
    Effect.fail(waitTimedOut(recorder, operation, waitTimeout, recorder.intake.accepted))
  )(wait)
}
