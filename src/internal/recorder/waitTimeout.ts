/** The time limit of reads, starts and stops. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { WaitTimeout } from "../model/errors.ts"
import { within } from "../util/liveClock.ts"
import type { Intake } from "./intake.ts"

/** The error of someone who waited for so long. */
export const waitTimedOut = (
  recorderId: string,
  operation: WaitTimeout["operation"],
  timeout: Duration.Input,
  sequence: number,
  intake: Intake
): WaitTimeout => {
  intake.lookAtFold()
  const most = Duration.format(Duration.fromInputUnsafe(timeout))
  return new WaitTimeout({ recorderId, operation, timeout: most, sequence, folded: Math.min(intake.folded, sequence) })
}

/** Waits for a start or a stop, which goes on when the time is up. */
export const inTime = <E>(
  { config, intake }: { readonly config: WaitConfig; readonly intake: Intake },
  operation: "start" | "stop",
  wait: Effect.Effect<void, E>
): Effect.Effect<void, E | WaitTimeout> => {
  const { recorderId, waitTimeout } = config
  return within(waitTimeout, () =>
    Effect.fail(waitTimedOut(recorderId, operation, waitTimeout, intake.accepted, intake))
  )(wait)
}

interface WaitConfig {
  readonly recorderId: string
  readonly waitTimeout: Duration.Input
}
