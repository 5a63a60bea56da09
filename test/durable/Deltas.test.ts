// The counts of an earlier process were already shown: a delta reader starts after them.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsRuntime, type RecorderService, type Snapshot } from "mvx-metrics"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
import { Count, CountMetrics, Last, Millis, WorkMetrics, work } from "./fixtures/durable.metrics.ts"
import { folder, inRuntime as inAny, namespace, recorderOf } from "./support.ts"

const emit = (recorder: RecorderService, from: number, to: number) =>
  Effect.forEach(
    Array.from({ length: to - from }, (_, i) => work(from + i)),
    (event) => recorder.emit(event),
    { discard: true }
  )

/** How many events are new, as two metrics have them. */
const newIn = (snapshots: Snapshot.Snapshots): number => {
  const { value } = snapshots[Count.name]!.dimensions as { readonly value: number }
  expect(snapshots[Millis.name]!.dimensions).toMatchObject({ count: value })
  return value
}

for (const [where, make] of [
  ["in process", MetricsRuntime.makeInProcess],
  ["on the worker", MetricsRuntime.makeWorker]
] as const) {
  describe(`a delta reader of durable state, ${where}`, () => {
    const inRuntime: typeof inAny = (durable, run) => inAny(durable, run, make)

    it.effect(
      "starts from the restored state of the metrics, whether it is made before or after they are registered",
      () =>
        Effect.gen(function* () {
          const durable = { directory: yield* folder }
          yield* inRuntime(durable, (runtime) => Effect.flatMap(recorderOf(runtime), (a) => emit(a, 0, 10)))
          yield* inRuntime(durable, (runtime) =>
            Effect.gen(function* () {
              const recorder = yield* runtime.createRecorder("a")
              const early = yield* recorder.deltaReader
              yield* recorder.register(CountMetrics)
              yield* emit(recorder, 10, 11)
              yield* recorder.register(WorkMetrics)
              const late = yield* recorder.deltaReader
              yield* emit(recorder, 11, 15)
              const [first, second] = [yield* early.read, yield* late.read]
              expect(first[Count.name]).toMatchObject({ dimensions: { value: 5 } })
              expect(first[Millis.name]).toMatchObject({ dimensions: { count: 4 } })
              expect(newIn(second)).toBe(4)
              // By hand, without a difference: shown as a whole, as ever.
              expect(second[Last.name]).toEqual((yield* recorder.snapshots)[Last.name])
              yield* emit(recorder, 15, 17)
              expect([newIn(yield* early.read), newIn(yield* late.read)]).toEqual([2, 2])
              expect((yield* recorder.snapshots)[Count.name]).toMatchObject({ dimensions: { value: 17 } })
              yield* recorder.reset()
              yield* emit(recorder, 0, 3)
              expect(newIn(yield* early.read)).toBe(3)
              expect(newIn(yield* (yield* recorder.deltaReader).read)).toBe(3)

              // The next recorder of the id goes on as well.
              yield* runtime.stopAndRemoveRecorder("a")
              const next = yield* recorderOf(runtime)
              const { read } = yield* next.deltaReader
              expect(newIn(yield* read)).toBe(0)
              yield* emit(next, 0, 2)
              expect(newIn(yield* read)).toBe(2)
              // Nothing was there before it.
              const fresh = yield* recorderOf(runtime, "b")
              yield* emit(fresh, 0, 4)
              expect(newIn(yield* (yield* fresh.deltaReader).read)).toBe(4)
            })
          )
        })
    )

    it.effect("works the same without Effect", () =>
      Effect.gen(function* () {
        const durable = { directory: yield* folder }
        yield* inRuntime(durable, (runtime) => Effect.flatMap(recorderOf(runtime), (a) => emit(a, 0, 10)))
        yield* Effect.promise(async () => {
          const inProcess = where === "in process"
          await using runtime = await Facade.start({ namespace, durable, inProcess, logging: "silent" })
          const recorder = await runtime.createRecorder("a")
          await recorder.registerMetric(WorkMetrics)
          const reader = recorder.createDeltaReader()
          recorder.registerEvent(work(10))
          expect(newIn(await reader.read())).toBe(1)
        })
      })
    )
  })
}
