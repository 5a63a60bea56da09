/**
 * `npm run faults:streams -- --seeds 20 --store redis --fsync everysec`: kills producers, aggregators and the server at
 * random, and checks whether every accepted event was counted once. The last line is the result as JSON. Exits with 1
 * if not.
 */
import { parseArgs } from "node:util"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { hasPostgres, hasRedis, makePostgres, makeRedis } from "../../e2e/support/storeServers.ts"
import { type KillsResult, runKills } from "./run.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "3" },
    first: { type: "string", default: "1" },
    millis: { type: "string", default: "6000" },
    store: { type: "string", default: "redis,postgres" },
    /** Of Redis. With `everysec`, it may lose more than the end that is cut off. */
    fsync: { type: "string", default: "always" }
  }
})

const stores = {
  redis: {
    has: hasRedis,
    make: () => makeRedis(values.fsync === "everysec" ? "everysec" : "always"),
    storeOf: RedisStore.make,
    signal: "SIGKILL",
    loses: true
  },
  // Its processes go with it at once, as after a crash.
  postgres: { has: hasPostgres, make: makePostgres, storeOf: PostgresStore.make, signal: "SIGQUIT", loses: false }
} as const

// So that the processes that were started end with this one.
process.once("SIGTERM", () => process.exit(1))

const results: Array<KillsResult & { readonly store: string }> = []
for (const name of ["redis", "postgres"] as const) {
  const { has, loses, make, signal, storeOf } = stores[name]
  if (!values.store.split(",").includes(name) || !has()) continue
  for (let i = 0; i < Number(values.seeds); i++) {
    const seed = Number(values.first) + i
    await using server = await make()
    const store = storeOf({ url: server.url, timeout: 1000 })
    const result = await runKills({ seed, server, store, signal, loses, millis: Number(values.millis) })
    results.push({ ...result, store: name })
    console.error(name, JSON.stringify(result))
  }
}
const sum = (of: (result: KillsResult) => number): number => results.reduce((all, result) => all + of(result), 0)
console.log(
  JSON.stringify({
    runs: results.length,
    events: sum(({ events }) => events),
    workersDied: sum(({ workersDied }) => workersDied),
    producersKilled: sum(({ producersKilled }) => producersKilled),
    aggregatorsKilled: sum(({ aggregatorsKilled }) => aggregatorsKilled),
    serverKilled: sum(({ serverKilled }) => serverKilled),
    lost: sum(({ lost }) => lost),
    problems: results.flatMap(({ problems, seed, store }) => problems.map((problem) => `${store} ${seed}: ${problem}`))
  })
)
process.exit(results.every(({ problems }) => problems.length === 0) ? 0 : 1)
