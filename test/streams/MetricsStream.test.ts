// Events of several runtimes, folded by aggregators over a store in memory.
import { expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Metric, MetricsError, MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import type { EventStoreService } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import { memoryEvents, noEvents } from "../../src/internal/store/memoryEvents.ts"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { openStore } from "../durable/support.ts"
import { aggregator, at, namespace, producer, simulatingOutside, start, storeOf } from "./support/processes.ts"
import { lastUser, RequestMetrics, Requests } from "./support/requests.metrics.ts"
import { dimensionsOf, foldedRequests, requestAt } from "./support/requests.ts"
import { timedBy } from "./support/timedBy.ts"

it.effect("the stream yields the same as one fold over the events of all processes", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const one = yield* producer(store, 1)
    const two = yield* producer(store, 2)
    const stream = yield* aggregator(store)
    yield* one.emit(0, 300)
    yield* two.emit(0, 200)
    yield* one.runtime.flush()
    yield* two.runtime.flush()
    yield* stream.foldNow
    yield* one.emit(300, 500)
    yield* one.runtime.flush()
    yield* stream.foldNow
    const { recorders, sources } = yield* stream.report
    const counts = new Map([
      [1, 500],
      [2, 200]
    ])
    expect(dimensionsOf(recorders.http!.snapshots)).toEqual(foldedRequests(counts, at, at(499)))
    expect(recorders.http!.events).toMatchObject({ evicted: 0, missed: 0 })
    expect(recorders.http!.events.applied + recorders.http!.events.ignored).toBe(700)
    expect(recorders.http!.processes).toBe(2)
    expect(sources.map(({ behind }) => behind)).toEqual([0, 0])
  }).pipe(Effect.scoped)
)

it.effect("the stream keeps the counts of an ended process, without its levels", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const stream = yield* aggregator(store)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { emit, runtime } = yield* producer(store, 1)
        yield* emit(0, 300)
        yield* runtime.shutdown
      })
    )
    yield* stream.foldNow
    const { ended, recorders, sources } = yield* stream.report
    expect(dimensionsOf(recorders.http!.snapshots)).toEqual(foldedRequests(new Map([[1, 300]]), at, at(299)))
    expect({ ended, sources, processes: recorders.http!.processes }).toEqual({ ended: 1, sources: [], processes: 0 })
    // The runtime that exporters read has the same.
    expect(yield* stream.runtime.stats).toMatchObject({ recorders: 0 })
  }).pipe(Effect.scoped)
)

it.effect(
  "the stream counts a process under its recorder ids when its layers are closed, whatever totals they name",
  () =>
    Effect.gen(function* () {
      const store = memoryEvents()
      const Metrics = Recorder.layer("http").pipe(
        Layer.provideMerge(MetricsLayer.layerInProcess({ namespace, stream: { store: storeOf(store) } }))
      )
      yield* Effect.gen(function* () {
        const connection = yield* (yield* MetricsRuntime).createRecorder("connection-1", {
          totalOfRemoved: "connections"
        })
        for (const each of [yield* Recorder, connection]) {
          yield* (yield* each.register(RequestMetrics)).emit(requestAt(1, 1) as never)
        }
        yield* (yield* MetricsRuntime).stopAndRemoveRecorder("connection-1")
      }).pipe(Effect.provide(Metrics))
      const stream = yield* aggregator(store)
      yield* stream.foldNow
      const { recorders } = yield* stream.report
      const counts = Object.entries(recorders).map(([id, { events }]) => [id, events.applied])
      expect(Object.fromEntries(counts)).toEqual({ http: 1, "connection-1": 1 })
    }).pipe(Effect.scoped)
)

it.effect("the stream distinguishes a limited number of removed recorders", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const { runtime } = yield* producer(store, 1)
    const stream = yield* aggregator(store)
    for (let i = 0; i < 1100; i++) {
      const recorder = yield* runtime.createRecorder(`connection-${i}`)
      yield* (yield* recorder.register(lastUser)).emit(requestAt(1, 1) as never)
      yield* runtime.stopAndRemoveRecorder(`connection-${i}`)
    }
    yield* runtime.flush()
    yield* stream.foldNow
    const { recorders } = yield* stream.report
    expect(Object.keys(recorders)).toHaveLength(1000 + 1)
    expect(recorders.removed!.events.applied).toBe(100)
    expect(recorders["connection-999"]!.events.applied).toBe(1)
  }).pipe(Effect.scoped)
)

