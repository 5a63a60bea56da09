// The service of a runtime is a plain object: exporters and recorders take a copy of it with some functions replaced.
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { MetricsLayer, MetricsRuntime, Recorder, type RuntimeService } from "mvx-metrics"
import * as LivePage from "mvx-metrics/LivePage"
import * as PromClient from "mvx-metrics/PromClient"
import * as Prometheus from "mvx-metrics/Prometheus"
import { Registry } from "prom-client"
import { Ticks, tick } from "../support/probe.metrics.ts"

const Metrics = MetricsLayer.layerInProcess({ namespace: "copies", logging: "silent" })

const copies: {
  readonly [how: string]: (runtime: RuntimeService, changed: Partial<RuntimeService>) => RuntimeService
} = {
  "a spread": (runtime, changed) => ({ ...runtime, ...changed }),
  "MetricsRuntime.of": (runtime, changed) => MetricsRuntime.of({ ...runtime, ...changed }),
  "Object.create": (runtime, changed) => Object.create(runtime, Object.getOwnPropertyDescriptors(changed)),
  "a mock that contains it": (runtime, changed) =>
    Context.get(
      Effect.runSync(Effect.scoped(Layer.build(Layer.mock(MetricsRuntime)({ ...runtime, ...changed })))),
      MetricsRuntime
    )
}

describe.for(Object.entries(copies))("a copy of a runtime by %s", ([, copied]) => {
  it.effect("creates recorders by its changed function, and exporters show them", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const made: Array<string> = []
      const copy = copied(runtime, {
        createRecorder: (recorderId, options) => {
          made.push(recorderId)
          return runtime.createRecorder(recorderId, options)
        }
      })
      yield* Effect.gen(function* () {
        const recorder = yield* copy.createRecorder("door")
        const metrics = yield* recorder.register(Ticks)
        yield* metrics.emit(tick(3))
        const text = yield* Prometheus.render()
        expect(text).toContain('probe_ticks{recorder="door",namespace="copies",dimension="sum"} 3')
        const registry = new Registry()
        const remove = PromClient.registerInto(registry, copy)
        expect(yield* Effect.promise(() => registry.metrics())).toMatch(/probe_ticks\{.*recorder="door".*\} 3/)
        remove()
        const page = yield* LivePage.handler()
        const response = yield* Effect.promise(() => page(new Request("http://localhost/metrics/live/data")))
        expect(response.status).toBe(200)
      }).pipe(Effect.provideService(MetricsRuntime, copy))
      expect(made).toEqual(["door"])
    }).pipe(Effect.scoped, Effect.provide(Metrics))
  )
})

it.effect("a mock without a runtime is rejected by name", () =>
  Effect.gen(function* () {
    const mock = Layer.mock(MetricsRuntime)({ namespace: "mock" })
    const defect = yield* Effect.catchDefect(Effect.provide(Prometheus.render(), mock), (defect) =>
      Effect.succeed(String(defect))
    )
    expect(defect).toBe(
      "mvx-metrics/InvalidArgument: runtime: must be a MetricsRuntime: the service of a layer of MetricsLayer, a copy of it, or what MetricsRuntime.start of mvx-metrics/promise returns"
    )
  })
)

it.effect("Recorder.layer creates its recorder through the runtime it is given", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const context = yield* Layer.build(
      Recorder.layer("door").pipe(Layer.provide(Layer.succeed(MetricsRuntime, { ...runtime })))
    )
    expect(Context.get(context, Recorder).recorderId).toBe("door")
  }).pipe(Effect.scoped, Effect.provide(Metrics))
)
