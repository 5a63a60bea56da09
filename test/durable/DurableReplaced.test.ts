// Where states are durable, what a definition had counted that was replaced stays for those who add up processes.
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Metric, MetricsRuntime, type RecorderService, type RuntimeService } from "mvx-metrics"
import { MetricsStore, type StateStore } from "mvx-metrics/MetricsStore"
import { Parts, part } from "../support/addedUp.metrics.ts"
import { inRuntime, namespace, openStore } from "./support.ts"

const events = Schema.TaggedUnion({ "part.made": { kind: Schema.String, size: Schema.Number } })
const PartsBySize = Metric.counter("parts", { events, labels: ["size"] })

const emit = (recorder: RecorderService, count: number) =>
  Effect.forEach(Array(count), () => recorder.emit(part("a")), { discard: true })

it.effect(
  "a counter that was replaced is in the total of all processes over restarts, and goes on when it is back",
  () =>
    Effect.gen(function* () {
      const states = Layer.succeedContext(
        yield* Layer.build(Layer.fresh(MetricsStore.layerMemory))
      ) as Layer.Layer<StateStore>
      const { store } = openStore()
      const telling = <A>(run: (runtime: RuntimeService) => Effect.Effect<A, unknown>) =>
        inRuntime({ store }, (runtime) =>
          Effect.gen(function* () {
            yield* Layer.build(
              MetricsStore.layer({ store: states, every: "1 hour" }).pipe(
                Layer.provide(Layer.succeed(MetricsRuntime, runtime))
              )
            )
            return yield* run(runtime)
          }).pipe(Effect.scoped)
        )
      const reader = yield* MetricsStore.makeReader({ namespace, metrics: [Parts], store: states })
      const total = Effect.map(reader.report, ({ recorders }) => recorders.a?.snapshots.parts?.dimensions)
      const recorderOf = (runtime: RuntimeService, metric: typeof Parts | typeof PartsBySize) =>
        Effect.tap(runtime.createRecorder("a"), (recorder) => recorder.register(metric as typeof Parts))
      yield* telling((runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime, Parts)
          yield* emit(recorder, 10)
          yield* recorder.register(PartsBySize, { replace: true })
          yield* emit(recorder, 3)
          yield* runtime.flush()
          expect(yield* total).toMatchObject({ value: 10 })
        })
      )
      expect(yield* total).toMatchObject({ value: 10 })
      yield* telling((runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime, PartsBySize)
          yield* emit(recorder, 1)
          yield* runtime.flush()
          expect(yield* total).toMatchObject({ value: 10 })
          expect((yield* recorder.snapshot(PartsBySize)).dimensions).toMatchObject({ value: 4 })
          yield* recorder.register(Parts, { replace: true })
          yield* emit(recorder, 1)
          yield* runtime.flush()
          expect(yield* total).toMatchObject({ value: 11 })
        })
      )
      expect(yield* total).toMatchObject({ value: 11 })
      yield* telling((runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime, Parts)
          yield* emit(recorder, 1)
          yield* runtime.stopAndRemoveRecorder("a")
          yield* runtime.flush()
          expect(yield* total).toMatchObject({ value: 12 })
          const next = yield* recorderOf(runtime, PartsBySize)
          yield* emit(next, 1)
          // It began anew when it was replaced.
          expect((yield* next.snapshot(PartsBySize)).dimensions).toMatchObject({ value: 1 })
          yield* runtime.flush()
          expect(yield* total).toMatchObject({ value: 12 })
        })
      )
      expect(yield* total).toMatchObject({ value: 12 })
    }).pipe(Effect.scoped)
)
