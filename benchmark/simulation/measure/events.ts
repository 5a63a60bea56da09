/** What events through a stream cost: a batch of a process, the aggregator's time for it, and a Redis of its own. */
import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Metric } from "mvx-metrics"
import { type EventBatch, EventStore, type EventStoreService } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as RedisStore from "mvx-metrics/RedisStore"
import { cpuNanos, median } from "../../measure.ts"
import { metrics, requests } from "../kinds.ts"
import { byKind, type OfSeries } from "./byKind.ts"
import { type Line, lineThrough } from "./line.ts"
import { namespace, recorded } from "./recorded.ts"
import { type MeasuredRedis, measuredRedis, type ServerCosts, type Usage, usedBy } from "./redis.ts"

export interface EventCosts {
  /** Bytes of a batch, by its events of one series; and for each further series that is in it. */
  readonly batch: Line
  readonly label: number
  /** Bytes of what an aggregator commits of a process, and the time of its thread for that. */
  readonly state: OfSeries
  readonly commitMillis: OfSeries
  /** Time of the aggregator's thread for each event. */
  readonly foldMillis: number
  readonly redis: {
    readonly append: ServerCosts
    readonly read: ServerCosts
    readonly commit: ServerCosts
    /** For each source, whenever an aggregator looks for events. */
    readonly known: { readonly wire: number; readonly millis: number; readonly client: number }
    /** Bytes of memory for a batch, by its bytes. */
    readonly memory: Line
  }
}

const failed = Effect.die("not used")
const unused: EventStoreService = {
  ...{ place: "measured", append: () => failed, join: () => failed, leave: () => Effect.void },
  ...{ state: () => failed, read: () => failed, commit: () => failed, forget: () => failed }
}

const Rounds = 16
const WarmUps = 4

/** The batches of a process, one for each time that it emits so many events. */
const batchesOf = (of: ReadonlyArray<Metric.Any>, series: number, events: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const batches: Array<EventBatch> = []
      const store: EventStoreService = {
        ...unused,
        append: (append) =>
          Effect.sync(() => {
            batches.push(...append.batches)
            return { last: batches.length, committed: batches.length, isRetired: false }
          })
      }
      const stream = { store: Layer.succeed(EventStore, store), interval: "1 hour" } as const
      const { emit, runtime } = yield* recorded(of, series, undefined, { stream })
      yield* runtime.flush()
      // The events of all series are in the first one: what is committed has them all.
      for (let round = 0; round < Rounds; round++) {
        emit(requests(series, Math.ceil(events / series)).slice(0, events))
        yield* runtime.flush()
      }
      return batches
    })
  )

const Sources = 40

/** What an aggregator needs for a batch of each of some processes: its time, and what it commits, for each process. */
const aggregated = Effect.fnUntraced(function* (
  of: ReadonlyArray<Metric.Any>,
  batches: ReadonlyArray<EventBatch>
): Effect.fn.Return<{ readonly millis: number; readonly bytes: number }, unknown, Scope.Scope> {
  const versions = new Map<string, string>()
  const positions = new Map<string, number>()
  const sources = Array.from({ length: Sources }, () => randomUUID())
  let last = 0
  let bytes = 0
  const versionOf = (source: string): string => versions.get(source) ?? ""
  const positionOf = (source: string): number => positions.get(source) ?? 0
  const store: EventStoreService = {
    ...unused,
    join: (_, owner) =>
      Effect.sync(() => ({
        owners: [owner],
        total: "",
        sources: sources.map((source) => ({
          ...{ source, last, committed: positionOf(source), version: versionOf(source) },
          ...{ age: 0, hasEnded: false }
        }))
      })),
    state: () => Effect.succeed({ version: "", position: 0, parts: new Map() }),
    read: (_, __, after) => Effect.sync(() => batches.filter(({ number }) => number > after && number <= last)),
    commit: (_, commits) =>
      Effect.sync(() => {
        for (const { parts, position, source, version } of commits) {
          versions.set(source, version)
          positions.set(source, position)
          for (const [key, part] of parts) bytes += key.length + (part?.byteLength ?? 0)
        }
        return true
      })
  }
  const { foldNow } = yield* MetricsStream.make({
    ...{ store: Layer.succeed(EventStore, store), namespace, metrics: of },
    interval: "1 hour"
  })
  const rounds: Array<{ readonly millis: number; readonly bytes: number }> = []
  for (last = 1; last <= batches.length; last++) {
    const before = { nanos: cpuNanos(), bytes }
    yield* foldNow
    rounds.push({ millis: (cpuNanos() - before.nanos) / 1e6 / Sources, bytes: (bytes - before.bytes) / Sources })
  }
  const counted = rounds.slice(WarmUps)
  return { millis: median(counted.map(({ millis }) => millis)), bytes: median(counted.map((round) => round.bytes)) }
})

