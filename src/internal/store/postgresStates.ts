/** States in PostgreSQL: a table of sources, and a table of their entries. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import { chunksOf } from "effect/Array"
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import type { PostgresConnection } from "./postgresConnection.ts"
import { standing, stateOf } from "./standing.ts"
import type { SourceVersion, StateStoreService, StoredSource, WriteOutcome } from "./stateStore.ts"

/** An arbitrary number, so that only one connection at a time creates the tables. */
const TablesLock = 7_261_943

/** A statement has at most 65 535 parameters. */
const RowsAtOnce = 1000

/** Does nothing if they exist. */
export const makeStateTables =
  (prefix: string) =>
  (sql: PgClient): Effect.Effect<void, SqlError> => {
    const make = Effect.gen(function* () {
      yield* sql`select pg_advisory_xact_lock(${TablesLock})`
      yield* sql`create table if not exists ${sql(`${prefix}sources`)} (
        namespace text not null, source text not null, epoch bigint not null, sequence bigint not null,
        written_at timestamptz not null, state text not null, primary key (namespace, source))`
      yield* sql`create table if not exists ${sql(`${prefix}states`)} (
        namespace text not null, source text not null, key text not null, bytes bytea not null,
        primary key (namespace, source, key))`
    })
    // A user with only read and write permissions finds existing tables.
    const there = sql<{ found: boolean }>`select to_regclass(${`${prefix}states`}) is not null as found`
    return Effect.flatMap(there, ([row]) => (row!.found ? Effect.void : sql.withTransaction(make)))
  }

interface SourceRow extends SourceVersion {
  readonly state: string
}

interface EntryRow extends SourceRow {
  readonly source: string
  readonly age: number
  readonly is_known: boolean
  readonly key: string | null
  readonly bytes: Uint8Array | null
}

