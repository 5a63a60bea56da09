// Statements of Effect's SqlClient are measured, however they are run.

import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, SqlError, Statement } from "effect/sql"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Sql from "mvx-metrics/Sql"
import { statementTexts } from "../../src/internal/sql/statementText.ts"
import { valuesOf } from "./conventions.ts"
import { seriesOf } from "./support.ts"

const InProcess = MetricsLayer.layerInProcess({ namespace: "test.sql", logging: "silent" })

/** A database that takes two seconds for each statement. What it has seen is in `log`. */
const makeDatabase = (
  log: Array<string>,
  compiler = Statement.makeCompilerSqlite(),
  spanAttributes: ReadonlyArray<readonly [string, unknown]> = []
) => {
  const rows = [{ id: 1 }, { id: 2 }]
  const run = <A>(sql: string, result: A): Effect.Effect<A, SqlError.SqlError> => {
    log.push(sql)
    const reason = new SqlError.UniqueViolation({ cause: undefined, constraint: "users_pk" })
    const ended = sql.includes("twice") ? Effect.fail(new SqlError.SqlError({ reason })) : Effect.succeed(result)
    return Effect.andThen(Effect.sleep("2 seconds"), ended)
  }
  return SqlClient.make({
    acquirer: Effect.succeed({
      execute: (sql) => run(sql, rows),
      executeRaw: (sql) => run(sql, rows),
      executeStream: (sql) => Stream.fromIterableEffect(run(sql, rows)),
      executeValues: (sql) => run(sql, [[1], [2]]),
      executeValuesUnprepared: (sql) => run(sql, [[1], [2]]),
      executeUnprepared: (sql) => run(sql, rows)
    }),
    compiler,
    driver: "test",
    spanAttributes
  })
}

const database = (log: Array<string>, compiler?: Statement.Compiler) =>
  Layer.effect(SqlClient.SqlClient, makeDatabase(log, compiler)).pipe(Layer.provide(Reactivity.layer))

const measured = (metrics: Layer.Layer<MetricsRuntime, unknown> = InProcess, log: Array<string> = []) =>
  Sql.layer().pipe(Layer.provide(database(log)), Layer.provideMerge(metrics))

const read = Effect.gen(function* () {
  const recorder = yield* (yield* MetricsRuntime).getRecorder("sql")
  return yield* recorder.snapshots
})

const name = "db.client.operation.duration"

/** Runs it while the time passes that it takes. */
const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

const runtimes = {
  "in process": InProcess,
  "on the worker": MetricsLayer.layerWorker({ namespace: "test.sql.worker", logging: "silent" })
}

