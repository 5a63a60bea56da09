// A runtime reports the use of its limits: of the memory, the row types and the dictionary that its recorders share.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Metric, MetricsRuntime, type RuntimeStats } from "mvx-metrics"
import * as Facade from "mvx-metrics/promise"
import { onBothLayers } from "../support/bothLayers.ts"
import { done, Jobs } from "../support/exported.metrics.ts"
import { Folding } from "../support/folding.ts"

const statsNow = Effect.flatMap(MetricsRuntime, ({ stats }) => stats)

onBothLayers(
  "the stats of a runtime",
  (it) => {
    it.effect("have the limits of memory, types and strings", () =>
      Effect.gen(function* () {
        const { memory, strings, types } = yield* statsNow
        expect([memory.limit, types.limit, strings.limit]).toEqual([16 * 1024 * 1024, 65_520, 65_536])
      })
    )

    it.effect("count the registered recorders", () =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const { recorders } = yield* statsNow
        for (const id of ["one", "other"]) yield* runtime.createRecorder(id)
        yield* runtime.stopRecorder("one")
        expect((yield* statsNow).recorders).toBe(recorders + 2)
        yield* runtime.stopAndRemoveRecorder("other")
        expect((yield* statsNow).recorders).toBe(recorders + 1)
      })
    )

    it.effect("count a string once, whichever recorder has it", () =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const measure = Effect.fnUntraced(function* (id: string, queues: ReadonlyArray<string>) {
          const recorder = yield* runtime.createRecorder(id)
          yield* recorder.register(Jobs)
          for (const queue of queues) yield* recorder.emit(done(1, queue))
          yield* recorder.snapshots
          return yield* statsNow
        })
        const before = yield* statsNow
        // The layout of the events is told with their first one: the names of its fields are strings as well.
        const first = yield* measure("first", ["a"])
        yield* measure("second", ["a", "b", "c", "a", "b"])
        const { memory, strings, types } = yield* measure("third", ["c", "b", "a", "d"])
        expect(strings.used).toBe(first.strings.used + 3)
        expect([first.types.used, types.used]).toEqual([before.types.used + 1, before.types.used + 1])
        // All is folded: the page that is being written is left.
        expect(memory.used).toBe(262_144)
      })
    )
  },
  [new URL("../support/exported.metrics.ts", import.meta.url)]
)

describe("the stats of a runtime", () => {
  const limits = {
    recorders: 0,
    restarts: 0,
    memory: { used: 0, limit: 3 * 262_144 },
    types: { used: 0, limit: 65_520 },
    strings: { used: 0, limit: 65_536 }
  }

  it.effect("have the limits before it starts", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "idle", memoryLimit: 1_000_000 })
      expect(yield* runtime.stats).toEqual(limits)
    })
  )

  it("are a property of the runtime of the promise API", async () => {
    const runtime = await Facade.MetricsRuntime.start({ namespace: "plain", memoryLimit: 1_000_000, inProcess: true })
    await runtime.createRecorder("only")
    const stats: RuntimeStats = runtime.stats
    expect(stats).toEqual({ ...limits, recorders: 1, memory: { ...limits.memory, used: 262_144 } })
    await runtime.shutdown()
  })

  it("include the memory of all pending events", () => {
    const Family = Schema.TaggedUnion({ hit: { value: Schema.Number } })
    const folding = new Folding()
    const recorder = folding.recorder([Metric.histogram("h", { events: Family, value: "value", boundaries: [1] })])
    const hit = { _tag: "hit", value: 0.5 }
    // A row is a word of 8 bytes, of which a page has 32 768, but for some that say where things are.
    for (let i = 0; i < 100_000; i++) recorder.emit(hit, 0)
    expect(folding.writer.usage.memory.used).toBe(4 * 262_144)
    folding.fold()
    expect(folding.writer.usage.memory.used).toBe(262_144)
  })
})

it.effect("types are freed when the recorders of their layouts are gone", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "passing", logging: "silent" })
    yield* runtime.start
    for (let i = 0; i < 200; i++) {
      const events = Schema.TaggedUnion({ [`tag${i}`]: { [`n${i % 3}`]: Schema.Number } })
      const Sum = Metric.upDownCounter("sum", { events, value: `n${i % 3}` as never }) as Metric.Any
      const recorder = yield* runtime.createRecorder("one")
      yield* recorder.register(Sum)
      for (const value of [i, 0.5]) recorder.emitUnsafe({ _tag: `tag${i}`, [`n${i % 3}`]: value } as never)
      expect(yield* recorder.snapshots).toMatchObject({ sum: { dimensions: { value: i + 0.5 } } })
      yield* runtime.stopAndRemoveRecorder("one")
      // It may still be called.
      recorder.emitUnsafe({ _tag: `tag${i}`, [`n${i % 3}`]: 1 } as never)
    }
    // At the end of a turn, as many as are kept for recorders with the same metrics.
    yield* Effect.promise(() => Promise.resolve())
    expect((yield* runtime.stats).types.used).toBe(64)
  }).pipe(Effect.scoped)
)
