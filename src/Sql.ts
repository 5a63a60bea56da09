/**
 * Measures the statements of Effect's `SqlClient`, by OpenTelemetry's conventions for database clients.
 *
 * | metric | kind | unit | labels |
 * | --- | --- | --- | --- |
 * | `db.client.operation.duration` | histogram | s | `db.system.name`, `db.namespace`, `db.operation.name`, `db.collection.name`, `error.type`, `server.address`, `server.port` |
 *
 * The operation is the keyword that a statement begins with, such as `SELECT`. The collection is its table, if it names
 * just one. Both come from the text of the statement, in which values are parameters. A text with several statements
 * has neither. `error.type` is the reason of the `SqlError`, such as `UniqueViolation`, or `aborted` for a statement
 * that was interrupted. The time includes the wait for a connection. The database and its server come from the driver's
 * span attributes, or from the {@link Options}.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { SqlClient } from "effect/sql"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Sql from "mvx-metrics/Sql"
 *
 * declare const PgLive: Layer.Layer<SqlClient.SqlClient>
 *
 * const makeSqlLive = () =>
 *   Sql.layer().pipe(
 *     Layer.provide(PgLive),
 *     Layer.provide(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
 *   )
 *
 * const findUser = Effect.fn("findUser")(function* (id: string) {
 *   const sql = yield* SqlClient.SqlClient
 *   return yield* sql`SELECT * FROM users WHERE id = ${id}` // SELECT of users
 * })
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { type Check, got, notBlank, positiveIntegerUpTo, refuse, whyInvalid } from "./internal/model/optionChecks.ts"
import { type MeasureError, measuringRecorder } from "./internal/runtime/measuring.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { measureSql } from "./internal/sql/measureSql.ts"
import { SqlMetrics } from "./internal/sql/metrics.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { MeasureError } from "./internal/runtime/measuring.ts"
export { SqlEvent, SqlMetrics } from "./internal/sql/metrics.ts"

/**
 * The options of {@link layer} and {@link client}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /**
   * The id of the recorder. All layers and functions that use the same id in a runtime share it, including
   * `Recorder.layer`. Default: `"sql"`.
   */
  readonly recorderId?: string
  /**
   * The name of the database on its server, for the label `db.namespace`. Default: the attribute of the driver's spans,
   * if there is one.
   */
  readonly namespace?: string
  /**
   * The host of the database, for the label `server.address`. Default: the attribute of the driver's spans, if there is
   * one.
   */
  readonly serverAddress?: string
  /**
   * The port of the database, for the label `server.port`. Default: the attribute of the driver's spans, if there is
   * one.
   */
  readonly serverPort?: number
}

const checks = {
  recorderId: notBlank,
  namespace: notBlank,
  serverAddress: notBlank,
  serverPort: positiveIntegerUpTo(65_535)
}

/**
 * Returns a client that measures its statements and otherwise keeps everything that the driver offers. Statements on a
 * reserved connection, and those that begin and end a transaction, are not measured.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import type { SqlClient } from "effect/sql"
 * import * as Sql from "mvx-metrics/Sql"
 *
 * const withMetrics = Effect.fn("withMetrics")(function* <Client extends SqlClient.SqlClient>(pg: Client) {
 *   return yield* Sql.client(pg)
 * })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const client = <Client extends SqlClient>(
  self: Client,
  options: Options = {}
): Effect.Effect<Client, MeasureError, MetricsRuntime | Scope.Scope> =>
  Effect.gen(function* () {
    yield* refuse(whyInvalid("self", self, aClient))
    const runtime = yield* providedRuntime(MetricsRuntime)
    const { emitUnsafe } = yield* measuringRecorder(runtime, SqlMetrics, "sql", options, checks)
    const { namespace, serverAddress, serverPort } = options
    return measureSql(self, emitUnsafe, { namespace, address: serverAddress, port: serverPort })
  })

const aClient: Check = (value) =>
  Predicate.hasProperty(value, "~effect/sql/SqlClient") ? undefined : `must be a SqlClient of Effect, got ${got(value)}`

/**
 * Provides a `SqlClient` that measures its statements, like {@link client}, based on the client that is provided to the
 * layer.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import type { SqlClient } from "effect/sql"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Sql from "mvx-metrics/Sql"
 *
 * const measured = <E>(database: Layer.Layer<SqlClient.SqlClient, E>) =>
 *   Sql.layer({ recorderId: "orders-database" }).pipe(
 *     Layer.provide(database),
 *     Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 *   )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<SqlClient, MeasureError, SqlClient | MetricsRuntime> =>
  Layer.effect(
    SqlClient,
    Effect.flatMap(SqlClient, (self) => client(self, options))
  )
