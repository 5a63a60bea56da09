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
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type Check, notBlank } from "./internal/model/optionChecks.ts"
import type { EventStore } from "./internal/store/eventStore.ts"
import { postgresConnection } from "./internal/store/postgresConnection.ts"
import { makeEventTables, postgresEvents } from "./internal/store/postgresEvents.ts"
import { makeStateTables, postgresStates } from "./internal/store/postgresStates.ts"
import { type ServerOptions, serverStore, servicesOf } from "./internal/store/serverOptions.ts"
import type { StateStore } from "./internal/store/stateStore.ts"
import type { StoreModule } from "./internal/store/storeModule.ts"
import { siblingModule } from "./internal/util/siblingModule.ts"

export type { ServerOptions as Options } from "./internal/store/serverOptions.ts"

/** PostgreSQL cuts longer names. */
const aTablePrefix: Check = (value) =>
  notBlank(value) ??
  (/^[A-Za-z_]\w{0,39}$/.test(value as string) ? undefined : "must be at most 40 letters, digits and _")

const store = serverStore({
  protocols: ["postgres:", "postgresql:"],
  defaultPrefix: "mvx_metrics_",
  aPrefix: aTablePrefix,
  module: () => siblingModule("PostgresStore", import.meta.url),
  open: (settings) => {
    const makeTables = (sql: PgClient) =>
      Effect.andThen(makeStateTables(settings.prefix)(sql), makeEventTables(settings.prefix)(sql))
    return Effect.map(postgresConnection(settings, makeTables), (connection) =>
      servicesOf(postgresStates(connection), postgresEvents(connection))
    )
  }
})

/**
 * Describes the store as plain data, so that the thread that folds can open it. Throws `InvalidArgument` for an invalid
 * option. Does not connect.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make: (options: ServerOptions) => StoreModule = store.make

/**
 * Provides the store. It connects when it is first used. If the server cannot be reached, each use fails, but the layer
 * does not. The first use creates the tables if they do not exist.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: (options: ServerOptions) => Layer.Layer<StateStore | EventStore> = store.layer
