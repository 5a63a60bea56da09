// With durable state, a recorder that names a total leaves its counts to the total instead of the next recorder with
// its id.
import { describe, expect, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { CountMetrics, WorkMetrics, work } from "./fixtures/durable.metrics.ts"
import { folder, inRuntime as inAny, openStore } from "./support.ts"

const passing = (runtime: RuntimeService, totalOfRemoved: string | undefined, count: number) =>
  Effect.gen(function* () {
    const recorder = yield* runtime.createRecorder("a", totalOfRemoved === undefined ? undefined : { totalOfRemoved })
    yield* recorder.register(WorkMetrics)
    for (let n = 0; n < count; n++) yield* recorder.emit(work(n))
    yield* runtime.stopAndRemoveRecorder("a")
  })

/** The events in a scrape, by recorder. */
const counted = (runtime: RuntimeService) =>
  Effect.map(Prometheus.render().pipe(Effect.provideService(MetricsRuntime, runtime)), (text) =>
    Object.fromEntries(
      Array.from(text.matchAll(/^durable_millis_count\{recorder="([^"]*)".*\} (\d+)$/gm), ([, id, count]) => [
        id!,
        Number(count)
      ])
    )
  )

it.effect("is written with all totals that a recorder left to it in slices", () =>
  Effect.gen(function* () {
    // Each step of what is done in slices is a slice.
    let now = 0
    vi.spyOn(performance, "now").mockImplementation(() => (now += 1000))
    yield* Effect.addFinalizer(() => Effect.sync(() => vi.restoreAllMocks()))
    const { store } = openStore()
    yield* inAny({ store }, (runtime) =>
      Effect.gen(function* () {
        for (const _ of [1, 2]) {
          const recorder = yield* runtime.createRecorder("a", { totalOfRemoved: "all" })
          yield* recorder.register(CountMetrics)
          for (let n = 0; n < 1000; n++) yield* recorder.emit({ ...work(n), kind: `kind ${n}` })
          yield* runtime.stopAndRemoveRecorder("a")
        }
      })
    )
    const text = yield* inAny({ store }, (runtime) =>
      Effect.gen(function* () {
        yield* passing(runtime, "all", 0)
        return yield* Prometheus.render().pipe(Effect.provideService(MetricsRuntime, runtime))
      })
    )
    const counts = Array.from(text.matchAll(/^durable_count_total\{recorder="all".*\} (\d+)$/gm), ([, count]) => count)
    expect(counts).toEqual(new Array(1000).fill("2"))
  })
)

for (const [where, make] of [
  ["in process", MetricsRuntime.makeInProcess],
  ["on the worker", MetricsRuntime.makeWorker]
] as const) {
  describe(`a total of removed recorders, ${where}`, () => {
    it.effect("continues in the next process, and is counted once", () =>
      Effect.gen(function* () {
        const { store } = openStore()
        const durable = where === "in process" ? { store } : { directory: yield* folder }
        const inRuntime = <A>(run: (runtime: RuntimeService) => Effect.Effect<A, unknown>) => inAny(durable, run, make)
        yield* inRuntime((runtime) =>
          Effect.gen(function* () {
            yield* passing(runtime, "all", 5)
            yield* runtime.flush()
            expect((yield* runtime.stats).durable).toMatchObject({ unsaved: 0, discarded: 0 })
            yield* passing(runtime, "all", 3)
            expect(yield* counted(runtime)).toEqual({ all: 8 })
          })
        )
        yield* inRuntime((runtime) =>
          Effect.gen(function* () {
            yield* passing(runtime, "all", 2)
            expect(yield* counted(runtime)).toEqual({ all: 10 })
            yield* runtime.flush()
            expect((yield* runtime.stats).durable).toMatchObject({ unsaved: 0, discarded: 0 })
          })
        )
      })
    )

    it.effect("is in scrapes of the next process once a recorder names it, including recorders that were open", () =>
      Effect.gen(function* () {
        const { store } = openStore()
        const durable = where === "in process" ? { store } : { directory: yield* folder }
        const inRuntime = <A>(run: (runtime: RuntimeService) => Effect.Effect<A, unknown>) => inAny(durable, run, make)
        const open = (runtime: RuntimeService, count: number) =>
          Effect.gen(function* () {
            const recorder = yield* runtime.createRecorder("a", { totalOfRemoved: "all" })
            yield* recorder.register(WorkMetrics)
            for (let n = 0; n < count; n++) yield* recorder.emit(work(n))
          })
        yield* inRuntime((runtime) =>
          Effect.gen(function* () {
            yield* passing(runtime, "all", 5)
            // It is there when the runtime shuts down.
            yield* open(runtime, 3)
            expect(yield* counted(runtime)).toEqual({ a: 3, all: 5 })
          })
        )
        for (const before of [8, 10]) {
          yield* inRuntime((runtime) =>
            Effect.gen(function* () {
              yield* open(runtime, 2)
              expect(yield* counted(runtime)).toEqual({ a: 2, all: before })
            })
          )
        }
      })
    )

    it.effect("contains once the counts that a recorder restored and then left to it", () =>
      Effect.gen(function* () {
        const { store } = openStore()
        const durable = where === "in process" ? { store } : { directory: yield* folder }
        const inRuntime = <A>(run: (runtime: RuntimeService) => Effect.Effect<A, unknown>) => inAny(durable, run, make)
        yield* inRuntime((runtime) => passing(runtime, undefined, 4))
        yield* inRuntime((runtime) =>
          Effect.gen(function* () {
            yield* passing(runtime, "all", 5)
            expect(yield* counted(runtime)).toEqual({ all: 9 })
            yield* passing(runtime, "all", 1)
            expect(yield* counted(runtime)).toEqual({ all: 10 })
          })
        )
        yield* inRuntime((runtime) =>
          Effect.gen(function* () {
            yield* passing(runtime, "all", 3)
            expect(yield* counted(runtime)).toEqual({ all: 13 })
          })
        )
      })
    )

    it.effect("does not exist by default: a removed recorder's counts pass to the next recorder with its id", () =>
      Effect.gen(function* () {
        const { store } = openStore()
        const durable = where === "in process" ? { store } : { directory: yield* folder }
        yield* inAny(
          durable,
          (runtime) =>
            Effect.gen(function* () {
              yield* passing(runtime, undefined, 5)
              expect(yield* counted(runtime)).toEqual({})
              const recorder = yield* runtime.createRecorder("a")
              yield* recorder.register(WorkMetrics)
              expect(yield* counted(runtime)).toEqual({ a: 5 })
            }),
          make
        )
      })
    )
  })
}
