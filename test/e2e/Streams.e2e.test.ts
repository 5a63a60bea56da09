// Processes that append events, aggregators and the server are killed at random: each event is counted once. `npm run
// faults:streams -- --seeds 20` runs this for longer.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { EventStore, type StoreModule } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { createClient } from "redis"
import { ShopMetrics, Sold, sale } from "../cluster/fixtures/shop.metrics.ts"
import { runKills } from "../streams/kills/run.ts"
import { hasPostgres, hasRedis, makePostgres, makeRedis } from "./support/storeServers.ts"

/** Of names that are not for every server, some are removed before their process ends. */
const countsAnyRecorder = (store: StoreModule): Promise<void> =>
  Effect.gen(function* () {
    const namespace = "any recorder"
    const ids = ["plain", "a\0b", "a\ud800b", "a\ufffdb", "long".repeat(5000)]
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace, stream: { store, interval: "1 hour" } })
    yield* runtime.start
    for (const [i, id] of ids.entries()) {
      const recorder = yield* runtime.createRecorder(id)
      const { emit } = yield* recorder.register(ShopMetrics)
      for (let sold = 0; sold <= i; sold++) yield* emit(sale(1))
    }
    const stream = yield* MetricsStream.make({ namespace, metrics: [ShopMetrics], store, interval: "1 hour" })
    const sold = Effect.gen(function* () {
      yield* stream.foldNow
      const { recorders } = yield* stream.report
      return ids.map((id) => recorders[id]?.snapshots[Sold.name]?.dimensions)
    })
    const expected = ids.map((_, i) => expect.objectContaining({ value: i + 1 }))
    yield* runtime.flush()
    expect(yield* sold).toEqual(expected)
    for (const id of ids.slice(0, 3)) yield* runtime.stopAndRemoveRecorder(id)
    yield* runtime.flush()
    expect(yield* sold).toEqual(expected)
    yield* runtime.shutdown
    expect(yield* sold).toEqual(expected)
    expect((yield* stream.report).ended).toBe(1)
  }).pipe(Effect.scoped, Effect.runPromise)

describe.skipIf(!hasRedis())("a stream of events in Redis", () => {
  it("counts recorders with any name", async () => {
    await using server = await makeRedis()
    await server.start()
    await countsAnyRecorder(RedisStore.make({ url: server.url }))
  })

  it("counts each event once, even if the server loses the end of its log", async () => {
    await using server = await makeRedis()
    const store = RedisStore.make({ url: server.url, timeout: 1000 })
    const result = await runKills({ seed: 1, server, store, signal: "SIGKILL", loses: true, millis: 5000 })
    expect(result.problems).toEqual([])
    expect(result.events).toBeGreaterThan(1000)
  })

  it("restores a process from its own state if keys of its source are missing or of another type", async () => {
    await using server = await makeRedis()
    await server.start()
    const client = await createClient({ url: server.url }).connect()
    const batches = (...numbers: ReadonlyArray<number>) =>
      numbers.map((number) => ({ number, bytes: Buffer.from("b") }))
    await Effect.gen(function* () {
      const store = yield* EventStore
      const of = { namespace: "keys", source: "one", hasEnded: false }
      yield* store.append({ ...of, batches: batches(1, 2, 3, 4), oldest: 1 })
      // The server may evict what it knows of a source, if it is set up to evict at all.
      yield* Effect.promise(() => client.del("mvx-metrics:{keys}:event-sources"))
      expect(yield* store.append({ ...of, batches: [], oldest: 3 })).toMatchObject({ last: 2 })
      expect(yield* store.append({ ...of, batches: batches(3, 4), oldest: 3 })).toMatchObject({ last: 4 })
      expect((yield* store.read("keys", "one", 0, 1000)).map(({ number }) => number)).toEqual([3, 4])
      const events = "mvx-metrics:{keys}:events:two"
      yield* Effect.promise(() => client.set(events, "of somebody else"))
      const two = { ...of, source: "two", batches: batches(1), oldest: 1 }
      expect((yield* Effect.flip(store.append(two))).message).toContain("WRONGTYPE")
      expect(yield* Effect.promise(() => client.get(events))).toBe("of somebody else")
      yield* Effect.promise(() => client.del(events))
      expect(yield* store.append(two)).toMatchObject({ last: 1 })
    }).pipe(Effect.provide(RedisStore.layer({ url: server.url })), Effect.runPromise)
    client.destroy()
  })
})

describe.skipIf(!hasPostgres())("a stream of events in PostgreSQL", () => {
  it("counts recorders with any name", async () => {
    await using server = await makePostgres()
    await server.start()
    await countsAnyRecorder(PostgresStore.make({ url: server.url }))
  })

  it("counts each event once", async () => {
    await using server = await makePostgres()
    const store = PostgresStore.make({ url: server.url, timeout: 1000 })
    const result = await runKills({ seed: 1, server, store, signal: "SIGQUIT", loses: false, millis: 5000 })
    expect(result.problems).toEqual([])
    expect(result.events).toBeGreaterThan(1000)
  })
})
