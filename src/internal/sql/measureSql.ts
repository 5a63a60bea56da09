/** Effect's SQL client, with each of its statements measured. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import { isFragment, type Statement } from "effect/sql/Statement"
import { errorTypeOfExit } from "../util/errorType.ts"
import { stopwatch } from "../util/timing.ts"
import type { SqlEvent } from "./metrics.ts"
import { statementTexts } from "./statementText.ts"

type AnyStatement = Statement<object>

/** Starts to measure a run of a statement. The returned function ends it. */
type Begin = (statement: AnyStatement, clock: Clock.Clock) => (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>

export type Database = Pick<SqlEvent, "namespace" | "address" | "port">

/** What the driver has passed to the client for its spans. It is not part of the type of a statement. */
const databaseOf = (client: SqlClient): Database => {
  const { spanAttributes } = client.unsafe("") as { readonly spanAttributes?: unknown }
  const attributes = new Map(Array.isArray(spanAttributes) ? (spanAttributes as ReadonlyArray<[string, unknown]>) : [])
  const text = (name: string): string | undefined => {
    const value = attributes.get(name)
    return typeof value === "string" && value !== "" ? value : undefined
  }
  const port = Number(attributes.get("server.port"))
  return {
    namespace: text("db.namespace"),
    address: text("server.address"),
    port: Number.isSafeInteger(port) && port > 0 ? port : undefined
  }
}

/** The client, including everything that its driver adds. Given values take precedence over those of the client. */
export const measureSql = <Client extends SqlClient>(
  client: Client,
  emit: (event: SqlEvent) => void,
  given: Database
): Client => {
  const system = client.onDialect({
    sqlite: () => "sqlite",
    pg: () => "postgresql",
    mysql: () => "mysql",
    mssql: () => "microsoft.sql_server",
    clickhouse: () => "clickhouse"
  })
  const told = databaseOf(client)
  const namespace = given.namespace ?? told.namespace
  const address = given.address ?? told.address
  const port = given.port ?? told.port
  const describe = statementTexts()
  return measuredClient(client, (statement, clock) => {
    const seconds = stopwatch(clock)
    return (exit) =>
      Effect.sync(() => {
        const { collection, operation } = describe(statement.compile()[0])
        const error = errorTypeOfExit(exit, (each) => (isSqlError(each) ? each.reason : each))
        emit({
          _tag: "db.client.operation",
          system,
          namespace,
          address,
          port,
          operation,
          collection,
          error,
          seconds: seconds()
        })
      })
  })
}

const measuredClient = <Client extends SqlClient>(client: Client, begin: Begin): Client => {
  const members = membersOf(begin)
  const measured = <Made>(made: Made): Made =>
    isFragment(made) && Effect.isEffect(made) ? (Object.create(made, members) as Made) : made
  const call = (...args: Parameters<SqlClient>): unknown => measured(client(...args))
  const self = Object.assign(call, client, {
    unsafe: (...args: Parameters<SqlClient["unsafe"]>) => measured(client.unsafe(...args)),
    withoutTransforms: () => measuredClient(client.withoutTransforms(), begin)
  }) as unknown as Client
  return Object.assign(self, { safe: self })
}

/** The members that replace those of a measured statement, from which it inherits the others. */
const membersOf = (begin: Begin): PropertyDescriptorMap => {
  const ran = <A, E, R>(statement: AnyStatement, run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => Effect.onExit(run, begin(statement, fiber.getRef(Clock.Clock))))
  const own = (statement: AnyStatement): AnyStatement => Object.getPrototypeOf(statement)
  const getter = (get: (statement: AnyStatement) => unknown): PropertyDescriptor => ({
    get(this: AnyStatement) {
      return get(own(this))
    }
  })
  const asEffect = Effectable.Prototype<AnyStatement>({
    label: "Statement",
    evaluate() {
      const statement = own(this)
      return ran(statement, statement)
    }
  })
  return {
    ...Object.getOwnPropertyDescriptors(asEffect),
    raw: getter((statement) => ran(statement, statement.raw)),
    withoutTransform: getter((statement) => ran(statement, statement.withoutTransform)),
    values: getter((statement) => ran(statement, statement.values)),
    valuesUnprepared: getter((statement) => ran(statement, statement.valuesUnprepared)),
    unprepared: getter((statement) => ran(statement, statement.unprepared)),
    stream: getter((statement) =>
      Stream.unwrap(
        Effect.withFiber((fiber) =>
          Effect.succeed(Stream.onExit(statement.stream, begin(statement, fiber.getRef(Clock.Clock))))
        )
      )
    )
  }
}
