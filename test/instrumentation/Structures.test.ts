// Effect's queues and caches are measured.

import { describe, expect, it } from "@effect/vitest"
import { Cache, Data, Effect, Exit, Fiber, Queue } from "effect"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Caches from "mvx-metrics/Caches"
import * as Queues from "mvx-metrics/Queues"
import { seriesOf } from "./support.ts"

const runtimes = {
  "in process": MetricsLayer.layerInProcess({ namespace: "test.structures", logging: "silent" }),
  "on the worker": MetricsLayer.layerWorker({ namespace: "test.structures.worker", logging: "silent" })
}

const read = (recorderId: string) =>
  Effect.gen(function* () {
    const recorder = yield* (yield* MetricsRuntime).getRecorder(recorderId)
    return yield* recorder.snapshots
  })

const values = (recorderId: string, name: string) =>
  Effect.map(read(recorderId), (snapshots) => seriesOf(snapshots, name, "value"))

class NotFound extends Data.TaggedError("NotFound") {}

for (const [where, metrics] of Object.entries(runtimes)) {
  describe(`a queue, ${where}`, () => {
    it.effect("is measured at once and at each interval, until the scope closes", () =>
      Effect.gen(function* () {
        const jobs = yield* Queue.bounded<number>(10)
        const events = yield* Queue.unbounded<number>()
        yield* Queue.offerAll(jobs, [1, 2])
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Queues.observe("jobs", jobs, { interval: "1 minute" })
            yield* Queues.observe("events", events, { interval: "1 minute" })
            yield* Queue.offer(events, 1)
            yield* Queue.takeAll(jobs)
            const size = values("queues", "effect.queue.size")
            expect(yield* size).toEqual([
              { "effect.queue.name": "jobs", value: 2 },
              { "effect.queue.name": "events", value: 0 }
            ])
            yield* TestClock.adjust("1 minute")
            expect(yield* size).toEqual([
              { "effect.queue.name": "jobs", value: 0 },
              { "effect.queue.name": "events", value: 1 }
            ])
            expect(yield* values("queues", "effect.queue.capacity")).toEqual([
              { "effect.queue.name": "jobs", value: 10 }
            ])
          })
        )
        expect(yield* (yield* MetricsRuntime).recorderIds).toEqual([])
      }).pipe(Effect.provide(metrics))
    )
  })

  describe(`a cache, ${where}`, () => {
    it.effect("has hits, misses, lookups and a size", () =>
      Effect.gen(function* () {
        const cache = yield* Cache.make({
          capacity: 100,
          timeToLive: "1 hour",
          lookup: (id: number) =>
            id === 13
              ? Effect.fail(new NotFound())
              : id === 99
                ? Effect.never
                : Effect.as(Effect.sleep("2 seconds"), `user ${id}`)
        })
        const users = yield* Caches.observe("users", cache, { interval: "1 minute" })
        const asked = yield* Effect.forkChild(
          Effect.all([users.get(1), users.get(2), users.get(1)], { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        yield* TestClock.adjust("2 seconds")
        expect(yield* Fiber.join(asked)).toEqual(["user 1", "user 2", "user 1"])
        expect(yield* users.get(2)).toBe("user 2")
        expect(yield* Effect.exit(users.get(13))).toEqual(Exit.fail(new NotFound()))
        const waiting = yield* Effect.forkChild(users.get(99), { startImmediately: true })
        yield* Fiber.interrupt(waiting)
        // By itself: a lookup, and nobody knows what it was asked for by.
        const refreshed = yield* Effect.forkChild(Cache.refresh(users.cache, 1), { startImmediately: true })
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(refreshed)

        const snapshots = yield* read("caches")
        const named = { "effect.cache.name": "users" }
        expect(snapshots["effect.cache.hits"]?.dimensions).toMatchObject({ hits: 2, total: 6 })
        expect(seriesOf(snapshots, "effect.cache.lookup.duration")).toEqual([
          { ...named, count: 3 },
          { ...named, "error.type": "NotFound", count: 1 },
          { ...named, "error.type": "aborted", count: 1 }
        ])
        expect(seriesOf(snapshots, "effect.cache.lookup.duration", "sum")[0]).toEqual({ ...named, sum: 6 })
        expect(yield* values("caches", "effect.cache.size")).toEqual([{ ...named, value: 3 }])
        expect(yield* values("caches", "effect.cache.capacity")).toEqual([{ ...named, value: 100 }])
      }).pipe(Effect.scoped, Effect.provide(metrics))
    )
  })
}

describe("an invalid name or interval", () => {
  it.effect.each([
    [Effect.flatMap(Queue.unbounded(), (queue) => Queues.observe(" ", queue)), "name"],
    [
      Effect.flatMap(Queue.unbounded(), (queue) => Queues.observe("a", queue, { interval: "soon" as never })),
      "interval"
    ],
    [Effect.flatMap(Cache.make({ lookup: Effect.succeed, capacity: 1 }), (cache) => Caches.observe("", cache)), "name"]
  ] as const)("is rejected", ([observed, argument]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(observed as Effect.Effect<unknown, unknown, never>)
      expect(JSON.stringify(exit)).toContain(`"argument":"${argument}"`)
    }).pipe(Effect.scoped, Effect.provide(runtimes["in process"]))
  )
})
