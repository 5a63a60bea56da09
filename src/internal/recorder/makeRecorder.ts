/** Assembles a recorder: an intake (the events), a lane (the fold), a lifecycle, and the delivery to listeners. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { LaneLink } from "../link/link.ts"
import { ChangeHub } from "./changeHub.ts"
import { RecorderControl } from "./control.ts"
import { FoldListener } from "./foldListener.ts"
import { RecorderHooks } from "./hooks.ts"
import { Intake } from "./intake.ts"
import { RecorderLifecycle } from "./lifecycle.ts"
import { Log } from "./logging.ts"
import { serviceOf } from "./makeService.ts"
import { RecorderMembers } from "./members.ts"
import { abort, type RecorderConfig, type RecorderParts } from "./parts.ts"
import { RecorderReads } from "./reads.ts"
import { Registrations } from "./registrations.ts"
import { RemoteIntake } from "./remoteIntake.ts"
import { RecorderSteps } from "./steps.ts"

/** Makes a recorder immediately. `context` is what its hooks run in. */
export const makeRecorder = <R>(config: RecorderConfig<R>, context: Context.Context<R>): RecorderControl => {
  const parts = new Parts(config, context)
  const control = new RecorderControl(parts, serviceOf(new RecorderMembers(parts)))
  parts.hub.update()
  const failure = config.link.failure()
  if (failure !== undefined) abort(parts, failure.cause)
  return control
}

class Parts<R> implements RecorderParts {
  readonly config: RecorderConfig<R>
  readonly clock: Clock.Clock
  readonly log: Log
  readonly registrations: Registrations
  readonly lifecycle: RecorderLifecycle
  readonly hooks: RecorderHooks<R>
  readonly laneLink: LaneLink
  readonly intake: Intake
  readonly hub: ChangeHub
  readonly reads: RecorderReads

  constructor(config: RecorderConfig<R>, context: Context.Context<R>) {
    const { capacity, link, logging, namespace, overflow, recorderId, remote } = config
    this.config = config
    this.clock = Context.get(context, Clock.Clock)
    this.log = new Log(logging, { namespace, recorderId })
    this.registrations = new Registrations(recorderId, link.catalog, link.expositionNames, link.flightLog !== undefined)
    this.lifecycle = new RecorderLifecycle(recorderId, new RecorderSteps(this))
    this.hooks = new RecorderHooks(this, context)
    const listener = new FoldListener(this)
    this.laneLink = remote === undefined ? link.openLane(listener) : remote.openLane(listener)
    const options = {
      capacity,
      overflow,
      laneLink: this.laneLink,
      layouts: this.registrations,
      recorder: this.lifecycle
    }
    this.intake = remote === undefined ? new Intake(options) : new RemoteIntake(options, remote)
    this.hub = new ChangeHub(this)
    this.reads = new RecorderReads(this)
  }
}
