/**
 * A store of metrics in PostgreSQL 13 or later, which the processes of an application share: see
 * `mvx-metrics/MetricsStore`. Needs the package `@effect/sql-pg`.
 *
 * @example
 * ```ts
 * import * as PostgresStore from "mvx-metrics/PostgresStore"
 *
 * const store = PostgresStore.make({ url: "postgres://metrics@127.0.0.1:5432/metrics" })
 * ```
 *
 * @since 0.2.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Check, notBlank } from "./internal/model/optionChecks.ts"
import { EventStore } from "./internal/store/eventStore.ts"
import { postgresConnection } from "./internal/store/postgresConnection.ts"
import { makeEventTables, postgresEvents } from "./internal/store/postgresEvents.ts"
import { makeStateTables, postgresStates } from "./internal/store/postgresStates.ts"
import { serverSettings } from "./internal/store/serverOptions.ts"
import { StateStore } from "./internal/store/stateStore.ts"
import { type StoreModule, storeModule } from "./internal/store/storeModule.ts"
import { siblingModule } from "./internal/util/siblingModule.ts"

/**
 * Where the store is.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** The URL of the database, with the user, and the password where it needs one. */
  readonly url: string
  /** What the names of the tables begin with: letters, digits and `_`. Default: `"mvx_metrics_"`. */
  readonly prefix?: string
  /** The time limit of each use of the server, connecting included, by the real clock. Default: 5 seconds. */
  readonly timeout?: Duration.Input
}

/**
 * Describes the store as plain data, so that it can be opened by the thread that folds. Throws `InvalidArgument` for an
 * invalid option. Connects to nothing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options): StoreModule => {
  const { place } = serverSettings(options, server)
  return storeModule(siblingModule("PostgresStore", import.meta.url), options, place)
}

/**
 * Provides the store. It connects when it is first used, so a server that cannot be reached fails each use and not the
 * layer. The first use makes the tables, if they are not there.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<StateStore | EventStore> =>
  Layer.effectContext(
    Effect.suspend(() => {
      const settings = serverSettings(options, server)
      const makeTables = (sql: PgClient) =>
        Effect.andThen(makeStateTables(settings.prefix)(sql), makeEventTables(settings.prefix)(sql))
      return Effect.map(postgresConnection(settings, makeTables), (connection) =>
        Context.add(Context.make(StateStore, postgresStates(connection)), EventStore, postgresEvents(connection))
      )
    })
  )

/** PostgreSQL cuts longer names. */
const aTablePrefix: Check = (value) =>
  notBlank(value) ??
  (/^[A-Za-z_]\w{0,39}$/.test(value as string) ? undefined : "must be at most 40 letters, digits and _")

const server = {
  protocols: ["postgres:", "postgresql:"],
  defaultPrefix: "mvx_metrics_",
  aPrefix: aTablePrefix
}
