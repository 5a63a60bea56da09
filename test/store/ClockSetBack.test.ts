// The clock of a reader or an aggregator is set back: silent sources are detected as soon as otherwise.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type EventStoreService, MetricsStore, StateStore, type StoredSource } from "mvx-metrics/MetricsStore"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { ShopMetrics } from "../cluster/fixtures/shop.metrics.ts"
import { aggregator, at, producer, simulatingOutside, start } from "../streams/support/processes.ts"

it.effect("a reader treats a process that writes nothing as silent, although its own clock was set back", () =>
  Effect.gen(function* () {
    const source = { source: "one", epoch: 1, sequence: 1, hasEnded: false, isLasting: false }
    let age = 0
    const store = Layer.effect(
      StateStore,
      Effect.map(Effect.service(StateStore), (memory) => ({
        ...memory,
        read: ({ known }: Parameters<typeof memory.read>[0]) =>
          Effect.sync(
            (): ReadonlyArray<StoredSource> => [{ ...source, age, entries: known.has("one") ? undefined : new Map() }]
          )
      }))
    ).pipe(Layer.provide(MetricsStore.layerMemory))
    yield* TestClock.setTime(start)
    const reader = yield* MetricsStore.makeReader({ store, namespace: "test.clock", metrics: [ShopMetrics] })
    const state = Effect.map(reader.report, ({ sources }) => sources[0]?.state)
    expect(yield* state).toBe("running")
    yield* TestClock.setTime(start - 3_600_000)
    for (const [elapsed, expected] of [
      [20_000, "running"],
      [40_000, "silent"]
    ] as const) {
      yield* TestClock.adjust(20_000)
      age = elapsed
      expect(yield* state).toBe(expected)
    }
  }).pipe(Effect.scoped)
)

it.effect("an aggregator treats a process that appends nothing as ended, although its own clock was set back", () =>
  Effect.gen(function* () {
    let age = 0
    const memory = memoryEvents()
    const store: EventStoreService = {
      ...memory,
      join: (...args) =>
        Effect.map(memory.join(...args), (members) => ({
          ...members,
          sources: members.sources.map((source) => ({ ...source, age }))
        }))
    }
    const { emit, runtime } = yield* producer(store, 1)
    yield* emit(0, 10)
    yield* runtime.flush()
    const stream = yield* aggregator(store)
    yield* stream.foldNow
    yield* TestClock.setTime(at(0) - 3_600_000)
    for (const [elapsed, ended] of [
      [40_000, 0],
      [80_000, 1]
    ] as const) {
      yield* TestClock.adjust(40_000)
      age = elapsed
      yield* stream.foldNow
      expect((yield* stream.report).ended).toBe(ended)
    }
  }).pipe(Effect.scoped, simulatingOutside)
)
