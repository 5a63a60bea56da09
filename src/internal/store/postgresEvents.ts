/** Events in PostgreSQL: tables of sources, of their batches, of their folded states, and of the aggregators. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import { chunksOf } from "effect/Array"
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import {
  type EventBatch,
  type EventCommit,
  type EventEnd,
  type EventSource,
  type EventStoreService,
  Total
} from "./eventStore.ts"
import type { PostgresConnection } from "./postgresConnection.ts"

/** An arbitrary number, so that only one connection at a time creates the tables. */
const TablesLock = 7_261_944

/** A statement has at most 65 535 parameters. */
const RowsAtOnce = 1000

/** The maximum number of batches read at once, whatever their size. */
const MostBatches = 1000

/** Does nothing if they exist. */
export const makeEventTables =
  (prefix: string) =>
  (sql: PgClient): Effect.Effect<void, SqlError> => {
    const make = Effect.gen(function* () {
      yield* sql`select pg_advisory_xact_lock(${TablesLock})`
      yield* sql`create table if not exists ${sql(`${prefix}event_sources`)} (
        namespace text not null, source text not null, last bigint not null, position bigint not null,
        version text not null, is_retired boolean not null, has_ended boolean not null,
        appended_at timestamptz not null, primary key (namespace, source))`
      // An index finds active sources, and those to be forgotten, however many are retired.
      yield* sql`create index if not exists ${sql(`${prefix}event_sources_live`)}
        on ${sql(`${prefix}event_sources`)} (namespace) where not is_retired`
      yield* sql`create index if not exists ${sql(`${prefix}event_sources_retired`)}
        on ${sql(`${prefix}event_sources`)} (namespace, appended_at) where is_retired`
      yield* sql`create table if not exists ${sql(`${prefix}events`)} (
        namespace text not null, source text not null, number bigint not null, bytes bytea not null,
        primary key (namespace, source, number))`
      yield* sql`create table if not exists ${sql(`${prefix}event_states`)} (
        namespace text not null, source text not null, key text not null, bytes bytea not null,
        primary key (namespace, source, key))`
      yield* sql`create table if not exists ${sql(`${prefix}aggregators`)} (
        namespace text not null, owner text not null, until timestamptz not null, primary key (namespace, owner))`
    })
    // A user with only read and write permissions finds existing tables.
    const there = sql<{ found: boolean }>`select to_regclass(${`${prefix}aggregators`}) is not null as found`
    return Effect.flatMap(there, ([row]) => (row!.found ? Effect.void : sql.withTransaction(make)))
  }

interface SourceRow extends EventEnd {
  readonly version: string
}

