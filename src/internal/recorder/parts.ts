/**
 * The parts of one recorder. Each kind of access to a recorder has a file: its users (`service.ts`, `members.ts`,
 * `emission.ts`), its owner (`control.ts`), its lifecycle (`steps.ts`) and the fold (`foldListener.ts`).
 */
import type * as Clock from "effect/Clock"
import type { LaneLink, Link } from "../link/link.ts"
import type { ChangeHub } from "./changeHub.ts"
import type { RecorderHooks } from "./hooks.ts"
import type { Intake } from "./intake.ts"
import type { RecorderLifecycle } from "./lifecycle.ts"
import type { Log } from "./logging.ts"
import type { RecorderOptions } from "./options.ts"
import type { RecorderReads } from "./reads.ts"
import type { Registrations } from "./registrations.ts"
import type { RemoteEvents } from "./remoteIntake.ts"

/** Options with all defaults applied, without the hooks. */
interface RecorderSettings
  extends Required<
    Pick<
      RecorderOptions,
      "entityId" | "capacity" | "overflow" | "backpressureTimeout" | "logging" | "shutdownTimeout" | "waitTimeout"
    >
  > {
  readonly recorderId: string
  readonly namespace: string
  readonly link: Link
  /** The source of its events, if an attached thread writes them. */
  readonly remote?: RemoteEvents | undefined
}

/** Options with all defaults applied. */
export interface RecorderConfig<R>
  extends RecorderSettings,
    Pick<RecorderOptions<R>, "onStarting" | "onStopped" | "onMetricChanged"> {}

export interface RecorderParts {
  readonly config: RecorderSettings
  /** The clock it was made with. */
  readonly clock: Clock.Clock
  readonly log: Log
  readonly registrations: Registrations
  readonly lifecycle: RecorderLifecycle
  readonly hooks: Pick<RecorderHooks, "fork" | "interrupt" | "end" | "run" | "running" | "onChange">
  readonly laneLink: LaneLink
  readonly intake: Intake
  readonly hub: ChangeHub
  readonly reads: RecorderReads
}

/** Abandons whatever is running: the recorder goes to `Failed`. */
export const abort = ({ hooks, laneLink, lifecycle }: RecorderParts, cause: unknown): void => {
  lifecycle.fail(cause, true)
  laneLink.nextTurn(() => hooks.interrupt())
}
