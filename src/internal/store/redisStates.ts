/**
 * States in Redis. A namespace has a hash with the data of its sources, and a hash of the entries of each source. All
 * keys of a namespace contain its name in braces, so that a Redis cluster stores them together.
 */
import * as Effect from "effect/Effect"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { type RedisConnection, type RedisReply, redisScript } from "./redisConnection.ts"
import { standing, stateOf } from "./standing.ts"
import type { SourceVersion, StateStoreService, StoredSource, WriteOutcome } from "./stateStore.ts"

/** In a Lua script: the time of the server, and the data of a source, as `epoch sequence time state`. */
const Prelude = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function headOf(text)
  if not text then return nil end
  local epoch, sequence, at, state = string.match(text, '^(%d+) (%d+) (%d+) (%a)$')
  return { epoch = tonumber(epoch), sequence = tonumber(sequence), at = tonumber(at), state = state }
end
local function put(source, epoch, sequence, state)
  redis.call('HSET', KEYS[1], source, string.format('%.0f %.0f %.0f %s', epoch, sequence, now, state))
end
`

const write = redisScript(`${Prelude}
local source, epoch, sequence, base, state = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local head = headOf(redis.call('HGET', KEYS[1], source))
if head and head.state == 'R' then return 'retired' end
if head and base == sequence and head.epoch == epoch and head.sequence == sequence then
  put(source, epoch, sequence, head.state)
  return 'written'
end
if head and (head.epoch > epoch or (head.epoch == epoch and head.sequence >= sequence)) then return 'outdated' end
if base >= 0 then
  if not head or head.epoch ~= epoch or head.sequence ~= base then return 'incomplete' end
  if redis.call('EXISTS', KEYS[2]) == 0 then return 'incomplete' end
else
  redis.call('DEL', KEYS[2])
end
local removed = tonumber(ARGV[6])
for i = 7, 6 + removed do redis.call('HDEL', KEYS[2], ARGV[i]) end
for i = 7 + removed, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
put(source, epoch, sequence, state)
return 'written'
`)

const readHeads = redisScript(`${Prelude}
return { string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }
`)

const readSource = redisScript(`
return { redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGETALL', KEYS[2]) }
`)

const retire = redisScript(`${Prelude}
local base, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local total = headOf(redis.call('HGET', KEYS[1], ''))
if (total and total.sequence or 0) ~= base then return 0 end
for i = 0, count - 1 do
  local head = headOf(redis.call('HGET', KEYS[1], ARGV[3 + 3 * i]))
  if not head or head.state == 'R' then return 0 end
  if head.epoch ~= tonumber(ARGV[4 + 3 * i]) or head.sequence ~= tonumber(ARGV[5 + 3 * i]) then return 0 end
end
for i = 0, count - 1 do
  put(ARGV[3 + 3 * i], tonumber(ARGV[4 + 3 * i]), tonumber(ARGV[5 + 3 * i]), 'R')
  redis.call('DEL', KEYS[3 + i])
end
redis.call('DEL', KEYS[2])
for i = 3 + 3 * count, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
put('', 0, base + 1, 'E')
return 1
`)

const forget = redisScript(`${Prelude}
local heads = redis.call('HGETALL', KEYS[1])
for i = 1, #heads, 2 do
  local head = headOf(heads[i + 1])
  if head.state == 'R' and now - head.at > tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], heads[i]) end
