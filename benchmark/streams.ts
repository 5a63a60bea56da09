/**
 * `npm run bench:streams`: events a second through the store of events, against one `INCR` for each event to the same Redis, and
 * against a client that keeps its metrics in Redis, in turns in one run. The last line is the result as JSON: medians, with
 * the least and the most of all rounds. Needs `redis-server`.
 */
import { Effect } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { EventStore } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as RedisStore from "mvx-metrics/RedisStore"
import { createClient } from "redis"
import { hasRedis, makeRedis } from "../test/e2e/support/storeServers.ts"
import { type Request, RequestMetrics } from "../test/streams/support/requests.metrics.ts"
import { countInRedis } from "./contenders/redisCounters.ts"

const Events = 1_000_000
const Pipelined = 200_000
const OfPeer = 50_000
const AtOnce = 1000
const OneByOne = 10_000
const Rounds = 5

type Measured = Extract<Request, { readonly _tag: "http.request" }>

const event = (i: number): Request => ({
  _tag: "http.request",
  method: i % 3 === 0 ? "PUT" : "GET",
  route: `/r${i % 50}`,
  seconds: (i % 1000) / 1000,
  user: `u${i % 500}`
})
const events = Array.from({ length: 5000 }, (_, i) => event(i))

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** Events a second until they are in the store, and until they are committed; and what an event takes there. */
const streamed = (url: string, round: number) =>
  Effect.gen(function* () {
    const namespace = `bench-${round}`
    const store = RedisStore.make({ url })
    const runtime = yield* MetricsRuntime.makeWorker({
      namespace,
      capacity: 1_000_000,
      overflow: "backpressure",
      stream: { store, memoryLimit: 512 * 1024 * 1024 }
    })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("http")
    const metrics = yield* recorder.register(RequestMetrics)
    for (const each of events) yield* metrics.emit(each as never)
    yield* runtime.flush()
    const emitted = performance.now()
    for (let i = 0; i < Events; i++) yield* metrics.emit(events[i % events.length] as never)
    const accepted = performance.now()
    yield* runtime.flush()
    const stored = performance.now()
    const bytes = yield* EventStore.use((self) =>
      Effect.gen(function* () {
        const { sources } = yield* self.join(namespace, "bench", 0)
        let [sum, after] = [0, 0]
        for (;;) {
          const batches = yield* self.read(namespace, sources[0]!.source, after, 1_000_000)
          if (batches.length === 0) return sum
          for (const each of batches) sum += each.bytes.byteLength
          after = batches.at(-1)!.number
        }
      })
    ).pipe(Effect.provide(RedisStore.layer({ url })))
    const stream = yield* MetricsStream.make({ namespace, metrics: [RequestMetrics], store, interval: "1 hour" })
    const begun = performance.now()
    yield* stream.foldNow
    const folded = performance.now()
    const { recorders } = yield* stream.report
    const { applied } = recorders.http!.events
    if (applied !== Events + events.length) throw new Error(`${applied} events were folded`)
    return {
      nanosPerEmit: ((accepted - emitted) / Events) * 1e6,
      appended: Events / ((stored - emitted) / 1000),
      folded: Events / ((folded - begun) / 1000),
      bytesPerEvent: bytes / (Events + events.length)
    }
  }).pipe(Effect.scoped)

/** Events a second, of which so many are on their way at once. */
const rateOf = async (events: number, atOnce: number, count: (i: number) => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  for (let i = 0; i < events; i += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, n) => count(i + n)))
  }
  return events / ((performance.now() - begun) / 1000)
}

const counted = async (url: string) => {
  const client = await createClient({ url }).connect()
  const incr = (i: number): Promise<unknown> => client.incr(`requests:${i % 50}`)
  const peer = (i: number): Promise<unknown> => countInRedis(client, events[i % events.length] as Measured)
  try {
    return {
      incrPipelined: await rateOf(Pipelined, AtOnce, incr),
      incrOneByOne: await rateOf(OneByOne, 1, incr),
      peerPipelined: await rateOf(OfPeer, AtOnce, peer),
      peerOneByOne: await rateOf(OneByOne, 1, peer)
    }
  } finally {
    client.destroy()
  }
}

if (!hasRedis()) process.exit(1)
await using server = await makeRedis("everysec")
await server.start()
type Round = Awaited<ReturnType<typeof counted>> & Effect.Success<ReturnType<typeof streamed>>
const rounds: Array<Round> = []
for (let round = 0; round < Rounds; round++) {
  const incr = await counted(server.url)
  rounds.push({ ...incr, ...(await Effect.runPromise(streamed(server.url, round))) })
  console.error(JSON.stringify(rounds.at(-1)))
}
/** The median of all rounds, and the least and the most. */
const spread = (of: (round: Round) => number): string => {
  const values = rounds.map(of).sort((a, b) => a - b)
  const text = (value: number): string => (value >= 1000 ? String(Math.round(value)) : value.toPrecision(3))
  return `${text(median(values))} (${text(values[0]!)} to ${text(values.at(-1)!)})`
}
const per = (name: keyof Round) => (round: Round) => round.appended / round[name]
console.log(
  JSON.stringify({
    eventsAppendedPerSecond: spread(({ appended }) => appended),
    eventsFoldedPerSecond: spread(({ folded }) => folded),
    incrPipelinedPerSecond: spread(({ incrPipelined }) => incrPipelined),
    incrOneByOnePerSecond: spread(({ incrOneByOne }) => incrOneByOne),
    peerPipelinedPerSecond: spread(({ peerPipelined }) => peerPipelined),
    peerOneByOnePerSecond: spread(({ peerOneByOne }) => peerOneByOne),
    appendedPerIncrPipelined: spread(per("incrPipelined")),
    appendedPerIncrOneByOne: spread(per("incrOneByOne")),
    appendedPerPeerPipelined: spread(per("peerPipelined")),
    appendedPerPeerOneByOne: spread(per("peerOneByOne")),
    foldedPerPeerPipelined: spread((round) => round.folded / round.peerPipelined),
    bytesPerEvent: spread(({ bytesPerEvent }) => bytesPerEvent),
    nanosPerEmit: spread(({ nanosPerEmit }) => nanosPerEmit)
  })
)
