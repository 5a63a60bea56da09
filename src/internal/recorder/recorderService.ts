/**
 * The service of a recorder: a plain object, so that it can be copied with some of its functions replaced.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
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

export const serviceOf = (parts: RecorderParts): RecorderService => {
  /** A copy of the service gives emitters that emit as the copy does. */
  const called = (on: unknown): RecorderService =>
    (on as RecorderService | undefined)?.[RecorderTypeId] === parts ? (on as RecorderService) : service
  const service: RecorderService = {
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
    snapshots: Effect.suspend(() => parts.snapshots),
    snapshot: parts.snapshot,
    report: Effect.suspend(() => parts.report),
    states: Effect.suspend(() => parts.states),
    deltaReader: Effect.suspend(() => parts.deltaReader),
    metrics: Effect.suspend(() => parts.metrics),
    reset: parts.reset,
    stats: Effect.suspend(() => parts.stats),
    state: Effect.suspend(() => parts.state),
    start: Effect.suspend(() => parts.start),
    stop: Effect.suspend(() => parts.stop),
    changes: Stream.suspend(() => parts.changes),
    changesOf: parts.changesOf,
    latestChanges: Stream.suspend(() => parts.latestChanges),
    [RecorderTypeId]: parts
  }
  return service
}
