/**
 * The service of a recorder: a plain object, so that it can be copied with some of its functions replaced.
 */
import * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import type { RegisterError } from "../model/errors.ts"
import { aFamily, check } from "../model/optionChecks.ts"
import { emitterOf } from "./emitterOf.ts"
import type { RecorderInternals } from "./internals.ts"
import { type RecorderService, RecorderTypeId, type RegisterOptions } from "./service.ts"

/** What the service is made of: all of it, but for what only the service gives. */
export interface RecorderParts extends RecorderInternals, Omit<RecorderService, "register" | "emitter"> {
  readonly registerMetrics: (
    metrics: Metric.Any | Metric.MetricSet,
    options?: RegisterOptions
  ) => Effect.Effect<void, RegisterError>
}

/**
 * What is made when it is looked at: as a property of each of ten thousand services it would cost a kilobyte of them. The
 * getters are the same for all services and find their parts in the service that they are called on.
 */
const views: PropertyDescriptorMap = Object.fromEntries(
  (
    [
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
  ).map((name) => [name, view((service) => partsOf(service)[name])])
)

/** A copy of a service gives emitters that emit as the copy does; taken out of it, as the service does. */
const called = (on: unknown, service: RecorderService): RecorderService =>
  (on as RecorderService | undefined)?.[RecorderTypeId] === service[RecorderTypeId] ? (on as RecorderService) : service

const register = view(
  (service): RecorderService["register"] =>
    function (this: unknown, metrics, options) {
      return Effect.map(partsOf(service).registerMetrics(metrics, options), () => emitterOf(called(this, service)))
    }
)

const emitter = view(
  (service): RecorderService["emitter"] =>
    function (this: unknown, family) {
      check("family", family, aFamily)
      return emitterOf(called(this, service))
    }
)

function view(get: (service: RecorderService) => unknown): PropertyDescriptor {
  return {
    enumerable: true,
    get(this: RecorderService) {
      return get(this)
    }
  }
}

const partsOf = (service: RecorderService): RecorderParts => service[RecorderTypeId] as RecorderParts

export const serviceOf = (parts: RecorderParts): RecorderService => {
  const { changesOf, emit, emitUnsafe, entityId, overflow, recorderId, reset, snapshot } = parts
  const own = { recorderId, entityId, overflow, emit, emitUnsafe, snapshot, changesOf, reset, [RecorderTypeId]: parts }
  return Object.defineProperties(own, { register, emitter, ...views }) as unknown as RecorderService
}
