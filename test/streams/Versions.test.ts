// A deployment: processes and aggregators of two versions of a metric run at the same time. Each version has all events
// of its processes, whichever aggregator has folded them.
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Metric, MetricsRuntime, type RuntimeService } from "mvx-metrics"
import { Reports } from "../../src/internal/aggregate/report.ts"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { packedEvents } from "../../src/internal/store/packing.ts"
import { asMany } from "../support/long.ts"
import { randomOf } from "../support/random.ts"
import { aggregator, namespace, storeOf } from "./support/processes.ts"
import { Requests } from "./support/requests.metrics.ts"

type Version = 1 | 2

const of = { events: Requests, when: ["http.request"] } as const
const Common = Metric.counter("requests.common", of)

const versions = {
  1: [
    Metric.histogram("requests.seconds", { ...of, value: "seconds", boundaries: [1, 10] }),
    Metric.counter("requests.first", of),
    Common
  ],
  2: [
    Metric.histogram("requests.seconds", { ...of, value: "seconds", boundaries: [2, 10] }),
    Metric.counter("requests.second", of),
    Common
  ]
} as const

const request = { _tag: "http.request", method: "GET", route: "/", seconds: 1.5, user: "u" } as const

const makeProcess = Effect.fnUntraced(function* (store: ReturnType<typeof memoryEvents>, version: Version) {
  const stream = { store: storeOf(store), interval: "1 hour" } as const
  const runtime: RuntimeService = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", stream })
  yield* runtime.start
  const open = Effect.gen(function* () {
    const recorder = yield* runtime.createRecorder("http")
    const [first, ...others] = versions[version]
    const emitter = yield* recorder.register(first)
    for (const each of others) yield* recorder.register(each)
    measured = version
    return emitter
  })
  let measured = version
  let emitter = yield* open
  return {
    version,
    /** The version of its histogram, which it may replace. */
    get measured() {
      return measured
    },
    replace: Effect.gen(function* () {
      measured = measured === 1 ? 2 : 1
      yield* (yield* runtime.getRecorder("http")).register(versions[measured][0], { replace: true })
    }),
    emit: (count: number) =>
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* emitter.emit(request as never)
      }),
    /** Its recorder is removed, and another one has the id. */
    renew: Effect.gen(function* () {
      yield* runtime.stopAndRemoveRecorder("http")
      emitter = yield* open
    }),
    flush: runtime.flush(),
    end: runtime.shutdown
  }
})

/** `replaces`: processes replace their histograms as well. Then nothing is kept for counters that an aggregator does not have. */
const walk = (seed: number, steps: number, replaces = false) =>
  Effect.gen(function* () {
    const random = randomOf(seed)
    const store = memoryEvents()
    const emitted = { 1: 0, 2: 0 }
    const measured = { 1: 0, 2: 0 }
    const processes: Array<Effect.Success<ReturnType<typeof makeProcess>>> = []
    const anyVersion = (): Version => (random(2) === 0 ? 1 : 2)
    const readerOf = (version: Version) => {
      const metrics: ReadonlyArray<Metric.Any> = versions[version]
      const byName = new Map(metrics.map((metric) => [metric.name, metric] as const))
      const known = { byName, onProblem: () => {} }
      return new Reports({ store: packedEvents(store), namespace, metrics: known, reader: "report" })
    }
    const readers = { 1: readerOf(1), 2: readerOf(2) }
    /** Aggregators of these versions work, and leave. */
    const fold = Effect.fnUntraced(function* (...working: ReadonlyArray<Version>) {
      const scope = yield* Scope.make()
      const all = yield* Effect.forEach(working, (version) =>
        Scope.provide(aggregator(store, { metrics: versions[version] }), scope)
      )
      for (let round = 0; round < 3; round++) for (const { foldNow } of all) yield* foldNow
      yield* Scope.close(scope, Exit.void)
    })
    const check = Effect.fnUntraced(function* () {
      for (const { flush } of processes) yield* flush
      yield* fold(anyVersion())
      for (const version of [1, 2] as const) {
        const { recorders } = yield* readers[version].report
        const shown = recorders.http?.snapshots ?? {}
        const [seconds, own, common] = versions[version].map(({ name }) => shown[name]?.dimensions)
        const counts = version === 1 ? [0, measured[1], 0] : [measured[2], 0, 0]
        expect({ version, seconds, own, common }).toMatchObject({
          ...(measured[version] > 0 && { seconds: { counts } }),
          ...(!replaces && emitted[version] > 0 && { own: { value: emitted[version] } }),
          ...(emitted[1] + emitted[2] > 0 && { common: { value: emitted[1] + emitted[2] } })
        })
      }
    })
    for (let step = 0; step < steps; step++) {
      yield* TestClock.adjust("1 second")
      const index = random(Math.max(1, processes.length))
      const process = processes[index]
      switch (random(replaces ? 9 : 8)) {
        case 0:
          processes.push(yield* makeProcess(store, anyVersion()))
          break
        case 1:
          if (process !== undefined) yield* process.renew
          break
        case 2:
          if (process !== undefined) yield* process.end
          processes.splice(index, 1)
          break
        case 3:
          yield* process === undefined ? Effect.void : process.flush
          yield* fold(anyVersion())
          break
        case 4:
          for (const { flush } of processes) yield* flush
          yield* fold(1, 2)
          break
        case 5:
          yield* check()
          break
        case 8:
          if (process !== undefined) yield* process.replace
          break
        default: {
          if (process === undefined) break
          const count = 1 + random(20)
          yield* process.emit(count)
          emitted[process.version] += count
          measured[process.measured] += count
        }
      }
    }
    yield* check()
    for (const { end } of processes.splice(0)) yield* end
    yield* check()
    // What each version has left in the total is there for both.
    yield* fold(1)
    yield* fold(2)
    yield* check()
    return emitted
  })

it.effect.each(Array.from({ length: asMany(300, 12) }, (_, i) => i + 1))(
  "each version of a metric has all events of its processes, walk %i",
  (seed) => Effect.asVoid(walk(seed, 60)).pipe(Effect.scoped)
)

// In walk 18, lives follow each other on a lane within a batch.
it.effect.each(Array.from({ length: asMany(300, 12) }, (_, i) => i + 18))(
  "each version has the events of processes that replace one by the other, walk %i",
  (seed) => Effect.asVoid(walk(seed, 60, true)).pipe(Effect.scoped)
)
