/**
 * `npm run bench:streams`: events a second through the store of events, against one `INCR` for each event to the same Redis, in
 * turns in one run. The last line is the result as JSON. Needs `redis-server`.
 */
import { Effect } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { EventStore } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as RedisStore from "mvx-metrics/RedisStore"
import { createClient } from "redis"
import { hasRedis, makeRedis } from "../test/e2e/support/storeServers.ts"
import { type Request, RequestMetrics } from "../test/streams/support/requests.metrics.ts"

const Events = 1_000_000
const Pipelined = 200_000
const AtOnce = 1000
const OneByOne = 10_000
const Rounds = 3

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

const counted = async (url: string): Promise<{ readonly pipelined: number; readonly single: number }> => {
  const client = await createClient({ url }).connect()
  let begun = performance.now()
  for (let i = 0; i < Pipelined; i += AtOnce) {
    await Promise.all(Array.from({ length: AtOnce }, (_, n) => client.incr(`requests:${(i + n) % 50}`)))
  }
  const pipelined = Pipelined / ((performance.now() - begun) / 1000)
  begun = performance.now()
  for (let i = 0; i < OneByOne; i++) await client.incr(`requests:${i % 50}`)
  const single = OneByOne / ((performance.now() - begun) / 1000)
  client.destroy()
  return { pipelined, single }
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
const of = (name: keyof Round): number => median(rounds.map((round) => round[name]))
console.log(
  JSON.stringify({
    eventsAppendedPerSecond: Math.round(of("appended")),
    eventsFoldedPerSecond: Math.round(of("folded")),
    incrPipelinedPerSecond: Math.round(of("pipelined")),
    incrOneByOnePerSecond: Math.round(of("single")),
    appendedPerPipelinedIncr: of("appended") / of("pipelined"),
    appendedPerSingleIncr: of("appended") / of("single"),
    bytesPerEvent: of("bytesPerEvent"),
    nanosPerEmit: of("nanosPerEmit")
  })
)
