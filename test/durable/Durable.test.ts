// The states of metrics outlive their runtime, on any thread that folds them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Schedule } from "effect"
import { MetricsError, MetricsRuntime, type RuntimeService } from "mvx-metrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { Count, Deadly, Last, Level, Millis, work } from "./fixtures/durable.metrics.ts"
import { durableWorkers, file, folder, inRuntime as inAny, namespace, recorderOf } from "./support.ts"

const emit = (runtime: RuntimeService, from: number, to: number, id = "a") =>
  Effect.gen(function* () {
    const found = Option.getOrUndefined(yield* runtime.findRecorder(id))
    const recorder = found ?? (yield* recorderOf(runtime, id))
    for (let n = from; n < to; n++) yield* recorder.emit(work(n))
    return yield* recorder.snapshots
  })

const restart = Schedule.spaced("1 milli")

const kept = [Count.name, Millis.name, Last.name] as const

for (const [where, make] of [
  ["in process", MetricsRuntime.makeInProcess],
  ["on the worker", MetricsRuntime.makeWorker]
] as const) {
  describe(`a runtime with durable state, ${where}`, () => {
    const inRuntime: typeof inAny = (durable, run) => inAny(durable, run, make)

    it.effect("restores counters, histograms and hand-written metrics, and starts with new levels", () =>
      Effect.gen(function* () {
        const durable = { directory: yield* folder }
        const before = yield* inRuntime(durable, (runtime) =>
          Effect.gen(function* () {
            yield* emit(runtime, 0, 100)
            const recorder = yield* runtime.getRecorder("a")
            yield* recorder.emit({ _tag: "durable.level", level: 7 })
            return yield* recorder.snapshots
          })
        )
        const [restored, after] = yield* inRuntime(durable, (runtime) =>
          Effect.gen(function* () {
            const restored = yield* emit(runtime, 0, 0)
            const recorder = yield* runtime.getRecorder("a")
            expect((yield* recorder.stats).accepted).toBe(0)
            const after = yield* emit(runtime, 100, 150)
            expect((yield* runtime.stats).durable).toMatchObject({ unsaved: 50, failures: 0, discarded: 0 })
            yield* runtime.flush()
            expect((yield* runtime.stats).durable).toMatchObject({ unsaved: 0, failure: undefined })
            return [restored, after] as const
          })
        )
        const all = yield* inAny({ directory: yield* folder }, (runtime) => emit(runtime, 0, 150))
        for (const name of kept) {
          expect(restored[name]).toEqual(before[name])
          expect(after[name]).toEqual(all[name])
        }
        expect(before[Level.name]!.dimensions).toMatchObject({ value: 7 })
        expect(restored[Level.name]!.dimensions).toMatchObject({ value: null })
        expect(readdirSync(durable.directory)).toEqual([file])
      })
    )

    it.live("is written at intervals, also while nothing is folded", () =>
      Effect.gen(function* () {
        const durable = { directory: yield* folder, interval: "1 milli" } as const
        yield* inRuntime(durable, (runtime) =>
          Effect.gen(function* () {
            yield* emit(runtime, 0, 10)
            const stats = Effect.map(runtime.stats, ({ durable }) => durable!)
            const { savedAt } = yield* Effect.repeat(Effect.andThen(nextTurn, stats), {
              until: ({ unsaved }) => unsaved === 0
            })
            yield* Effect.repeat(Effect.andThen(nextTurn, stats), { until: (later) => later.savedAt! > savedAt! })
          })
        )
      })
    )

    it.effect("does not start on a damaged state, and leaves it unchanged", () =>
      Effect.gen(function* () {
        const durable = { directory: yield* folder }
        yield* inAny(durable, (runtime) => emit(runtime, 0, 10))
        const path = join(durable.directory, file)
        const cut = readFileSync(path).subarray(0, -1)
        writeFileSync(path, cut)
        const error = yield* Effect.flip(inRuntime(durable, () => Effect.void))
        expect(error).toMatchObject({ _tag: "mvx-metrics/DurableStateError", problem: "damaged", path })
        expect(readFileSync(path)).toEqual(cut)
        expect(readdirSync(durable.directory)).toEqual([file])
      })
    )
  })
}

describe("durable state", () => {
  it.effect("belongs to one runtime at a time", () =>
    Effect.gen(function* () {
      const durable = { directory: yield* folder }
      const error = yield* inAny(durable, () => Effect.flip(inAny(durable, () => Effect.void)))
      expect(error).toBeInstanceOf(MetricsError.DurableStateError)
      expect((error as Error).message).toContain("in use by another runtime of this process")
      yield* inAny(durable, () => Effect.void)
    })
  )

  it.effect("of a dead worker passes to its replacement: nothing is lost and nothing counted twice", () =>
    Effect.gen(function* () {
      const durable = { directory: yield* folder }
      yield* inAny(durable, (runtime) => emit(runtime, 0, 10))
      const { spawn, workers } = durableWorkers()
      const runtime = yield* MetricsRuntime.makeWorker({ namespace, logging: "silent", durable, spawn, restart })
      yield* runtime.start
      yield* emit(runtime, 10, 20)
      yield* emit(runtime, 0, 5, "b")
      yield* runtime.flush()
      yield* runtime.stopAndRemoveRecorder("b")
      yield* emit(runtime, 20, 25)
      yield* Effect.promise(() => workers[0]!.terminate())
      const a = yield* emit(runtime, 25, 30)
      const b = yield* emit(runtime, 5, 10, "b")
      const [allOfA, allOfB] = yield* inAny({ directory: yield* folder }, (other) =>
        Effect.all([emit(other, 0, 30), emit(other, 0, 10, "b")])
      )
      for (const name of kept) {
        expect(a[name]).toEqual(allOfA[name])
        expect(b[name]).toEqual(allOfB[name])
      }
      yield* runtime.shutdown
      const restored = yield* inAny(durable, (other) => Effect.all([emit(other, 0, 0), emit(other, 0, 0, "b")]))
      for (const name of kept) expect(restored.map((each) => each[name])).toEqual([a[name], b[name]])
      expect(workers).toHaveLength(2)
    }).pipe(Effect.scoped)
  )

  it.effect("keeps no link to a recorder whose event ended workers, wherever the next recorder ends", () =>
    Effect.gen(function* () {
      const { spawn, workers } = durableWorkers()
      const durable = { directory: yield* folder }
      const runtime = yield* MetricsRuntime.makeWorker({ namespace, logging: "silent", durable, spawn, restart })
      yield* runtime.start
      const recorder = yield* recorderOf(runtime)
      yield* recorder.register(Deadly)
      yield* emit(runtime, 0, 10)
      yield* recorder.emit({ _tag: "durable.deadly" })
      const { [Deadly.name]: deadly } = yield* recorder.snapshots
      expect(deadly!.quarantine?.error).toContain("ended its worker twice in a row")
      yield* runtime.stopAndRemoveRecorder("a")
      yield* Effect.promise(() => workers[2]!.terminate())
      const after = yield* emit(runtime, 10, 15)
      const all = yield* inAny({ directory: yield* folder }, (other) => emit(other, 0, 15))
      for (const name of kept) expect(after[name]).toEqual(all[name])
      expect(workers).toHaveLength(4)
    }).pipe(Effect.scoped)
  )
})