it.effect("the stream counts once what a process with durable state has restored", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const stream = yield* aggregator(store)
    const durable = { store: openStore().store }
    const process = (from: number, to: number) =>
      Effect.gen(function* () {
        const { emit, recorder, runtime } = yield* producer(store, 1, { durable })
        yield* emit(from, to)
        yield* runtime.flush()
        yield* stream.foldNow
        const { ended, recorders, sources } = yield* stream.report
        const { "requests.last_user": _, ...all } = dimensionsOf(recorders.http!.snapshots)
        const { "requests.last_user": __, ...local } = dimensionsOf(yield* recorder.snapshots)
        expect(all).toEqual(local)
        expect(local.requests).toEqual(foldedRequests(new Map([[1, to]]), at, at(to - 1)).requests)
        return { ended, sources: sources.length }
      }).pipe(Effect.scoped)
    expect(yield* process(0, 130)).toEqual({ ended: 0, sources: 1 })
    expect(yield* process(130, 260)).toEqual({ ended: 1, sources: 1 })
    expect(yield* process(260, 300)).toEqual({ ended: 2, sources: 1 })
  }).pipe(Effect.scoped)
)

it.effect("the stream names events that the store has lost, and counts all others", () =>
  Effect.gen(function* () {
    const stored = noEvents()
    const store = memoryEvents(() => stored)
    const { emit, runtime } = yield* producer(store, 1)
    const stream = yield* aggregator(store)
    for (const from of [0, 100, 200]) {
      yield* emit(from, from + 100)
      yield* runtime.flush()
    }
    const [[key, kept]] = [...stored.sources] as [
      [string, typeof stored.sources extends Map<string, infer V> ? V : never]
    ]
    stored.sources.set(key, { ...kept, batches: new Map([...kept.batches].filter(([number]) => number !== 2)) })
    yield* stream.foldNow
    const { events } = (yield* stream.report).recorders.http!
    expect(events.missed).toBe(100)
    expect(events.applied + events.ignored).toBe(200)
  }).pipe(Effect.scoped)
)

it.effect("the stream leaves out metrics that are defined differently, and names them", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const { emit, runtime } = yield* producer(store, 1)
    const other = Metric.counter("requests", { events: Requests, when: ["http.request"], labels: ["method"] })
    const stream = yield* aggregator(store, { metrics: [other, lastUser] })
    yield* emit(0, 100)
    yield* runtime.flush()
    yield* stream.foldNow
    const { leftOut, recorders } = yield* stream.report
    expect(leftOut).toEqual(["bodies", "requests", "requests.duration", "requests.last", "requests.users"])
    expect(Object.keys(recorders.http!.snapshots)).toEqual(["requests.last_user"])
  }).pipe(Effect.scoped)
)

it.effect(
  "a process keeps events while the store fails, stops folding when its buffer is full, and loses no accepted event",
  () =>
    Effect.gen(function* () {
      let isDown = true
      const store = memoryEvents()
      const failed = new MetricsError.MetricsStoreError({ store: "down", operation: "append", reason: "it is down" })
      const failing: EventStoreService = {
        ...store,
        append: (append) => (isDown ? Effect.fail(failed) : store.append(append))
      }
      const runtime = yield* MetricsRuntime.makeInProcess({
        namespace,
        logging: "silent",
        stream: { store: storeOf(failing), interval: "1 hour", memoryLimit: 1024 * 1024, grace: 10, heartbeat: 2 }
      })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("http", { capacity: 100, overflow: "drop-newest" })
      const metrics = yield* recorder.register(RequestMetrics)
      const body = { _tag: "http.body", sizes: Array.from({ length: 2000 }, (_, i) => i + 0.5) } as const
      for (let i = 0; i < 1000; i++) {
        yield* metrics.emit(body)
        if (i % 20 === 0) yield* Effect.yieldNow
      }
      const { accepted, refusedBy } = yield* recorder.stats
      expect(refusedBy.overflow).toBeGreaterThan(0)
      const { stream: kept } = yield* runtime.stats
      expect(kept!.isFull).toBe(true)
      expect(kept!.kept.used).toBeLessThan(4 * 1024 * 1024)
      expect(kept!.failure).toContain("it is down")
      isDown = false
      const stream = yield* aggregator(store)
      // What was committed makes room for the rest.
      const folding = yield* Effect.forkChild(Effect.forever(Effect.andThen(stream.foldNow, nextTurn)))
      yield* runtime.flush()
      yield* Fiber.interrupt(folding)
      yield* stream.foldNow
      const { events } = (yield* stream.report).recorders.http!
      expect(events).toEqual({ applied: accepted, ignored: 0, evicted: 0, missed: 0 })
      expect((yield* recorder.stats).accepted).toBe(accepted)
    }).pipe(Effect.scoped)
)

