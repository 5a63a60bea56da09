/**
 * The service of a recorder: a frozen object of its documented members, with an opaque token for its implementation.
 */
import * as Effect from "effect/Effect"
import { aFamily, check } from "../model/optionChecks.ts"
import { emitterOf } from "./emitterOf.ts"
import { membersOf, type ServiceMembers, tokenOf } from "./internals.ts"
import { type RecorderService, RecorderTypeId } from "./service.ts"

/**
 * Members created on access: as properties they would cost each of ten thousand services a kilobyte. All services share
 * the getters, which find the members through the service that they are called on.
 */
const views: PropertyDescriptorMap = Object.fromEntries(
  (
    [
      "snapshots",
      "snapshot",
      "report",
      "states",
      "deltaReader",
      "flush",
      "metrics",
      "reset",
      "stats",
      "state",
      "start",
      "stop",
      "changes",
      "changesOf",
      "latestChanges"
    ] as const
  ).map((name) => [name, view((service) => membersOf(service)[name])])
)

/** A copy of a service returns emitters that emit like the copy. Called without a receiver, it uses the service. */
const called = (on: unknown, service: RecorderService): RecorderService =>
  (on as RecorderService | undefined)?.[RecorderTypeId] === service[RecorderTypeId] ? (on as RecorderService) : service

const register = view(
  (service): RecorderService["register"] =>
    function (this: unknown, metrics, options) {
      return Effect.map(membersOf(service).registerMetrics(metrics, options), () => emitterOf(called(this, service)))
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

/** `emitUnsafe` is a plain property, because a getter would add a step to each event. */
export const serviceOf = (members: ServiceMembers): RecorderService => {
  const { emit, emitUnsafe, entityId, overflow, recorderId } = members
  const own = { recorderId, entityId, overflow, emit, emitUnsafe, [RecorderTypeId]: tokenOf(members) }
  return Object.freeze(Object.defineProperties(own, { register, emitter, ...views })) as unknown as RecorderService
}
