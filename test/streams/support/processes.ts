/** Processes that emit the events of `requests.ts`, and aggregators, over a store for tests. */
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime } from "mvx-metrics"
import { EventStore, type EventStoreService } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import { OutsideClock } from "../../../src/internal/util/liveClock.ts"
import { RequestMetrics } from "./requests.metrics.ts"
import { requestAt } from "./requests.ts"

export const namespace = "requests"
export const start = 1_700_000_000_000
export const at = (i: number): number => start + i * 3

export const storeOf = (store: EventStoreService) => Layer.succeed(EventStore, store)

export const aggregator = (store: EventStoreService, options = {}) =>
  MetricsStream.make({ namespace, metrics: [RequestMetrics], store: storeOf(store), interval: "1 hour", ...options })

/** What lives outside the program goes by the clock of the test as well. */
export const simulatingOutside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => Effect.provideService(effect, OutsideClock, clock))

/** A process that emits the events `from` to `to`, until the scope closes. */
export const producer = Effect.fnUntraced(function* (store: EventStoreService, process: number, options = {}) {
  const runtime = yield* MetricsRuntime.makeInProcess({
    namespace,
    ...options,
    stream: { store: storeOf(store), interval: "1 hour" },
    capacity: 100_000
  })
  yield* runtime.start
  const recorder = yield* runtime.createRecorder("http")
  const metrics = yield* recorder.register(RequestMetrics)
  return {
    runtime,
    recorder,
    emit: (from: number, to: number) =>
      Effect.gen(function* () {
        for (let i = from; i < to; i++) {
          yield* TestClock.setTime(at(i))
          yield* metrics.emit(requestAt(process, i) as never)
        }
      })
  }
})
