/**
 * Events in Redis. A namespace has a hash with the data of its sources, and another one with the retired sources and
 * the times of their retirement. Each source has a stream of its batches, whose ids are `0-number`, and a hash of its
 * folded state. All keys of a namespace contain its name in braces, so that a Redis cluster stores them together.
 */
import * as Effect from "effect/Effect"
import { type EventEnd, type EventSource, type EventStoreService, Total } from "./eventStore.ts"
import { type RedisArgument, type RedisConnection, type RedisReply, redisScript } from "./redisConnection.ts"

/**
 * In a Lua script: the time of the server, and the data of a source, as `last position time state version`. The state
 * is L (appending), E (ended), or R (retired).
 */
const Prelude = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function headOf(text)
  if not text then return { last = 0, position = 0, at = 0, state = 'L', version = '' } end
  local last, position, at, state, version = string.match(text, '^(%d+) (%d+) (%d+) (%a) (.*)$')
  return { last = tonumber(last), position = tonumber(position), at = tonumber(at), state = state, version = version }
end
local function textOf(head)
  return string.format('%.0f %.0f %.0f %s %s', head.last, head.position, head.at, head.state, head.version)
end
local function find(source)
  return headOf(redis.call('HGET', KEYS[1], source) or redis.call('HGET', KEYS[2], source))
end
`

/** The number of sources forgotten at once, because the server does nothing else meanwhile. */
const MostForgotten = 10_000

const append = redisScript(`${Prelude}
local source, oldest, ended = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local head = find(source)
-- The server has lost what it knew of the source, and not its batches: ids cannot go back.
if head.at == 0 and redis.call('TYPE', KEYS[3]).ok == 'stream' then redis.call('DEL', KEYS[3]) end
if head.state ~= 'R' then
  head.last = math.max(head.last, oldest - 1)
  for i = 4, #ARGV, 2 do
    local number = tonumber(ARGV[i])
    if number == head.last + 1 then
      redis.call('XADD', KEYS[3], string.format('0-%.0f', number), 'b', ARGV[i + 1])
      head.last = number
    end
  end
  if ended == '1' then head.state = 'E' end
  head.at = now
  redis.call('HSET', KEYS[1], source, textOf(head))
end
return textOf(head)
`)

const join = redisScript(`${Prelude}
local millis = tonumber(ARGV[2])
local till = now + millis
if millis > 0 then
  for _, owner in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', till), '+inf')) do
    redis.call('ZADD', KEYS[2], till, owner)
  end
end
redis.call('ZADD', KEYS[2], till, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
return { string.format('%.0f', now), redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[1]) }
`)

const state = redisScript(`
local head = redis.call('HGET', KEYS[1], ARGV[1]) or redis.call('HGET', KEYS[2], ARGV[1])
return { head, redis.call('HGETALL', KEYS[3]) }
`)

const read = redisScript(`
local after, left, found = ARGV[1], tonumber(ARGV[2]), {}
while left > 0 do
  local entry = redis.call('XRANGE', KEYS[1], '(0-' .. after, '+', 'COUNT', 1)[1]
  if not entry then break end
  after = string.match(entry[1], '-(%d+)$')
  left = left - #entry[2][2]
  table.insert(found, after)
  table.insert(found, entry[2][2])
end
return found
`)

const commit = redisScript(`${Prelude}
local count, at, commits = tonumber(ARGV[1]), 2, {}
for i = 1, count do
  local one = { source = ARGV[at], version = ARGV[at + 2], position = tonumber(ARGV[at + 3]), retires = ARGV[at + 4] == '1' }
  one.parts, one.first = tonumber(ARGV[at + 5]), at + 6
  one.head = find(one.source)
  if one.head.version ~= ARGV[at + 1] or (one.retires and one.head.last > one.position) then return 0 end
  commits[i] = one
  at = one.first + 3 * one.parts
end
for i, one in ipairs(commits) do
  local head, events, states = one.head, KEYS[2 + 2 * i], KEYS[3 + 2 * i]
  if one.retires then
    redis.call('DEL', events, states)
    head.state = 'R'
  else
    redis.call('XTRIM', events, 'MINID', string.format('0-%.0f', one.position + 1))
  end
  for part = 0, one.parts - 1 do
    local key = one.first + 3 * part
    if ARGV[key + 1] == '1' then redis.call('HSET', states, ARGV[key], ARGV[key + 2])
    else redis.call('HDEL', states, ARGV[key]) end
  end
  head.version, head.position = one.version, one.position
  head.last = math.max(head.last, one.position)
  if one.retires then
    redis.call('HDEL', KEYS[1], one.source)
    redis.call('HSET', KEYS[2], one.source, textOf(head))
    redis.call('ZADD', KEYS[3], head.at, one.source)
  else redis.call('HSET', KEYS[1], one.source, textOf(head)) end
