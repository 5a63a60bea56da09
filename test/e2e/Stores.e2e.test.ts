/** The stores of this package over their servers. */
import { afterAll, beforeAll, describe } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { stateStoreSuite } from "../store/stateStoreSuite.ts"
import { hasPostgres, hasRedis, makePostgres, makeRedis, type StoreServer } from "./support/storeServers.ts"

const stores = [
  { name: "Redis", has: hasRedis, make: makeRedis, layer: RedisStore.layer },
  { name: "PostgreSQL", has: hasPostgres, make: makePostgres, layer: PostgresStore.layer }
]

for (const { has, layer, make, name } of stores) {
  describe.skipIf(!has())(name, () => {
    let server: StoreServer
    beforeAll(async () => {
      server = await make()
      await server.start()
    })
    afterAll(() => server?.[Symbol.asyncDispose]())

    stateStoreSuite("as a store of states", Layer.unwrap(Effect.sync(() => layer({ url: server.url }))))
  })
}
