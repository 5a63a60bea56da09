/**
 * The events and metrics of a database client, by OpenTelemetry's conventions for database clients.
 */
import * as Schema from "effect/Schema"
import { histogram } from "../metric/histogram.ts"
import { module as moduleOf } from "../metric/metricSet.ts"

/**
 * The events of a database client. Times are in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export const SqlEvent = Schema.TaggedUnion({
  /** A statement has ended. */
  "db.client.operation": {
    /** The name of the database system in the conventions: `postgresql`. */
    system: Schema.String,
    /** The name of the database on its server, and the server, if the client or the options specify them. */
    namespace: Schema.optional(Schema.String),
    address: Schema.optional(Schema.String),
    port: Schema.optional(Schema.Number),
    /** The keyword that the statement begins with. Absent if there are several statements. */
    operation: Schema.optional(Schema.String),
    /** The table. Absent if there are several tables, or if no statement names one. */
    collection: Schema.optional(Schema.String),
    /** The reason of the error: `UniqueViolation`. */
    error: Schema.optional(Schema.String),
    seconds: Schema.Number
  }
})

/**
 * One of the events of the family.
 *
 * @category models
 * @since 0.2.0
 */
export type SqlEvent = typeof SqlEvent.Type

/**
 * All metrics of {@link SqlEvent}.
 *
 * @category models
 * @since 0.2.0
 */
export const SqlMetrics = moduleOf(import.meta.url, [
  histogram("db.client.operation.duration", {
    events: SqlEvent,
    value: "seconds",
    unit: "s",
    labels: {
      "db.system.name": "system",
      "db.namespace": "namespace",
      "db.operation.name": "operation",
      "db.collection.name": "collection",
      "error.type": "error",
      "server.address": "address",
      "server.port": "port"
    },
    boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    description: "Duration of database client operations."
  })
])
