// Processes that append events, aggregators and the server are killed at random: each event is counted once.
// `npm run faults:streams -- --seeds 20` does so for longer.
import { describe, expect, it } from "@effect/vitest"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { runKills } from "../streams/kills/run.ts"
import { hasPostgres, hasRedis, makePostgres, makeRedis } from "./support/storeServers.ts"

describe.skipIf(!hasRedis())("a stream of events in Redis", () => {
  it("counts each event once, though the server loses the end of its log", async () => {
    await using server = await makeRedis()
    const store = RedisStore.make({ url: server.url, timeout: 1000 })
    const result = await runKills({ seed: 1, server, store, signal: "SIGKILL", loses: true, millis: 5000 })
    expect(result.problems).toEqual([])
    expect(result.events).toBeGreaterThan(1000)
  })
})

describe.skipIf(!hasPostgres())("a stream of events in PostgreSQL", () => {
  it("counts each event once", async () => {
    await using server = await makePostgres()
    const store = PostgresStore.make({ url: server.url, timeout: 1000 })
    const result = await runKills({ seed: 1, server, store, signal: "SIGQUIT", loses: false, millis: 5000 })
    expect(result.problems).toEqual([])
    expect(result.events).toBeGreaterThan(1000)
  })
})
