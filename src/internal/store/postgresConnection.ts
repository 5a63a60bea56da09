/** A connection to PostgreSQL, over Effect's SQL client. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Scope from "effect/Scope"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import { Reconnecting } from "./reconnecting.ts"
import type { ServerSettings } from "./serverOptions.ts"

export interface PostgresConnection {
  /** For messages, without a password. */
  readonly place: string
  /** The prefix of all tables. */
  readonly prefix: string
  /** Uses the client, whose tables exist. */
  readonly use: <A, E>(
    operation: string,
    f: (sql: PgClient) => Effect.Effect<A, E>
  ) => Effect.Effect<A, MetricsStoreError>
}

/** A server accepts a hundred, and a store has a connection in each process. */
const MostConnections = 1

/** Until the scope closes. Connects on first use, and creates missing tables then. */
export const postgresConnection = Effect.fnUntraced(function* (
  settings: ServerSettings,
  makeTables: (sql: PgClient) => Effect.Effect<unknown, unknown>
): Effect.fn.Return<PostgresConnection, never, Scope.Scope> {
  const place = settings.place
  const client = new Reconnecting(yield* Effect.scope, {
    place,
    timeout: settings.timeout,
    connect: Effect.tap(connect(settings), makeTables),
    // Its pool replaces lost connections.
    isAlive: () => true
  })
  return { place, prefix: settings.prefix, use: (operation, f) => client.use(operation, f) }
})

const connect = Effect.fnUntraced(function* ({
  timeout,
  url
}: ServerSettings): Effect.fn.Return<PgClient, unknown, Scope.Scope> {
  // Imported here, because only the thread that uses it needs it.
  const { make } = yield* Effect.tryPromise({ try: () => import("@effect/sql-pg/PgClient"), catch: (error) => error })
  const made = make({
    url: Redacted.make(url),
    maxConnections: MostConnections,
    connectTimeout: timeout,
    applicationName: "mvx-metrics"
  })
  return yield* Effect.provideServiceEffect(made, Reactivity.Reactivity, Reactivity.make)
})