it.effect(
  "a process continues folding while the store fails under drop-newest, and the stream reports what it misses",
  () =>
    Effect.gen(function* () {
      let isDown = true
      const memory = memoryEvents()
      const failed = new MetricsError.MetricsStoreError({ store: "down", operation: "append", reason: "it is down" })
      const store: EventStoreService = {
        ...memory,
        append: (append) => (isDown ? Effect.fail(failed) : memory.append(append))
      }
      const runtime = yield* MetricsRuntime.makeInProcess({
        namespace,
        logging: "silent",
        stream: {
          ...{ store: storeOf(store), interval: "1 hour", memoryLimit: 1024 * 1024, grace: 10, heartbeat: 2 },
          overflow: "drop-newest"
        }
      })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("http", { capacity: 100, overflow: "drop-newest" })
      const metrics = yield* recorder.register(RequestMetrics)
      const emit = Effect.gen(function* () {
        for (let i = 0; i < 1000; i++) {
          yield* metrics.emit({ _tag: "http.body", sizes: Array.from({ length: 2000 }, (_, n) => n + 0.5) })
          if (i % 20 === 0) yield* Effect.yieldNow
        }
      })
      yield* emit
      // Recorders come and go meanwhile, and leave nothing in the memory for the store.
      const { kept } = (yield* runtime.stats).stream!
      for (let i = 0; i < 500; i++) {
        const other = yield* runtime.createRecorder(`connection-${i}`)
        yield* (yield* other.register(RequestMetrics)).emit(requestAt(1, 1) as never)
        yield* runtime.stopAndRemoveRecorder(`connection-${i}`)
      }
      const bodies = (yield* recorder.snapshots).bodies!.dimensions
      expect((yield* recorder.stats).refused).toBe(0)
      expect((yield* recorder.stats).applied).toBe(1000)
      const during = (yield* runtime.stats).stream!
      expect(during.isFull).toBe(true)
      expect(during.kept.used).toBe(kept.used)
      expect(during.kept.used).toBeLessThan(2 * 1024 * 1024)
      isDown = false
      const stream = yield* aggregator(store)
      const folding = yield* Effect.forkChild(Effect.forever(Effect.andThen(stream.foldNow, nextTurn)))
      yield* runtime.flush()
      const room = Effect.gen(function* () {
        while ((yield* runtime.stats).stream!.isFull) yield* nextTurn
      })
      yield* room
      yield* emit
      yield* runtime.flush()
      // What was dropped last is known to be missing with the next event that is not.
      let offered = 2000
      for (let before = -1, all = 0; all !== before; offered++) {
        before = all
        yield* room
        yield* metrics.emit({ _tag: "http.body", sizes: [1] })
        yield* runtime.flush()
        all = (yield* runtime.stats).stream!.dropped
      }
      yield* Fiber.interrupt(folding)
      yield* stream.foldNow
      const { events } = (yield* stream.report).recorders.http!
      const { dropped } = (yield* runtime.stats).stream!
      expect(events.missed).toBeGreaterThan(0)
      expect(events.applied + events.missed).toBe(offered)
      expect(dropped).toBeGreaterThanOrEqual(events.missed)
      expect(bodies).toEqual({ value: 1000 * 2_000_000 })
    }).pipe(Effect.scoped)
)

it.effect("a process counts the failure of a store that treats each new source as retired, and retries later", () =>
  Effect.gen(function* () {
    let appends = 0
    const retired = Effect.sync(() => {
      appends++
      return { last: 0, committed: 0, isRetired: true }
    })
    const runtime = yield* MetricsRuntime.makeInProcess({
      namespace,
      logging: "silent",
      shutdownTimeout: "100 millis",
      stream: { store: storeOf({ ...memoryEvents(), append: () => retired }) }
    })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("http")
    yield* (yield* recorder.register(RequestMetrics)).emit(requestAt(1, 1) as never)
    const error = yield* Effect.flip(runtime.flush())
    expect(error.message).toContain("retired")
    const { failures, retirements } = (yield* runtime.stats).stream!
    expect(failures).toBeGreaterThan(0)
    expect(retirements).toBe(appends)
    expect(appends).toBeLessThanOrEqual(failures + 1)
  }).pipe(Effect.scoped)
)

it.effect("a failed flush reports why events are not in the store", () =>
  Effect.gen(function* () {
    const failed = new MetricsError.MetricsStoreError({ store: "down", operation: "append", reason: "it is down" })
    const store: EventStoreService = { ...memoryEvents(), append: () => Effect.fail(failed) }
    const runtime = yield* MetricsRuntime.makeInProcess({
      namespace,
      logging: "silent",
      shutdownTimeout: "100 millis",
      stream: { store: storeOf(store) }
    })
    yield* runtime.start
    yield* runtime.createRecorder("http")
    const error = yield* Effect.flip(runtime.flush())
    expect(error.message).toContain("event store")
    expect(error.message).toContain("it is down")
  }).pipe(Effect.scoped)
)

