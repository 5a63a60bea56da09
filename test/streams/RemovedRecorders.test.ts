// The counts of a removed recorder in the reports of an aggregator: other processes continue with its id.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { aggregator, producer } from "./support/processes.ts"

for (const others of [0, 7]) {
  it.effect(
    `a removed recorder stays under its id, with ${others} events of another process, although its recorder names a total`,
    () =>
      Effect.gen(function* () {
        const store = memoryEvents()
        const one = yield* producer(store, 1, { totalOfRemoved: "total" })
        const two = yield* producer(store, 1)
        const stream = yield* aggregator(store)
        const counted = Effect.gen(function* () {
          yield* one.runtime.flush()
          yield* two.runtime.flush()
          yield* stream.foldNow
          const { recorders } = yield* stream.report
          return Object.entries(recorders).map(([id, { events }]) => [id, events.applied + events.ignored])
        })
        yield* one.emit(0, 10)
        yield* two.emit(0, others)
        expect(yield* counted).toEqual([["http", 10 + others]])
        yield* one.runtime.stopAndRemoveRecorder("http")
        expect(yield* counted).toEqual([["http", 10 + others]])
        yield* two.emit(others, others + 3)
        expect(yield* counted).toEqual([["http", 10 + others + 3]])
      }).pipe(Effect.scoped)
  )
}
