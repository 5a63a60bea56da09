// A service exposes exactly its documented members, also at run time: nothing leads to the internals of its recorder or
// runtime.
import { expect, it } from "@effect/vitest"
import { Effect, Predicate } from "effect"
import { Metric, MetricsRuntime, Recorder, type RecorderService, type RuntimeService } from "mvx-metrics"
import * as Promised from "mvx-metrics/promise"
import { TestRecorder } from "mvx-metrics/testing"
import { internalsOf } from "../../src/internal/recorder/internals.ts"
import { internalsOf as runtimeInternalsOf } from "../../src/internal/runtime/internals.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { onBothRuntimes } from "../support/bothRuntimes.ts"
import { ProbeEvent, Ticks, tick } from "../support/probe.metrics.ts"
import { reachable, undocumented } from "../support/reachable.ts"

type Members<Service> = { readonly [K in keyof Service as K extends `~${string}` ? never : K]-?: "function" | "value" }

const recorderMembers: Members<RecorderService> = {
  recorderId: "value",
  entityId: "value",
  overflow: "value",
  register: "function",
  emitter: "function",
  emit: "function",
  emitUnsafe: "function",
  snapshots: "value",
  snapshot: "function",
  report: "value",
  states: "value",
  deltaReader: "value",
  flush: "function",
  metrics: "value",
  reset: "function",
  stats: "value",
  state: "value",
  start: "value",
  stop: "value",
  changes: "value",
  changesOf: "function",
  latestChanges: "value"
}

const runtimeMembers: Members<RuntimeService> = {
  namespace: "value",
  state: "value",
  states: "value",
  stats: "value",
  start: "value",
  acceptThreads: "function",
  threadPort: "function",
  recorder: "function",
  createRecorder: "function",
  getRecorder: "function",
  findRecorder: "function",
  recorderIds: "value",
  stopRecorder: "function",
  stopAndRemoveRecorder: "function",
  beforeRemoval: "function",
  flush: "function",
  flightRecording: "function",
  shutdown: "value"
}

const emitterMembers = ["emit", "emitUnsafe", "onExit", "track"]

const methodsOf = (value: object): ReadonlyArray<object> => {
  const prototype = Object.getPrototypeOf(value) as object
  const owners = prototype === Object.prototype ? [value] : [value, prototype]
  return owners.flatMap((owner) =>
    Object.values(Object.getOwnPropertyDescriptors(owner)).flatMap(({ get, value: method }) =>
      [get, method].filter(Predicate.isFunction)
    )
  )
}

/** Nothing but these members, which cannot be replaced, and an opaque key; nothing in them leads to `internals`. */
const expectOnly = (service: object, members: { readonly [name: string]: string }, internals: object): void => {
  expect(Object.isFrozen(service)).toBe(true)
  const keys = Reflect.ownKeys(service).map(String)
  expect(keys.filter((key) => !key.startsWith("~")).sort()).toEqual(Object.keys(members).sort())
  const functions = Object.keys(members).filter((name) => members[name] === "function")
  expect(undocumented(service, functions)).toEqual([])
  expect(functions.filter((name) => !Predicate.isFunction((service as never)[name]))).toEqual([])
  const reached = reachable(service)
  expect(reached.has(internals)).toBe(false)
  const own = methodsOf(internals).filter((method) => !Object.values(service).includes(method))
  expect(own.length).toBeGreaterThan(3)
  expect(own.filter((method) => reached.has(method))).toEqual([])
}

onBothLayers("the service of a recorder", (it) => {
  it.effect("exposes the documented members only, and so do its emitters and delta readers", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ onMetricChanged: () => Effect.void })
      const emitter = yield* recorder.register(Ticks)
      yield* emitter.emit(tick())
      expectOnly(recorder, recorderMembers, internalsOf(recorder)!)
      for (const each of [emitter, recorder.emitter(ProbeEvent)]) {
        expect(Object.isFrozen(each)).toBe(true)
        expect(undocumented(each, emitterMembers)).toEqual([])
      }
      const reader = yield* recorder.deltaReader
      expect(Object.isFrozen(reader)).toBe(true)
      expect(Reflect.ownKeys(reader)).toEqual(["read"])
      expect(undocumented(reader, [])).toEqual([])
      yield* recorder.stop
    })
  )

  it.effect("exposes the same members in its copies", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expect(internalsOf({ ...recorder })).toBe(internalsOf(recorder))
      expect(internalsOf(recorder)).toBeDefined()
    })
  )
})

it.effect("the service of a recorder made alone exposes the documented members only", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make()
    expectOnly(recorder, recorderMembers, internalsOf(recorder)!)
  })
)

for (const [which, layer] of [
  ["TestRecorder.layer", TestRecorder.layer()],
  ["TestRecorder.layerSync", TestRecorder.layerSync()]
] as const) {
  it.effect(`the service of ${which} exposes the documented members only`, () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder
      expectOnly(recorder, recorderMembers, internalsOf(recorder)!)
    }).pipe(Effect.provide(layer))
  )
}

it.effect("the emitter of a component without a recorder exposes the documented members only", () =>
  Effect.gen(function* () {
    const emitter = yield* Recorder.register(Metric.counter("none", { events: ProbeEvent }))
    expect(Object.isFrozen(emitter)).toBe(true)
    expect(undocumented(emitter, emitterMembers)).toEqual([])
  })
)

it("an emitter of the promise API exposes the documented members only", async () => {
  await using runtime = await Promised.MetricsRuntime.start({ namespace: "opaque", inProcess: true })
  const recorder = await runtime.createRecorder("one")
  const emitter = recorder.emitter(ProbeEvent)
  expect(Object.isFrozen(emitter)).toBe(true)
  expect(undocumented(emitter, ["emit", "track"])).toEqual([])
})

onBothRuntimes("the service of a runtime", (make) => {
  it.effect("exposes the documented members only", () =>
    Effect.gen(function* () {
      const runtime = yield* make({ logging: "silent" })
      yield* runtime.start
      yield* runtime.createRecorder("first")
      expectOnly(runtime, runtimeMembers, runtimeInternalsOf(runtime))
      expect(runtimeInternalsOf(MetricsRuntime.of({ ...runtime }))).toBe(runtimeInternalsOf(runtime))
    })
  )
})
