/**
 * What a recorder of this package can do beside what its service offers, for its emitters, its runtime and exporters. It
 * lies in the service under a key, so that copies of the service have it as well.
 */
import type * as Clock from "effect/Clock"
import type * as Fiber from "effect/Fiber"
import { NodeInspectSymbol } from "effect/Inspectable"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { Stats } from "../model/stats.ts"
import { type RecorderService, RecorderTypeId } from "./service.ts"

export abstract class RecorderInternals {
  /** Its functions as they were made. A copy of the service may have others in their place. */
  abstract readonly emit: RecorderService["emit"]
  /** The clock it was made with, that of `emitUnsafe`. */
  abstract readonly clock: Clock.Clock
  /** Emits at the time of a fiber's clock, at once, like {@link emitAt}. */
  abstract emitIn(fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent): boolean
  /** Emits at the time of a clock, at once. Never throws; `false`: the event was refused. */
  abstract emitAt(clock: Clock.Clock, event: MetricEvent): boolean
  abstract statsUnsafe(): Stats
  abstract metricsUnsafe(): ReadonlyArray<Metric.Any>
  /** Whether a registered metric reads the events of a tag. */
  abstract reads(tag: string): boolean

  /** They lead back to the service, which is printed without them. */
  toJSON(): undefined {
    return undefined
  }

  [NodeInspectSymbol](): string {
    return "[internals]"
  }
}

/** `undefined` for a recorder that somebody else made. A mock answers to any key. */
export const internalsOf = (recorder: RecorderService): RecorderInternals | undefined => {
  const internals = recorder[RecorderTypeId]
  return internals instanceof RecorderInternals ? internals : undefined
}

/** The same, where the service emits as it was made to, and never has to wait: events can go straight in. */
export const atOnceOf = (recorder: RecorderService): RecorderInternals | undefined => {
  const internals = internalsOf(recorder)
  return internals?.emit === recorder.emit && recorder.overflow !== "backpressure" ? internals : undefined
}
