// Metrics that processes had before any aggregator: from a reported time on they have every event, whichever aggregator
// folds it.
import { expect, it } from "@effect/vitest"
import { Clock, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Metric, MetricsRuntime } from "mvx-metrics"
import type { EventStoreService } from "mvx-metrics/MetricsStore"
import type { StreamService } from "mvx-metrics/MetricsStream"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { asMany } from "../support/long.ts"
import { randomOf } from "../support/random.ts"
import { aggregator, namespace, start, storeOf } from "./support/processes.ts"
import { Requests } from "./support/requests.metrics.ts"
import { timedBy } from "./support/timedBy.ts"

const of = { events: Requests, when: ["http.request"] } as const
const Common = Metric.counter("requests.common", of)
/** By the name, and by hand: states of kernels and of reducers are kept in different ways. */
const Added = Metric.counter("requests.added", of)
const ByHand = Metric.make("requests.by_hand", {
  events: Requests,
  initial: { requests: 0 },
  reduce: { "http.request": ({ requests }) => ({ requests: requests + 1 }) },
  merge: (one, other) => ({ requests: one.requests + other.requests })
})

const before = { metrics: [Common], lease: "1 hour" } as const
const after = { metrics: [Common, Added, ByHand], lease: "1 hour" } as const

const request = { _tag: "http.request", method: "GET", route: "/", seconds: 1, user: "u" } as const

/** The n-th event comes at this time. */
const at = (n: number): number => start + 1000 * n

const makeProcess = Effect.fnUntraced(function* (store: EventStoreService) {
  const stream = { store: storeOf(store), interval: "1 hour" } as const
  const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", stream })
  yield* runtime.start
  const open = Effect.gen(function* () {
    const recorder = yield* runtime.createRecorder("http")
    for (const metric of [Added, ByHand]) yield* recorder.register(metric)
    return yield* recorder.register(Common)
  })
  let emitter = yield* open
  return {
    emit: (from: number, to: number) =>
      Effect.gen(function* () {
        for (let n = from; n < to; n++) {
          yield* TestClock.setTime(at(n))
          yield* emitter.emit(request)
        }
        yield* runtime.flush()
      }),
    /** Its recorder is removed, and another one has the id. */
    renew: Effect.gen(function* () {
      yield* runtime.stopAndRemoveRecorder("http")
      emitter = yield* open
    }),
    end: runtime.shutdown
  }
})

const rounds = (streams: ReadonlyArray<StreamService>) =>
  Effect.gen(function* () {
    for (let round = 0; round < 3; round++) for (const { foldNow } of streams) yield* foldNow
  })

/** An aggregator works, beside others, and leaves. */
const foldsWith = (store: EventStoreService, options: object, others: ReadonlyArray<StreamService> = []) =>
  Effect.scoped(Effect.flatMap(aggregator(store, options), (stream) => rounds([stream, ...others])))

const shownBy = (stream: Pick<StreamService, "report">) =>
  Effect.map(stream.report, ({ leftOut, recorders }) => {
    const { createdAt, lacksUntil, snapshots } = recorders.http!
    const dimensions = [Common, Added, ByHand].map(({ name }) => snapshots[name]?.dimensions)
    return { dimensions, createdAt, lacksUntil, leftOut }
  })

const shown = (common: number, added: number, createdAt: number, lacksUntil: number | undefined) => ({
  dimensions: [{ value: common }, { value: added }, { requests: added }],
  createdAt: {
    [Common.name]: at(0),
    [Added.name]: createdAt,
    [ByHand.name]: createdAt
  },
  lacksUntil: lacksUntil === undefined ? {} : { [Added.name]: lacksUntil, [ByHand.name]: lacksUntil },
  leftOut: []
})

it.effect("a metric has every event since its start, even if aggregators without it fold the process in between", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const { emit, end } = yield* makeProcess(store)
    const foldTo = Effect.fnUntraced(function* (from: number, to: number, options: object) {
      yield* emit(from, to)
      yield* foldsWith(store, options)
    })
    yield* foldTo(0, 10, before)
    yield* foldTo(10, 20, after)
    for (let n = 20; n < 100; n += 20) {
      yield* foldTo(n, n + 10, before)
      yield* foldTo(n + 10, n + 20, after)
    }
    const stream = yield* aggregator(store, after)
    expect(yield* shownBy(stream)).toEqual(shown(100, 90, at(9), at(9)))
    // Exporters are told when it began, and not when the aggregator did.
    const { gather, sources } = internalsOf(stream.runtime)
    yield* gather
    const [source] = sources()
    const dated = (yield* source!.shown).map(({ createdAt, metric }) => [metric.name, createdAt])
    expect({ dated, source: source!.createdAt }).toEqual({
      dated: [
        [Common.name, at(0)],
        [Added.name, at(9)],
        [ByHand.name, at(9)]
      ],
      source: at(0)
    })
    // The process becomes part of the total.
    yield* end
    yield* rounds([stream])
    const ended = yield* stream.report
    expect(ended.ended).toBe(1)
    expect(yield* shownBy(stream)).toEqual(shown(100, 90, at(9), at(9)))
  }).pipe(Effect.scoped)
)