export const postgresEvents = ({ place, prefix, use }: PostgresConnection): EventStoreService => {
  /** The columns of a source. */
  const ends = (sql: PgClient) =>
    sql.literal(`last::float8 as last, position::float8 as committed, is_retired as "isRetired", version`)
  /** Locks its row until the transaction ends. */
  const lock = Effect.fnUntraced(function* (sql: PgClient, namespace: string, source: string) {
    const sources = sql(`${prefix}event_sources`)
    yield* sql`insert into ${sources} values (${namespace}, ${source}, 0, 0, '', false, false, now())
      on conflict do nothing`
    const [row] = yield* sql<SourceRow>`select ${ends(sql)} from ${sources}
      where namespace = ${namespace} and source = ${source} for update`
    return row!
  })
  const set = (sql: PgClient, namespace: string, { base: _, parts, position, retires, source, version }: EventCommit) =>
    Effect.gen(function* () {
      const own = sql`namespace = ${namespace} and source = ${source}`
      yield* sql`update ${sql(`${prefix}event_sources`)} set position = ${position}::float8, version = ${version},
        last = greatest(last, ${position}::float8), is_retired = ${retires} where ${own}`
      yield* sql`delete from ${sql(`${prefix}events`)} where ${own} and number <= ${position}::float8`
      if (retires) yield* sql`delete from ${sql(`${prefix}event_states`)} where ${own}`
      const removed = [...parts].flatMap(([key, bytes]) => (bytes === undefined ? [key] : []))
      for (const keys of chunksOf(removed, RowsAtOnce)) {
        yield* sql`delete from ${sql(`${prefix}event_states`)} where ${own} and ${sql.in("key", keys)}`
      }
      const rows = [...parts].flatMap(([key, bytes]) =>
        bytes === undefined ? [] : [{ namespace, source, key, bytes }]
      )
      for (const part of chunksOf(rows, RowsAtOnce)) {
        yield* sql`insert into ${sql(`${prefix}event_states`)} ${sql.insert(part)}
          on conflict (namespace, source, key) do update set bytes = excluded.bytes`
      }
    })

  return {
    place,
    append: ({ batches, hasEnded, namespace, oldest, source }) =>
      use("append", (sql) =>
        Effect.gen(function* (): Effect.gen.Return<EventEnd, SqlError> {
          const { committed, isRetired, last: had } = yield* lock(sql, namespace, source)
          if (isRetired) return { committed, isRetired, last: had }
          let last = Math.max(had, oldest - 1)
          const rows = batches.flatMap(({ bytes, number }) => {
            if (number !== last + 1) return []
            last = number
            return [{ namespace, source, number, bytes }]
          })
          for (const part of chunksOf(rows, RowsAtOnce)) {
            yield* sql`insert into ${sql(`${prefix}events`)} ${sql.insert(part)}`
          }
          yield* sql`update ${sql(`${prefix}event_sources`)} set last = ${last}::float8, appended_at = now(),
            has_ended = has_ended or ${hasEnded} where namespace = ${namespace} and source = ${source}`
          return { committed, isRetired, last }
        }).pipe(sql.withTransaction)
      ),
    join: (namespace, owner, millis) =>
      use("join", (sql) =>
        Effect.gen(function* () {
          const owners = sql(`${prefix}aggregators`)
          yield* sql`insert into ${owners} values
            (${namespace}, ${owner}, now() + ${millis}::float8 * interval '1 millisecond')
            on conflict (namespace, owner) do update set until = excluded.until`
          if (millis > 0) {
            yield* sql`update ${owners} set until = now() + ${millis}::float8 * interval '1 millisecond'
              where namespace = ${namespace} and until > now() + ${millis}::float8 * interval '1 millisecond'`
          }
          yield* sql`delete from ${owners} where namespace = ${namespace} and until <= now()`
          const joined = yield* sql<{ owner: string }>`select owner from ${owners} where namespace = ${namespace}`
          const all = yield* sql<EventSource>`
            select source, last::float8 as last, position::float8 as committed, version, has_ended as "hasEnded",
              greatest(0, extract(epoch from now() - appended_at) * 1000)::float8 as age
            from ${sql(`${prefix}event_sources`)} where namespace = ${namespace} and not is_retired`
          return {
            owners: joined.map((row) => row.owner),
            sources: all.filter(({ source }) => source !== Total),
            total: all.find(({ source }) => source === Total)?.version ?? ""
          }
        })
      ),
    leave: (namespace, owner) =>
      use("leave", (sql) =>
        Effect.asVoid(
          sql`delete from ${sql(`${prefix}aggregators`)} where namespace = ${namespace} and owner = ${owner}`
        )
      ),
    state: (namespace, source) =>
      use("state", (sql) =>
        // One statement sees a single snapshot.
        Effect.map(
          sql<{ version: string; position: number; key: string | null; bytes: Uint8Array | null }>`
            select s.version, s.position::float8 as position, p.key, p.bytes from ${sql(`${prefix}event_sources`)} s
            left join ${sql(`${prefix}event_states`)} p on p.namespace = s.namespace and p.source = s.source
            where s.namespace = ${namespace} and s.source = ${source}`,
          (rows) => ({
            version: rows[0]?.version ?? "",
            position: rows[0]?.position ?? 0,
            parts: new Map(rows.flatMap(({ bytes, key }) => (key === null ? [] : [[key, bytes!] as const])))
          })
        )
      ),
    read: (namespace, source, after, bytes) =>
      use(
        "read",
        (sql) => sql<EventBatch>`
          select number::float8 as number, bytes from (
            select number, bytes, sum(length(bytes)) over (order by number) - length(bytes) as before from (
              select number, bytes from ${sql(`${prefix}events`)}
              where namespace = ${namespace} and source = ${source} and number > ${after}::float8
              order by number limit ${MostBatches}) as later) as counted
          where before < ${bytes}::float8 order by number`
      ),
    commit: (namespace, commits) =>
      use("commit", (sql) =>
        Effect.gen(function* (): Effect.gen.Return<boolean, SqlError> {
          // In a fixed order, so that no two of them wait for each other.
          const inOrder = [...commits].sort((one, other) => (one.source < other.source ? -1 : 1))
          for (const { base, position, retires, source } of inOrder) {
            const { last, version } = yield* lock(sql, namespace, source)
            if (version !== base || (retires && last > position)) return false
          }
          for (const commit of inOrder) yield* set(sql, namespace, commit)
          return true
        }).pipe(sql.withTransaction)
      ),
    forget: (namespace, olderThan) =>
      use("forget", (sql) =>
        Effect.asVoid(sql`with forgotten as (
          delete from ${sql(`${prefix}event_sources`)} where namespace = ${namespace} and is_retired
            and appended_at < now() - ${olderThan}::float8 * interval '1 millisecond' returning source)
          delete from ${sql(`${prefix}event_states`)} s using forgotten f
            where s.namespace = ${namespace} and s.source = f.source`)
      )
  }
}