describe("a SQL client", () => {
  for (const [where, metrics] of Object.entries(runtimes)) {
    it.effect(`is measured by operation, table and error, ${where}`, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const selected = yield* run(sql`SELECT * FROM ${sql("users")} WHERE ${sql.in("id", [1, 2])}`)
        expect(selected).toEqual(Exit.succeed([{ id: 1 }, { id: 2 }]))
        yield* run(sql`INSERT INTO users ${sql.insert({ id: 1 })}`)
        const refused = yield* run(sql`INSERT INTO users ${sql.insert({ twice: 1 })}`)
        expect(Exit.isFailure(refused)).toBe(true)
        const waiting = yield* Effect.forkChild(sql`DELETE FROM users`, { startImmediately: true })
        yield* Fiber.interrupt(waiting)
        const system = { "db.system.name": "sqlite", "db.collection.name": "users" }
        expect(seriesOf(yield* read, name)).toEqual([
          { ...system, "db.operation.name": "SELECT", count: 1 },
          { ...system, "db.operation.name": "INSERT", count: 1 },
          { ...system, "db.operation.name": "INSERT", "error.type": "UniqueViolation", count: 1 },
          { ...system, "db.operation.name": "DELETE", "error.type": "aborted", count: 1 }
        ])
        expect(seriesOf(yield* read, name, "sum").map(({ sum }) => sum)).toEqual([2, 2, 2, 0])
      }).pipe(Effect.provide(measured(metrics)))
    )
  }

  it.effect("is measured once per execution, however a statement is run", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const statement = sql`SELECT id FROM users`
      const values = Exit.succeed([[1], [2]])
      const rows = Exit.succeed([{ id: 1 }, { id: 2 }])
      expect(yield* run(statement)).toEqual(rows)
      expect(yield* run(statement)).toEqual(rows)
      expect(yield* run(statement.raw)).toEqual(rows)
      expect(yield* run(statement.values)).toEqual(values)
      expect(yield* run(statement.valuesUnprepared)).toEqual(values)
      expect(yield* run(statement.unprepared)).toEqual(rows)
      expect(yield* run(statement.withoutTransform)).toEqual(rows)
      expect(yield* run(Stream.runCollect(statement.stream))).toEqual(rows)
      expect(yield* run(sql.unsafe("SELECT id FROM users"))).toEqual(rows)
      expect(yield* run(sql.safe`SELECT id FROM users`)).toEqual(rows)
      expect(yield* run(sql.withoutTransforms()`SELECT id FROM users`)).toEqual(rows)
      expect(yield* run(sql.withTransaction(statement))).toEqual(rows)
      expect(log.filter((each) => each === "SELECT id FROM users")).toHaveLength(12)
      expect(seriesOf(yield* read, name)).toMatchObject([{ "db.operation.name": "SELECT", count: 12 }])
      expect(seriesOf(yield* read, name, "sum")).toMatchObject([{ sum: 24 }])
    }).pipe(Effect.provide(measured(InProcess, log)))
  })

  it.effect("returns statements that can be nested in others, and keeps the members of its driver", () =>
    Effect.gen(function* () {
      const pg = Object.assign(yield* makeDatabase([]), { listen: "of the driver" as const })
      const sql = yield* Sql.client(pg)
      expect(sql.listen).toBe("of the driver")
      const inner = sql`SELECT id FROM users WHERE id > ${1}`
      expect(inner.compile()).toEqual(["SELECT id FROM users WHERE id > ?", [1]])
      expect(sql`SELECT count(*) FROM (${inner}) AS t`.compile()).toEqual([
        "SELECT count(*) FROM (SELECT id FROM users WHERE id > ?) AS t",
        [1]
      ])
      expect(sql("users")).toEqual(pg("users"))
    }).pipe(Effect.scoped, Effect.provide([InProcess, Reactivity.layer]))
  )

  it.effect.each([
    {
      told: [],
      options: { namespace: "orders", serverAddress: "db-1", serverPort: 5433 },
      labels: { "db.namespace": "orders", "server.address": "db-1", "server.port": 5433 }
    },
    {
      told: [
        ["db.namespace", "users"],
        ["server.address", "db-2"],
        ["server.port", 5432]
      ],
      options: {},
      labels: { "db.namespace": "users", "server.address": "db-2", "server.port": 5432 }
    },
    {
      told: [
        ["db.namespace", ""],
        ["server.address", undefined],
        ["server.port", Number.NaN]
      ],
      options: { namespace: "orders" },
      labels: { "db.namespace": "orders" }
    }
  ] as const)("has the database named by options or by the spans of its driver: $labels", ({ labels, options, told }) =>
    Effect.gen(function* () {
      const sql = yield* Sql.client(yield* makeDatabase([], undefined, told), options)
      yield* run(sql`SELECT 1`)
      const { count, ...found } = seriesOf(yield* read, name)[0]!
      expect(found).toEqual({ "db.system.name": "sqlite", "db.operation.name": "SELECT", ...labels })
    }).pipe(Effect.scoped, Effect.provide([InProcess, Reactivity.layer]))
  )

  it.effect.each([{ namespace: " " }, { serverAddress: "" }, { serverPort: 65_536 }])(
    "rejects the options %j",
    (options) =>
      Effect.gen(function* () {
        const refused = yield* Effect.exit(Sql.client(yield* makeDatabase([]), options))
        const error = Exit.isFailure(refused) ? Cause.squash(refused.cause) : undefined
        expect(error).toMatchObject({ _tag: "mvx-metrics/InvalidArgument", argument: Object.keys(options)[0] })
      }).pipe(Effect.scoped, Effect.provide([InProcess, Reactivity.layer]))
  )

  it.effect.each([
    ["sqlite", Statement.makeCompilerSqlite()],
    ["postgresql", dialect("pg")],
    ["mysql", dialect("mysql")],
    ["microsoft.sql_server", dialect("mssql")],
    ["clickhouse", dialect("clickhouse")]
  ] as const)("has the database system %s, as in the conventions", ([system, compiler]) =>
    Effect.gen(function* () {
      expect(valuesOf("DB_SYSTEM_NAME")).toContain(system)
      const sql = yield* SqlClient.SqlClient
      yield* run(sql`SELECT 1`)
      expect(seriesOf(yield* read, name)).toEqual([
        { "db.system.name": system, "db.operation.name": "SELECT", count: 1 }
      ])
    }).pipe(Effect.provide(Sql.layer().pipe(Layer.provide(database([], compiler)), Layer.provideMerge(InProcess))))
  )
})

function dialect(dialect: Statement.Dialect): Statement.Compiler {
  return Statement.makeCompiler({
    dialect,
    placeholder: () => "?",
    onIdentifier: (name) => name,
    onRecordUpdate: () => ["", []],
    onCustom: () => ["", []]
  })
}

describe("the text of a statement", () => {
  const describeText = statementTexts()
  it.each([
    ["SELECT * FROM users", "SELECT", "users"],
    ["\n  select 1", "SELECT", undefined],
    ['SELECT * FROM "app"."users" AS u JOIN app.users v ON true', "SELECT", "app.users"],
    ["SELECT * FROM users, groups", "SELECT", undefined],
    ["SELECT * FROM users JOIN groups ON true", "SELECT", undefined],
    ["SELECT * FROM generate_series(1, 2)", "SELECT", undefined],
    ["SELECT * FROM (SELECT * FROM users) t", "SELECT", "users"],
    ["(SELECT 1)", "SELECT", undefined],
    ["INSERT INTO users(id) VALUES (?) ON CONFLICT DO UPDATE SET id = 2", "INSERT", "users"],
    ["UPDATE ONLY users SET name = 'from groups'", "UPDATE", "users"],
    ["SELECT * FROM users FOR UPDATE SKIP LOCKED", "SELECT", "users"],
    ["DELETE FROM [users]", "DELETE", "users"],
    ["CREATE TABLE IF NOT EXISTS `users` (id int)", "CREATE", "users"],
    ["-- from groups\n/* from others */ SELECT id FROM users;", "SELECT", "users"],
    ["WITH u AS (SELECT * FROM users) SELECT * FROM u", "WITH", undefined],
    ["SELECT 1; DROP TABLE users", undefined, undefined],
    ["secret of a user", undefined, undefined],
    ["", undefined, undefined]
  ])("%j is %s of %s", (text, operation, collection) => {
    expect(describeText(text)).toEqual({ operation, collection })
  })
})