end
`)

/** The number of sources whose entries are requested at once. */
const AtOnce = 64

/** How often a read is restarted because sources were retired meanwhile. */
const Attempts = 5

interface Head extends SourceVersion {
  readonly at: number
  readonly state: string
}

export const redisStates = (connection: RedisConnection): StateStoreService => {
  const { place, prefix, run } = connection
  const headsKey = (namespace: string): string => `${prefix}{${namespace}}:sources`
  const statesKey = (namespace: string, source: string): string => `${prefix}{${namespace}}:states:${source}`

  const heads = (namespace: string) =>
    Effect.map(run("read", readHeads, [headsKey(namespace)], []), (reply) => {
      const [now, all] = reply as [Buffer, ReadonlyArray<Buffer>]
      const known = new Map(pairs(all).map(([source, head]) => [source, headIn(head)]))
      return { now: Number(now), known }
    })

  const entriesOf = (namespace: string, source: string) =>
    Effect.map(run("read", readSource, [headsKey(namespace), statesKey(namespace, source)], [source]), (reply) => {
      const [head, entries] = reply as [Buffer | null, ReadonlyArray<Buffer>]
      return head === null ? undefined : { head: headIn(head), entries: new Map<string, Uint8Array>(pairs(entries)) }
    })

  /** `undefined`: sources were retired meanwhile. */
  const readOnce: (
    read: Parameters<StateStoreService["read"]>[0]
  ) => Effect.Effect<ReadonlyArray<StoredSource> | undefined, MetricsStoreError> = Effect.fnUntraced(function* ({
    known,
    namespace
  }) {
    const before = yield* heads(namespace)
    const present = [...before.known].filter(([, { state }]) => state !== "R")
    const changed = present.filter(([source, head]) => !isSameVersion(head, known.get(source)))
    const found = new Map(
      yield* Effect.forEach(
        changed,
        ([source]) => Effect.map(entriesOf(namespace, source), (own) => [source, own] as const),
        { concurrency: AtOnce }
      )
    )
    if (changed.length > 0) {
      const after = yield* heads(namespace)
      if (after.known.get("")?.sequence !== before.known.get("")?.sequence) return undefined
    }
    return present.flatMap(([source, seen]): Array<StoredSource> => {
      const own = found.get(source)
      if (own === undefined && found.has(source)) return []
      const { at, epoch, sequence, state } = own?.head ?? seen
      const age = before.now - at
      return [{ source, epoch, sequence, ...standing(state), age, entries: own?.entries }]
    })
  })

  return {
    place,
    write: ({ base = -1, entries, epoch, namespace, removed, sequence, source, ...rest }) =>
      Effect.map(
        run(
          "write",
          write,
          [headsKey(namespace), statesKey(namespace, source)],
          [
            ...[source, epoch, sequence, base, stateOf(rest), removed.length].map(String),
            ...removed,
            ...[...entries].flat()
          ]
        ),
        (reply) => String(reply) as WriteOutcome
      ),
    read: (read) =>
      Effect.gen(function* () {
        for (let attempt = 0; attempt < Attempts; attempt++) {
          const sources = yield* readOnce(read)
          if (sources !== undefined) return sources
        }
        return yield* new MetricsStoreError({
          store: place,
          operation: "read",
          reason: `sources were retired during each of ${Attempts} attempts`
        })
      }),
    retire: ({ base, entries, namespace, sources }) =>
      Effect.map(
        run(
          "retire",
          retire,
          [headsKey(namespace), ...["", ...sources.keys()].map((source) => statesKey(namespace, source))],
          [
            ...[base, sources.size].map(String),
            ...[...sources].flatMap(([source, { epoch, sequence }]) => [source, String(epoch), String(sequence)]),
            ...[...entries].flat()
          ]
        ),
        (reply) => reply === 1
      ),
    forget: (namespace, olderThan) => Effect.asVoid(run("forget", forget, [headsKey(namespace)], [String(olderThan)]))
  }
}

const pairs = (flat: ReadonlyArray<RedisReply>): ReadonlyArray<readonly [string, Buffer]> =>
  Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1] as Buffer])

const headIn = (bytes: Buffer): Head => {
  const [epoch, sequence, at, state] = bytes.toString().split(" ")
  return { epoch: Number(epoch), sequence: Number(sequence), at: Number(at), state: state! }
}

const isSameVersion = (one: SourceVersion, other: SourceVersion | undefined): boolean =>
  one.epoch === other?.epoch && one.sequence === other.sequence