it.effect(
  "events of a process that ends before any aggregator has a metric are not missing in it, and the time is known",
  () =>
    Effect.gen(function* () {
      const store = memoryEvents()
      const first = yield* makeProcess(store)
      yield* first.emit(0, 10)
      yield* first.renew
      yield* first.emit(10, 20)
      yield* first.end
      yield* foldsWith(store, before)
      const stream = yield* aggregator(store, after)
      yield* rounds([stream])
      const second = yield* makeProcess(store)
      yield* second.emit(20, 30)
      yield* rounds([stream])
      expect(yield* shownBy(stream)).toEqual(shown(30, 10, at(20), at(19)))
    }).pipe(Effect.scoped)
)

it.effect(
  "a process that begins while there is an aggregator with a metric misses nothing, whichever aggregator folds it",
  () =>
    Effect.gen(function* () {
      const store = memoryEvents()
      const stream = yield* aggregator(store, after)
      yield* rounds([stream])
      for (let n = 0; n < 100; n += 10) {
        const { emit, end } = yield* makeProcess(store)
        yield* emit(n, n + 10)
        if (n % 20 === 0) yield* end
        // Of ten processes, some are for each of the two.
        yield* foldsWith(store, before, [stream])
      }
      yield* rounds([stream])
      expect(yield* shownBy(stream)).toEqual(shown(100, 100, at(0), undefined))
    }).pipe(Effect.scoped)
)

it.effect("the state of a metric that no aggregator has any longer is reported as missing when it is dropped", () =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const store = timedBy(clock, memoryEvents())
    const { emit, end } = yield* makeProcess(store)
    yield* emit(0, 10)
    yield* foldsWith(store, after)
    yield* end
    yield* foldsWith(store, before)
    yield* TestClock.adjust("25 hours")
    yield* foldsWith(store, before)
    const stream = yield* aggregator(store, after)
    yield* rounds([stream])
    const { ended, leftOut, recorders } = yield* stream.report
    expect({ ended, leftOut }).toEqual({ ended: 1, leftOut: [Added.name, ByHand.name] })
    expect(recorders.http!.snapshots[Common.name]!.dimensions).toEqual({ value: 10 })
  }).pipe(Effect.scoped)
)

/** Aggregators without the metrics come and go beside one that has them. */
const walk = (seed: number, steps: number) =>
  Effect.gen(function* () {
    const random = randomOf(seed)
    const store = memoryEvents()
    const processes: Array<Effect.Success<ReturnType<typeof makeProcess>>> = []
    let emitted = 0
    const step = Effect.fnUntraced(function* (fold: Effect.Effect<unknown, unknown>) {
      const index = random(Math.max(1, processes.length))
      const process = processes[index]
      switch (random(7)) {
        case 0:
          processes.push(yield* makeProcess(store))
          break
        case 1:
          if (process !== undefined) yield* process.renew
          break
        case 2:
          if (process !== undefined) yield* process.end
          processes.splice(index, 1)
          break
        case 3:
        case 4:
          yield* fold
          break
        default: {
          if (process === undefined) break
          const count = 1 + random(20)
          yield* process.emit(emitted, emitted + count)
          emitted += count
        }
      }
    })
    for (let i = 0; i < steps; i++) yield* step(foldsWith(store, before))
    yield* foldsWith(store, before)
    const lacked = emitted
    const scope = yield* Scope.make()
    const stream = yield* Scope.provide(aggregator(store, after), scope)
    yield* stream.foldNow
    for (let i = 0; i < 2 * steps; i++) {
      yield* step(random(3) === 0 ? rounds([stream]) : foldsWith(store, before, [stream]))
    }
    yield* rounds([stream])
    yield* Scope.close(scope, Exit.void)
    const reader = yield* aggregator(store, after)
    const { recorders } = yield* reader.report
    const { lacksUntil = {}, snapshots } = recorders.http ?? {}
    if (emitted > lacked) {
      expect(snapshots![Added.name]!.dimensions).toEqual({ value: emitted - lacked })
      expect(snapshots![ByHand.name]!.dimensions).toEqual({ requests: emitted - lacked })
    }
    const until = lacked === 0 ? undefined : at(lacked - 1)
    expect([Added, ByHand].map(({ name }) => lacksUntil[name])).toEqual([until, until])
    expect((yield* reader.report).leftOut).toEqual([])
  })

it.effect.each(Array.from({ length: asMany(300, 12) }, (_, i) => i + 1))(
  "every event after the stated time is counted once, walk %i",
  (seed) => walk(seed, 30).pipe(Effect.scoped)
)
