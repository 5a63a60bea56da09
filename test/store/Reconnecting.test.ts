// The server client of a store: the errors it reports.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { Reconnecting } from "../../src/internal/store/reconnecting.ts"

it.effect("the error reports why the server refused, not only that something failed", () =>
  Effect.gen(function* () {
    const refused = new ConnectionError({
      cause: new Error('database "metrics" does not exist.'),
      message: "PgConnection: Failed to connect"
    })
    const client = new Reconnecting(yield* Effect.scope, {
      place: "postgres://127.0.0.1/metrics",
      timeout: 1000,
      connect: Effect.fail(new SqlError({ reason: refused })),
      isAlive: () => true
    })
    const { message } = yield* Effect.flip(client.use("read", () => Effect.void))
    expect(message).toMatch(/^store "postgres:\/\/127.0.0.1\/metrics": read: database "metrics" does not exist\. Check/)
  })
)