end
return 1
`)

const forget = redisScript(`${Prelude}
local before = string.format('(%.0f', now - tonumber(ARGV[1]))
for _, source in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', before, 'LIMIT', 0, ${MostForgotten})) do
  redis.call('HDEL', KEYS[2], source)
  redis.call('ZREM', KEYS[3], source)
  redis.call('DEL', KEYS[4] .. source)
end
`)

interface Head extends EventEnd {
  readonly at: number
  readonly hasEnded: boolean
  readonly version: string
}

export const redisEvents = ({ place, prefix, run, send }: RedisConnection): EventStoreService => {
  const headsKey = (namespace: string): string => `${prefix}{${namespace}}:event-sources`
  const retiredKey = (namespace: string): string => `${prefix}{${namespace}}:event-sources-retired`
  const retiredAtKey = (namespace: string): string => `${prefix}{${namespace}}:event-sources-retired-at`
  const ownersKey = (namespace: string): string => `${prefix}{${namespace}}:aggregators`
  const eventsKey = (namespace: string, source: string): string => `${prefix}{${namespace}}:events:${source}`
  const statesKey = (namespace: string, source: string): string => `${prefix}{${namespace}}:event-states:${source}`

  return {
    place,
    append: ({ batches, hasEnded, namespace, oldest, source }) =>
      Effect.map(
        run(
          "append",
          append,
          [headsKey(namespace), retiredKey(namespace), eventsKey(namespace, source)],
          [
            source,
            String(oldest),
            hasEnded ? "1" : "0",
            ...batches.flatMap((batch) => [`${batch.number}`, batch.bytes])
          ]
        ),
        (reply) => {
          const { committed, isRetired, last } = headIn(reply)
          return { committed, isRetired, last }
        }
      ),
    join: (namespace, owner, millis) =>
      Effect.map(run("join", join, [headsKey(namespace), ownersKey(namespace)], [owner, String(millis)]), (reply) => {
        const [now, owners, heads] = reply as [Buffer, ReadonlyArray<Buffer>, ReadonlyArray<Buffer>]
        let total = ""
        const sources = pairs(heads).flatMap(([source, head]): ReadonlyArray<EventSource> => {
          const { at, isRetired: _, ...known } = headIn(head)
          if (source !== Total) return [{ source, ...known, age: Math.max(0, Number(now) - at) }]
          total = known.version
          return []
        })
        return { owners: owners.map(String), sources, total }
      }),
    leave: (namespace, owner) => Effect.asVoid(send("leave", [["ZREM", ownersKey(namespace), owner]])),
    state: (namespace, source) =>
      Effect.map(
        run("state", state, [headsKey(namespace), retiredKey(namespace), statesKey(namespace, source)], [source]),
        (reply) => {
          const [head, parts] = reply as [Buffer | null, ReadonlyArray<Buffer>]
          const { committed, version } = head === null ? { committed: 0, version: "" } : headIn(head)
          return { version, position: committed, parts: new Map<string, Uint8Array>(pairs(parts)) }
        }
      ),
    read: (namespace, source, after, bytes) =>
      Effect.map(run("read", read, [eventsKey(namespace, source)], [String(after), String(bytes)]), (reply) =>
        pairs(reply as ReadonlyArray<Buffer>).map(([number, batch]) => ({ number: Number(number), bytes: batch }))
      ),
    commit: (namespace, commits) =>
      Effect.map(
        run(
          "commit",
          commit,
          [
            headsKey(namespace),
            retiredKey(namespace),
            retiredAtKey(namespace),
            ...commits.flatMap(({ source }) => [eventsKey(namespace, source), statesKey(namespace, source)])
          ],
          [
            String(commits.length),
            ...commits.flatMap(({ base, parts, position, retires, source, version }): ReadonlyArray<RedisArgument> => {
              const values = [...parts].flatMap(([key, part]) => [key, part === undefined ? "0" : "1", part ?? ""])
              return [source, base, version, String(position), retires ? "1" : "0", String(parts.size), ...values]
            })
          ]
        ),
        (reply) => reply === 1
      ),
    forget: (namespace, olderThan) =>
      Effect.asVoid(
        run(
          "forget",
          forget,
          [headsKey(namespace), retiredKey(namespace), retiredAtKey(namespace), statesKey(namespace, "")],
          [String(olderThan)]
        )
      )
  }
}

const pairs = (flat: ReadonlyArray<RedisReply>): ReadonlyArray<readonly [string, Buffer]> =>
  Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1] as Buffer])

const headIn = (reply: RedisReply): Head => {
  const [last, position, at, state, version] = String(reply).split(" ")
  return {
    last: Number(last),
    committed: Number(position),
    isRetired: state === "R",
    hasEnded: state !== "L",
    at: Number(at),
    version: version!
  }
}
