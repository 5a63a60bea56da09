/**
 * The operations of a recorder of this package that its service does not show, for its emitters, its runtime and
 * exporters. The service carries an opaque token for them under a key, so that copies of the service have it too.
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { RegisterError } from "../model/registerErrors.ts"
import type { Stats } from "../model/stats.ts"
import { opaque } from "../util/opaque.ts"
import type { ChangePulls } from "./changePulls.ts"
import type { RegisterOptions } from "./options.ts"
import { type RecorderService, RecorderTypeId } from "./service.ts"

export interface RecorderInternals {
  /** The functions as they were made. A copy of the service may have replaced them. */
  readonly emit: RecorderService["emit"]
  /** The clock the recorder was made with, which `emitUnsafe` uses. */
  readonly clock: Clock.Clock
  /** Emits immediately at the time of a fiber's clock, like {@link emitAt}. */
  readonly emitIn: (fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent) => boolean
  /** Emits immediately at the time of a clock. Never throws. Returns `false` if the event was refused. */
  readonly emitAt: (clock: Clock.Clock, event: MetricEvent) => boolean
  readonly statsUnsafe: () => Stats
  readonly metricsUnsafe: () => ReadonlyArray<Metric.Any>
  /** Whether a registered metric reads the events of a tag. */
  readonly reads: (tag: string) => boolean
  /** Only for a recorder of a runtime. */
  readonly pulls?: ChangePulls
}

/** The implementation of a service, except for what only the service has. */
export interface ServiceMembers extends RecorderInternals, Omit<RecorderService, "register" | "emitter"> {
  readonly registerMetrics: (
    metrics: Metric.Any | Metric.MetricSet,
    options?: RegisterOptions
  ) => Effect.Effect<void, RegisterError>
}

const { read, tokenOf } = opaque<ServiceMembers>()

/** What a service has under {@link RecorderTypeId}. */
export { tokenOf }

/** The members of a service of this package, or of a copy of one. */
export const membersOf = (service: RecorderService): ServiceMembers => read(service[RecorderTypeId])!

/** `undefined` for a recorder that is not of this package. */
export const internalsOf = (recorder: RecorderService): RecorderInternals | undefined => read(recorder[RecorderTypeId])

/** The same, if the service emits with its original functions and never waits, so that events can go straight in. */
export const atOnceOf = (recorder: RecorderService): RecorderInternals | undefined => {
  const internals = internalsOf(recorder)
  return internals?.emit === recorder.emit && recorder.overflow !== "backpressure" ? internals : undefined
}
