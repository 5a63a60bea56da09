/**
 * What a Redis server needs for states, of its processor, its memory and the network: a server of its own, through the
 * store that applications use. It appends to its file, which it syncs each second.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { StateStore, type StateStoreService } from "mvx-metrics/MetricsStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { createClient } from "redis"
import { startProgram } from "../../../test/e2e/support/program.ts"
import { cpuNanos } from "../../measure.ts"
import { type Line, lineThrough } from "./line.ts"

export interface RedisCosts {
  /** For each write, by the bytes of the states in it. */
  readonly write: ServerCosts
  /** For each source whose states are read. */
  readonly read: ServerCosts
  /** For each source that a reader has as it is. */
  readonly known: { readonly wire: number; readonly millis: number; readonly client: number }
  /** Bytes of memory for a source, by the bytes of its states. */
  readonly memory: Line
}

export interface ServerCosts {
  /** Bytes on the network. */
  readonly wire: Line
  /** Processor time of the thread of Redis that does everything. */
  readonly millis: Line
  /** Processor time of whoever asks. */
  readonly client: Line
}

export interface Usage {
  readonly millis: number
  readonly client: number
  readonly received: number
  readonly sent: number
  readonly memory: number
}

export interface MeasuredRedis {
  readonly url: string
  readonly usage: Effect.Effect<Usage>
}

export const measuredRedis: Effect.Effect<MeasuredRedis, unknown, Scope.Scope> = Effect.gen(function* () {
  const program = yield* Effect.acquireRelease(
    Effect.promise(() =>
      startProgram("redis-server", (folder, port) => [
        ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"]
      ])
    ),
    (started) => Effect.promise(() => started[Symbol.asyncDispose]())
  )
  const url = program.url.replace("http:", "redis:")
  const client = createClient({ url })
  client.on("error", () => {})
  yield* Effect.acquireRelease(
    Effect.promise(() => connected(client)),
    () => Effect.sync(() => client.destroy())
  )
  const usage = Effect.promise(async (): Promise<Usage> => {
    const known = new Map((await client.info("all")).split("\r\n").map((line) => line.split(":") as [string, string]))
    const number = (name: string): number => Number(known.get(name))
    return {
      client: cpuNanos() / 1e6,
      millis: (number("used_cpu_user_main_thread") + number("used_cpu_sys_main_thread")) * 1000,
      received: number("total_net_input_bytes"),
      sent: number("total_net_output_bytes"),
      memory: number("used_memory_dataset")
    }
  })
  return { url, usage }
})

/** It takes a moment until the server listens. */
const connected = async (client: { readonly connect: () => Promise<unknown> }): Promise<void> => {
  for (let i = 0; ; i++) {
    try {
      return void (await client.connect())
    } catch (error) {
      if (i === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** What something has used, for each of so many times. */
export const usedBy = <A, E>(
  { usage }: MeasuredRedis,
  times: number,
  effect: Effect.Effect<A, E>
): Effect.Effect<Usage, E> =>
  Effect.gen(function* () {
    const before = yield* usage
    yield* effect
    const after = yield* usage
    const each = (of: keyof Usage): number => (after[of] - before[of]) / times
    return {
      millis: each("millis"),
      client: each("client"),
      received: each("received"),
      sent: each("sent"),
      memory: each("memory")
    }
  })

const Small = 1024
const Large = 32 * 1024
const Sources = 500
const Rounds = 8

interface Measured {
  readonly write: Usage
  readonly read: Usage
  readonly known: Usage
  readonly memory: number
}

const measured = Effect.fnUntraced(function* (
  redis: MeasuredRedis,
  store: StateStoreService,
  bytes: number
): Effect.fn.Return<Measured, unknown> {
  const namespace = `scale-${bytes}`
  const sources = Array.from({ length: Sources }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`)
  let sequence = 0
  const writeAll = Effect.suspend(() => {
    sequence++
    const entries = new Map([["+http", new Uint8Array(bytes).fill(sequence)]])
    return Effect.forEach(
      sources,
      (source) =>
        store.write({
          ...{ namespace, source, epoch: 1, sequence, base: sequence === 1 ? undefined : sequence - 1 },
          ...{ entries, removed: [], hasEnded: false, isLasting: false }
        }),
      { concurrency: 64 }
    )
  })
  const first = yield* usedBy(redis, Sources, writeAll)
  const write = yield* usedBy(redis, Sources * Rounds, Effect.repeat(writeAll, { times: Rounds - 1 }))
  const all = new Map(sources.map((source) => [source, { epoch: 1, sequence }]))
  const reads = (known: ReadonlyMap<string, { readonly epoch: number; readonly sequence: number }>) =>
    usedBy(redis, Sources * Rounds, Effect.repeat(store.read({ namespace, known }), { times: Rounds - 1 }))
  const known = yield* reads(all)
  const read = yield* reads(new Map())
  return { write, read, known, memory: first.memory }
})

export const measureRedis: Effect.Effect<RedisCosts, unknown> = Effect.scoped(
  Effect.gen(function* () {
    const redis = yield* measuredRedis
    const store = Context.get(yield* Layer.build(RedisStore.layer({ url: redis.url })), StateStore)
    const small = yield* measured(redis, store, Small)
    const large = yield* measured(redis, store, Large)
    const line = (of: (measured: Measured) => number): Line => lineThrough([Small, of(small)], [Large, of(large)])
    const costs = (
      wire: (measured: Measured) => number,
      of: (measured: Measured, name: keyof Usage) => number
    ): ServerCosts => ({
      wire: line(wire),
      millis: line((measured) => of(measured, "millis")),
      client: line((measured) => of(measured, "client"))
    })
    return {
      write: costs(
        ({ write }) => write.received,
        ({ write }, name) => write[name]
      ),
      read: costs(
        ({ known, read }) => read.sent - known.sent,
        ({ known, read }, name) => read[name] - known[name]
      ),
      known: { wire: small.known.sent, millis: small.known.millis, client: small.known.client },
      memory: line(({ memory }) => memory)
    }
  })
)