export const postgresStates = ({ place, prefix, use }: PostgresConnection): StateStoreService => {
  const put = Effect.fnUntraced(function* (
    sql: PgClient,
    namespace: string,
    source: string,
    entries: ReadonlyMap<string, Uint8Array>
  ) {
    const rows = Array.from(entries, ([key, bytes]) => ({ namespace, source, key, bytes }))
    for (const part of chunksOf(rows, RowsAtOnce)) {
      yield* sql`insert into ${sql(`${prefix}states`)} ${sql.insert(part)}
        on conflict (namespace, source, key) do update set bytes = excluded.bytes`
    }
  })
  /** Locks its row until the transaction ends. A missing source has the sequence number 0. */
  const lock = Effect.fnUntraced(function* (sql: PgClient, namespace: string, source: string) {
    const sources = sql(`${prefix}sources`)
    yield* sql`insert into ${sources} values (${namespace}, ${source}, 0, 0, now(), 'L') on conflict do nothing`
    const [row] = yield* sql<SourceRow>`select epoch::float8 as epoch, sequence::float8 as sequence, state
      from ${sources} where namespace = ${namespace} and source = ${source} for update`
    return row!
  })
  const removeAll = (sql: PgClient, namespace: string, sources: ReadonlyArray<string>) =>
    sql`delete from ${sql(`${prefix}states`)} where namespace = ${namespace} and ${sql.in("source", sources)}`
  const setSource = (sql: PgClient, namespace: string, source: string, { epoch, sequence, state }: SourceRow) =>
    sql`update ${sql(`${prefix}sources`)}
      set epoch = ${epoch}::float8, sequence = ${sequence}::float8, written_at = now(), state = ${state}
      where namespace = ${namespace} and source = ${source}`

  const write: StateStoreService["write"] = ({
    base,
    entries,
    epoch,
    hasEnded,
    isLasting,
    namespace,
    removed,
    sequence,
    source
  }) =>
    use("write", (sql) =>
      Effect.gen(function* (): Effect.gen.Return<WriteOutcome, SqlError> {
        const had = yield* lock(sql, namespace, source)
        if (had.state === "R") return "retired"
        const state = stateOf({ hasEnded, isLasting })
        if (base === sequence && had.epoch === epoch && had.sequence === sequence) {
          yield* setSource(sql, namespace, source, had)
          return "written"
        }
        if (had.epoch > epoch || (had.epoch === epoch && had.sequence >= sequence)) return "outdated"
        if (base !== undefined && (had.epoch !== epoch || had.sequence !== base)) return "incomplete"
        if (base === undefined) yield* removeAll(sql, namespace, [source])
        else if (removed.length > 0) {
          yield* sql`delete from ${sql(`${prefix}states`)}
            where namespace = ${namespace} and source = ${source} and ${sql.in("key", removed)}`
        }
        yield* put(sql, namespace, source, entries)
        yield* setSource(sql, namespace, source, { epoch, sequence, state })
        return "written"
      }).pipe(sql.withTransaction)
    )

  const read: StateStoreService["read"] = ({ known, namespace }) =>
    use("read", (sql) => {
      const has = JSON.stringify(Array.from(known, ([source, { epoch, sequence }]) => ({ source, epoch, sequence })))
      // One statement sees a single snapshot.
      const rows = sql<EntryRow>`
        select s.source, s.epoch::float8 as epoch, s.sequence::float8 as sequence, s.state,
          (extract(epoch from now() - s.written_at) * 1000)::float8 as age,
          k.source is not null as is_known, e.key, e.bytes
        from ${sql(`${prefix}sources`)} s
        left join jsonb_to_recordset(${has}::text::jsonb) as k(source text, epoch bigint, sequence bigint)
          on k.source = s.source and k.epoch = s.epoch and k.sequence = s.sequence
        left join ${sql(`${prefix}states`)} e
          on k.source is null and e.namespace = s.namespace and e.source = s.source
        where s.namespace = ${namespace} and s.state <> 'R' and s.sequence > 0`
      return Effect.map(rows, sourcesIn)
    })

  return {
    place,
    write,
    read,
    retire: ({ base, entries, namespace, sources }) =>
      use("retire", (sql) =>
        Effect.gen(function* (): Effect.gen.Return<boolean, SqlError> {
          const total = yield* lock(sql, namespace, "")
          if (total.sequence !== base) return false
          for (const [source, { epoch, sequence }] of sources) {
            const had = yield* lock(sql, namespace, source)
            if (had.state === "R" || had.epoch !== epoch || had.sequence !== sequence) return false
          }
          yield* removeAll(sql, namespace, ["", ...sources.keys()])
          for (const [source, version] of sources) yield* setSource(sql, namespace, source, { ...version, state: "R" })
          yield* put(sql, namespace, "", entries)
          yield* setSource(sql, namespace, "", { epoch: 0, sequence: base + 1, state: "E" })
          return true
        }).pipe(sql.withTransaction)
      ),
    forget: (namespace, olderThan) =>
      use("forget", (sql) =>
        Effect.asVoid(sql`delete from ${sql(`${prefix}sources`)}
          where namespace = ${namespace} and state = 'R' and written_at < now() - ${olderThan}::float8 * interval '1 millisecond'`)
      )
  }
}

const sourcesIn = (rows: ReadonlyArray<EntryRow>): ReadonlyArray<StoredSource> => {
  const found = new Map<string, StoredSource & { readonly own: Map<string, Uint8Array> }>()
  for (const { age, bytes, epoch, is_known, key, sequence, source, state } of rows) {
    let stored = found.get(source)
    if (stored === undefined) {
      const own = new Map<string, Uint8Array>()
      stored = { source, epoch, sequence, age, ...standing(state), entries: is_known ? undefined : own, own }
      found.set(source, stored)
    }
    if (key !== null) stored.own.set(key, bytes!)
  }
  return Array.from(found.values(), ({ own, ...stored }) => stored)
}
