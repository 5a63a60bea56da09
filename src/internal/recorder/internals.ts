/**
 * What a recorder of this package can do beside what its service offers, for its emitters, its runtime and exporters. A
 * token of it lies in the service under a key, so that copies of the service have it as well.
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
  /** Its functions as they were made. A copy of the service may have others in their place. */
  readonly emit: RecorderService["emit"]
  /** The clock it was made with, that of `emitUnsafe`. */
  readonly clock: Clock.Clock
  /** Emits at the time of a fiber's clock, at once, like {@link emitAt}. */
  readonly emitIn: (fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent) => boolean
  /** Emits at the time of a clock, at once. Never throws; `false`: the event was refused. */
  readonly emitAt: (clock: Clock.Clock, event: MetricEvent) => boolean
  readonly statsUnsafe: () => Stats
  readonly metricsUnsafe: () => ReadonlyArray<Metric.Any>
  /** Whether a registered metric reads the events of a tag. */
  readonly reads: (tag: string) => boolean
  /** Of a recorder of a runtime. */
  readonly pulls?: ChangePulls
}

/** What a service is made of: all of it, but for what only the service gives. */
export interface ServiceMembers extends RecorderInternals, Omit<RecorderService, "register" | "emitter"> {
  readonly registerMetrics: (
    metrics: Metric.Any | Metric.MetricSet,
    options?: RegisterOptions
  ) => Effect.Effect<void, RegisterError>
}

const { read, tokenOf } = opaque<ServiceMembers>()

/** What a service has under {@link RecorderTypeId}. */
export { tokenOf }

/** Of a service of this package, or a copy of one. */
export const membersOf = (service: RecorderService): ServiceMembers => read(service[RecorderTypeId])!

/** `undefined` for a recorder that somebody else made. */
export const internalsOf = (recorder: RecorderService): RecorderInternals | undefined => read(recorder[RecorderTypeId])

/** The same, where the service emits as it was made to, and never has to wait: events can go straight in. */
export const atOnceOf = (recorder: RecorderService): RecorderInternals | undefined => {
  const internals = internalsOf(recorder)
  return internals?.emit === recorder.emit && recorder.overflow !== "backpressure" ? internals : undefined
}