it.effect("aggregators share the sources, and take over those of one that has left", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    // Ids are random: that one of two aggregators gets none of so many happens once in 2 ** 31 runs.
    const processes = Array.from({ length: 32 }, (_, process) => process)
    const producers = yield* Effect.forEach(processes, (process) => producer(store, process))
    const one = yield* aggregator(store)
    const sourcesOf = (each: typeof one) => Effect.map(each.stats, ({ sources }) => sources)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const two = yield* aggregator(store)
        for (const { emit, runtime } of producers) {
          yield* emit(0, 20)
          yield* runtime.flush()
        }
        for (const each of [one, two, one, two]) yield* each.foldNow
        const shares = [yield* sourcesOf(one), yield* sourcesOf(two)]
        expect(Math.min(...shares)).toBeGreaterThan(0)
        expect(shares[0]! + shares[1]!).toBe(processes.length)
      })
    )
    for (const { emit, runtime } of producers) {
      yield* emit(20, 40)
      yield* runtime.flush()
    }
    yield* one.foldNow
    expect(yield* sourcesOf(one)).toBe(processes.length)
    const { events } = (yield* one.report).recorders.http!
    expect(events.applied + events.ignored).toBe(processes.length * 40)
  }).pipe(Effect.scoped)
)

it.effect("the stream continues after a process was treated as ended, and counts nothing twice", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const clock = yield* Clock.Clock
    const memory = memoryEvents()
    const store = timedBy(clock, memory)
    const { emit, runtime } = yield* producer(store, 1)
    const stream = yield* aggregator(store, { silentAfter: "1 second" })
    yield* emit(0, 100)
    yield* runtime.flush()
    yield* stream.foldNow
    yield* TestClock.adjust("1 minute")
    yield* stream.foldNow
    expect((yield* stream.report).ended).toBe(1)
    yield* TestClock.setTime(at(100))
    yield* emit(100, 150)
    yield* runtime.flush()
    yield* stream.foldNow
    const { recorders, sources } = yield* stream.report
    expect(sources).toHaveLength(1)
    expect(dimensionsOf(recorders.http!.snapshots)).toEqual(foldedRequests(new Map([[1, 150]]), at, at(149)))
    expect((yield* runtime.stats).stream!.retirements).toBe(1)
  }).pipe(simulatingOutside, Effect.scoped)
)

it.effect("the stream dies of invalid options, and names them", () =>
  Effect.gen(function* () {
    const store = storeOf(memoryEvents())
    const refused = (options: object) =>
      Effect.map(Effect.exit(MetricsStream.make(options as never)), (exit) => String(exit))
    expect(yield* refused({ namespace, metrics: [lastUser] })).toContain("store")
    expect(yield* refused({ store, metrics: [lastUser] })).toContain("namespace")
    expect(yield* refused({ store, namespace, metrics: [] })).toContain("metrics")
    expect(yield* refused({ store, namespace, metrics: [lastUser], lease: "soon" })).toContain("lease")
    const runtime = (stream: object) =>
      Effect.map(Effect.exit(MetricsRuntime.makeInProcess({ namespace, stream: stream as never })), (exit) =>
        String(exit)
      )
    expect(yield* runtime({})).toContain("needs a store")
    expect(yield* runtime({ store, memoryLimit: 1 })).toContain("memoryLimit")
    expect(yield* runtime({ store, grace: 1000, heartbeat: 600 })).toContain("heartbeat")
  }).pipe(Effect.scoped)
)

it.effect("the stream keeps ended recorders with any ids, with keys that every server accepts", () =>
  Effect.gen(function* () {
    const memory = memoryEvents()
    const keys: Array<string> = []
    const store: EventStoreService = {
      ...memory,
      commit: (namespace, commits) => {
        for (const { parts } of commits) keys.push(...parts.keys())
        return memory.commit(namespace, commits)
      }
    }
    const { runtime } = yield* producer(store, 1, { totalOfRemoved: false })
    const stream = yield* aggregator(store)
    const ids = ["x".repeat(10_000), "a\0b", "plain"]
    for (const id of ids) {
      const recorder = yield* runtime.createRecorder(id)
      yield* (yield* recorder.register(RequestMetrics)).emit(requestAt(1, 1) as never)
      yield* runtime.stopAndRemoveRecorder(id)
    }
    yield* runtime.flush()
    yield* stream.foldNow
    // One that has to load what the other has stored.
    const { recorders } = yield* (yield* aggregator(store)).report
    expect(Object.keys(recorders)).toEqual(expect.arrayContaining(ids))
    expect(keys.filter((key) => key.length > 256 || key.includes("\0"))).toEqual([])
  })
)