const Few = 4
const Many = 1000
const OfSeriesOnce = 100

const usual = [metrics.counter, metrics.histogram, metrics.exponential]

const bytesOf = (batches: ReadonlyArray<EventBatch>): number =>
  median(batches.slice(1).map(({ bytes }) => bytes.byteLength))

const Small = 1024
const Large = 32 * 1024
const InRedis = 500

/** Batches and parts of a size. */
const inRedis = Effect.fnUntraced(function* (redis: MeasuredRedis, store: EventStoreService, bytes: number) {
  const of = `events-${bytes}`
  const sources = Array.from({ length: InRedis }, () => randomUUID())
  const versions = new Map<string, string>()
  const part = new Uint8Array(bytes).fill(7)
  let number = 0
  const all = <A>(use: (source: string) => Effect.Effect<A, unknown>) =>
    usedBy(redis, InRedis, Effect.forEach(sources, use, { concurrency: 64 }))
  const append = Effect.suspend(() => {
    number++
    const batches = [{ number, bytes: part }]
    return all((source) => store.append({ namespace: of, source, batches, oldest: 1, hasEnded: false }))
  })
  const commit = all((source) => {
    const version = randomUUID()
    const base = versions.get(source) ?? ""
    versions.set(source, version)
    const parts = new Map([["r:2", part]])
    return store.commit(of, [{ source, base, version, position: number, parts, retires: false }])
  })
  const rounds: Array<{ readonly append: Usage; readonly read: Usage; readonly commit: Usage }> = []
  yield* append
  yield* commit
  for (let round = 0; round < 6; round++) {
    const read = all((source) => store.read(of, source, number - 1, 4 * 1024 * 1024))
    rounds.push({ append: yield* append, read: yield* read, commit: yield* commit })
  }
  const looks = yield* usedBy(redis, InRedis * 20, Effect.repeat(store.join(of, "measured", 60_000), { times: 19 }))
  const mean = (name: "append" | "read" | "commit", usage: keyof Usage): number =>
    median(rounds.map((round) => round[name][usage]))
  return { mean, looks }
})

const measureEventsInRedis = Effect.scoped(
  Effect.gen(function* () {
    const redis = yield* measuredRedis
    const store = Context.get(yield* Layer.build(RedisStore.layer({ url: redis.url })), EventStore)
    const small = yield* inRedis(redis, store, Small)
    const large = yield* inRedis(redis, store, Large)
    const line = (name: "append" | "read" | "commit", usage: keyof Usage): Line =>
      lineThrough([Small, small.mean(name, usage)], [Large, large.mean(name, usage)])
    const costs = (name: "append" | "read" | "commit", wire: "received" | "sent"): ServerCosts => ({
      wire: line(name, wire),
      millis: line(name, "millis"),
      client: line(name, "client")
    })
    return {
      append: costs("append", "received"),
      read: costs("read", "sent"),
      commit: costs("commit", "received"),
      known: { wire: small.looks.sent, millis: small.looks.millis, client: small.looks.client },
      memory: line("append", "memory")
    }
  })
)

export const measureEvents: Effect.Effect<EventCosts, unknown> = Effect.gen(function* () {
  const few = yield* batchesOf(usual, 1, Few)
  const many = yield* batchesOf(usual, 1, Many)
  const labels = yield* batchesOf(usual, OfSeriesOnce, OfSeriesOnce)
  const batch = lineThrough([Few, bytesOf(few)], [Many, bytesOf(many)])
  const label = (bytesOf(labels) - batch.fixed - batch.each * OfSeriesOnce) / (OfSeriesOnce - 1)
  const foldOf = (events: number) =>
    Effect.flatMap(batchesOf(usual, OfSeriesOnce, events), (batches) => Effect.scoped(aggregated(usual, batches)))
  const fold = lineThrough([Few, (yield* foldOf(Few)).millis], [Many, (yield* foldOf(Many)).millis])
  const committed = yield* byKind(["bytes", "millis"], (kind, series) =>
    Effect.flatMap(batchesOf([metrics[kind]], series, Few), (batches) =>
      Effect.scoped(aggregated([metrics[kind]], batches))
    )
  )
  return {
    batch,
    label,
    state: committed.bytes,
    commitMillis: committed.millis,
    foldMillis: fold.each,
    redis: yield* measureEventsInRedis
  }
})
