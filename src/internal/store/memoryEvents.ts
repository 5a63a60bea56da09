/** Events in the memory of this process: for tests, and for several runtimes of one process. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type EventCommit, type EventEnd, type EventSource, type EventStoreService, Total } from "./eventStore.ts"

interface Kept {
  readonly last: number
  readonly version: string
  readonly position: number
  readonly isRetired: boolean
  readonly hasEnded: boolean
  readonly appendedAt: number
  readonly batches: ReadonlyMap<number, Uint8Array>
  readonly parts: ReadonlyMap<string, Uint8Array>
}

/** The contents of the store. Values are replaced and never modified, so that a snapshot is cheap. */
export interface EventsInMemory {
  readonly sources: Map<string, Kept>
  /** By namespace and aggregator, until when it has joined. */
  readonly owners: Map<string, number>
}

const unknown: Kept = {
  last: 0,
  version: "",
  position: 0,
  isRetired: false,
  hasEnded: false,
  appendedAt: Number.NEGATIVE_INFINITY,
  batches: new Map(),
  parts: new Map()
}

const endOf = ({ isRetired, last, position }: Kept): EventEnd => ({ last, committed: position, isRetired })

/** `stored`: returns the current contents, at each call. */
export const memoryEvents = (stored: () => EventsInMemory = always(noEvents())): EventStoreService => {
  const withNow = <A>(run: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, run)
  const keyOf = (namespace: string, id: string): string => JSON.stringify([namespace, id])
  const idsOf = <A>(all: ReadonlyMap<string, A>, namespace: string): ReadonlyArray<readonly [string, A]> =>
    Array.from(all, ([key, value]) => [JSON.parse(key) as [string, string], value] as const).flatMap(
      ([[own, id], value]) => (own === namespace ? [[id, value] as const] : [])
    )
  const find = (namespace: string, source: string): Kept => stored().sources.get(keyOf(namespace, source)) ?? unknown

  return {
    place: "memory",
    append: ({ batches, hasEnded, namespace, oldest, source }) =>
      withNow((now) => {
        const kept = find(namespace, source)
        if (kept.isRetired) return endOf(kept)
        let last = Math.max(kept.last, oldest - 1)
        const all = new Map(kept.batches)
        for (const { bytes, number } of batches) {
          if (number !== last + 1) continue
          all.set(number, bytes.slice())
          last = number
        }
        const next = { ...kept, last, batches: all, hasEnded: kept.hasEnded || hasEnded, appendedAt: now }
        stored().sources.set(keyOf(namespace, source), next)
        return endOf(next)
      }),
    join: (namespace, owner, millis) =>
      withNow((now) => {
        const { owners, sources } = stored()
        owners.set(keyOf(namespace, owner), now + millis)
        const joined = idsOf(owners, namespace)
        for (const [id, until] of joined) {
          if (until <= now) owners.delete(keyOf(namespace, id))
          else if (millis > 0 && until > now + millis) owners.set(keyOf(namespace, id), now + millis)
        }
        return {
          owners: joined.flatMap(([id, until]) => (until > now ? [id] : [])),
          sources: idsOf(sources, namespace).flatMap(([source, kept]): ReadonlyArray<EventSource> => {
            const { appendedAt, hasEnded, isRetired, last, position: committed, version } = kept
            if (source === Total || isRetired) return []
            return [{ source, last, committed, version, age: now - appendedAt, hasEnded }]
          }),
          total: find(namespace, Total).version
        }
      }),
    leave: (namespace, owner) => Effect.sync(() => void stored().owners.delete(keyOf(namespace, owner))),
    state: (namespace, source) =>
      Effect.sync(() => {
        const { parts, position, version } = find(namespace, source)
        return { parts, position, version }
      }),
    read: (namespace, source, after, bytes) =>
      Effect.sync(() => {
        let left = bytes
        return Array.from(find(namespace, source).batches, ([number, each]) => ({ number, bytes: each })).filter(
          (batch) => {
            if (batch.number <= after || left <= 0) return false
            left -= batch.bytes.byteLength
            return true
          }
        )
      }),
    commit: (namespace, commits) =>
      Effect.sync(() => {
        const found = commits.map((commit) => [commit, find(namespace, commit.source)] as const)
        if (found.some(([commit, kept]) => !isMadeFrom(commit, kept))) return false
        for (const [commit, kept] of found) {
          stored().sources.set(keyOf(namespace, commit.source), committed(kept, commit))
        }
        return true
      }),
    forget: (namespace, olderThan) =>
      withNow((now) => {
        const { sources } = stored()
        for (const [id, { appendedAt, isRetired }] of idsOf(sources, namespace)) {
          if (isRetired && now - appendedAt > olderThan) sources.delete(keyOf(namespace, id))
        }
      })
  }
}

export const noEvents = (): EventsInMemory => ({ sources: new Map(), owners: new Map() })

const always =
  <A>(value: A) =>
  () =>
    value

/** A source that has appended meanwhile must not be retired. */
const isMadeFrom = ({ base, position, retires }: EventCommit, { last, version }: Kept): boolean =>
  base === version && (!retires || last <= position)

const committed = (kept: Kept, { parts, position, retires, version }: EventCommit): Kept => {
  const left = [...kept.batches].filter(([number]) => number > position)
  const all = new Map(retires ? [] : kept.parts)
  for (const [key, bytes] of parts) {
    if (bytes === undefined) all.delete(key)
    else all.set(key, bytes.slice())
  }
  return {
    ...kept,
    // What was read before the store lost it is still in the state.
    last: Math.max(kept.last, position),
    version,
    position,
    isRetired: retires,
    batches: new Map(retires ? [] : left),
    parts: all
  }
}
