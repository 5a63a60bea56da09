/**
 * The service of a recorder: a plain object, so that it can be copied with some of its functions replaced.
 */
import * as Effect from "effect/Effect"
import type * as Metric from "../../Metric.ts"
import type { RegisterError } from "../../MetricsError.ts"
import { aFamily, whyInvalid } from "../options.ts"
import { emitterOf } from "./emitter.ts"
import type { RecorderInternals } from "./recorderInternals.ts"
import { type RecorderService, RecorderTypeId, type RegisterOptions } from "./recorderModel.ts"

/** What the service is made of: all of it, but for what only the service gives. */
export interface RecorderParts extends RecorderInternals, Omit<RecorderService, "register" | "emitter"> {
  readonly registerMetrics: (
    metrics: Metric.Any | Metric.MetricSet,
    options?: RegisterOptions
  ) => Effect.Effect<void, RegisterError>
}

/** What is made when it is looked at: as a property of each of ten thousand services it would cost a kilobyte of them. */
const viewed = [
  "snapshots",
  "report",
  "states",
  "deltaReader",
  "metrics",
  "stats",
  "state",
  "start",
  "stop",
  "changes",
  "latestChanges"
] as const

/** The same functions for all services, which find their parts in the service that they are called on. */
const views: PropertyDescriptorMap = Object.fromEntries(
  viewed.map((name) => [
    name,
    {
      enumerable: true,
      get(this: RecorderService) {
        return (this[RecorderTypeId] as RecorderParts)[name]
      }
    }
  ])
)

export const serviceOf = (parts: RecorderParts): RecorderService => {
  /** A copy of the service gives emitters that emit as the copy does. */
  const called = (on: unknown): RecorderService =>
    (on as RecorderService | undefined)?.[RecorderTypeId] === parts ? (on as RecorderService) : service
  const own: Omit<RecorderService, (typeof viewed)[number]> = {
    recorderId: parts.recorderId,
    entityId: parts.entityId,
    overflow: parts.overflow,
    register(metrics, options) {
      return Effect.map(parts.registerMetrics(metrics, options), () => emitterOf(called(this)))
    },
    emitter(family) {
      const invalid = whyInvalid("family", family, aFamily)
      if (invalid !== undefined) throw invalid
      return emitterOf(called(this))
    },
    emit: parts.emit,
    emitUnsafe: parts.emitUnsafe,
    snapshot: parts.snapshot,
    changesOf: parts.changesOf,
    reset: parts.reset,
    [RecorderTypeId]: parts
  }
  const service = Object.defineProperties(own, views) as RecorderService
  return service
}
