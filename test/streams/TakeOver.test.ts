// How aggregators interact with each other, with sources that cannot be folded, and with a store that has lost its
// data.
import { expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Metric, MetricsRuntime } from "mvx-metrics"
import type { EventCommit, EventStoreService } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import { Reports } from "../../src/internal/aggregate/report.ts"
import { memoryEvents, noEvents } from "../../src/internal/store/memoryEvents.ts"
import { packedEvents, unpack } from "../../src/internal/store/packing.ts"
import { aggregator, at, namespace, producer, simulatingOutside, start, storeOf } from "./support/processes.ts"
import { RequestMetrics, Requests } from "./support/requests.metrics.ts"
import { dimensionsOf, foldedRequests } from "./support/requests.ts"
import { timedBy } from "./support/timedBy.ts"

/** Does something right before the next commit that fits. */
const beforeCommit = (store: EventStoreService, fits: (commits: ReadonlyArray<EventCommit>) => boolean) => {
  const results: Array<boolean> = []
  let first: Effect.Effect<unknown, unknown> | undefined
  const commit: EventStoreService["commit"] = (namespace, commits) =>
    Effect.suspend(() => {
      const intervening = fits(commits) ? first : undefined
      if (intervening !== undefined) first = undefined
      return Effect.andThen(Effect.orDie(intervening ?? Effect.void), store.commit(namespace, commits))
    }).pipe(Effect.tap((taken) => Effect.sync(() => void results.push(taken))))
  return {
    store: { ...store, commit } satisfies EventStoreService,
    results,
    intervene: (effect: Effect.Effect<unknown, unknown>) => {
      first = effect
    }
  }
}

/** As one that was held up for longer than its lease: it still thinks that the source is its own. */
const takingOver = (store: EventStoreService): EventStoreService => ({
  ...store,
  join: (namespace, owner, millis) =>
    Effect.map(store.join(namespace, owner, millis), (members) => ({ ...members, owners: millis > 0 ? [owner] : [] }))
})

const isRetirement = (commits: ReadonlyArray<EventCommit>): boolean => commits.some(({ retires }) => retires)

it.effect("only one of the commits of two aggregators with the same events is accepted", () =>
  Effect.gen(function* () {
    const memory = memoryEvents()
    const slow = beforeCommit(takingOver(memory), () => true)
    const { emit, runtime } = yield* producer(memory, 1)
    const one = yield* aggregator(slow.store)
    const other = yield* aggregator(takingOver(memory))
    for (const round of [1, 2]) {
      yield* emit((round - 1) * 100, round * 100)
      yield* runtime.flush()
      slow.intervene(other.foldNow)
      yield* one.foldNow
      expect(slow.results).toEqual(Array.from({ length: round }, () => false))
      const { recorders } = yield* one.report
      expect(dimensionsOf(recorders.http!.snapshots)).toEqual(
        foldedRequests(new Map([[1, round * 100]]), at, at(round * 100 - 1))
      )
    }
    // Later it goes on from what the other one has committed.
    yield* emit(200, 300)
    yield* runtime.flush()
    yield* one.foldNow
    expect(slow.results).toEqual([false, false, true])
    const { recorders } = yield* other.report
    expect(dimensionsOf(recorders.http!.snapshots)).toEqual(foldedRequests(new Map([[1, 300]]), at, at(299)))
  }).pipe(Effect.scoped)
)

it.effect("a process whose rest two aggregators absorb is counted once", () =>
  Effect.gen(function* () {
    const memory = memoryEvents()
    const slow = beforeCommit(takingOver(memory), isRetirement)
    const one = yield* aggregator(slow.store)
    const other = yield* aggregator(takingOver(memory))
    const { emit, runtime } = yield* producer(memory, 1)
    yield* emit(0, 100)
    yield* runtime.shutdown
    slow.intervene(other.foldNow)
    yield* one.foldNow
    expect(slow.results.at(-1)).toBe(false)
    yield* one.foldNow
    const { ended, recorders, sources } = yield* one.report
    expect({ ended, sources }).toEqual({ ended: 1, sources: [] })
    expect(recorders.http!.events.applied + recorders.http!.events.ignored).toBe(100)
  }).pipe(Effect.scoped)
)

it.effect("a process that appends again while its end is about to be committed is not treated as ended", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const clock = yield* Clock.Clock
    const memory = memoryEvents()
    const timed = timedBy(clock, memory)
    const slow = beforeCommit(timed, isRetirement)
    const stream = yield* aggregator(slow.store, { silentAfter: "1 second" })
    const { emit, runtime } = yield* producer(timed, 1)
    yield* emit(0, 100)
    yield* runtime.flush()
    yield* stream.foldNow
    yield* TestClock.adjust("1 minute")
    slow.intervene(Effect.andThen(emit(100, 120), runtime.flush()))
    yield* stream.foldNow
    expect(slow.results.at(-1)).toBe(false)
    yield* stream.foldNow
    const { ended, recorders } = yield* stream.report
    expect(ended).toBe(0)
    expect(recorders.http!.events.applied + recorders.http!.events.ignored).toBe(120)
  }).pipe(simulatingOutside, Effect.scoped)
)

it.effect("the levels of a process that was treated as ended appear again when it continues", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const clock = yield* Clock.Clock
    const memory = memoryEvents()
    const store = timedBy(clock, memory)
    const open = Metric.upDownCounter("requests.open", {
      events: Requests,
      when: ["http.request", "http.unread"],
      value: ({ _tag }) => (_tag === "http.request" ? 1 : -1)
    })
    const total = Metric.counter("requests.total", { events: Requests, when: ["http.request"] })
    const runtime = yield* MetricsRuntime.makeInProcess({
      namespace,
      stream: { store: storeOf(store), interval: "1 hour" }
    })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("http")
    const metrics = yield* recorder.register(open)
    yield* recorder.register(total)
    const stream = yield* aggregator(store, { metrics: [open, total], silentAfter: "1 second" })
    const begun = { _tag: "http.request", method: "GET", route: "/", seconds: 1, user: "u" } as const
    const shown = Effect.gen(function* () {
      yield* runtime.flush()
      yield* stream.foldNow
      return dimensionsOf((yield* stream.report).recorders.http!.snapshots)
    })
    for (let i = 0; i < 5; i++) yield* metrics.emit(begun)
    expect(yield* shown).toEqual({ "requests.open": { value: 5 }, "requests.total": { value: 5 } })
    for (const round of [1, 2]) {
      yield* TestClock.adjust("1 minute")
      yield* stream.foldNow
      const { ended, recorders } = yield* stream.report
      expect(ended).toBe(round)
      expect(dimensionsOf(recorders.http!.snapshots)).toEqual({ "requests.total": { value: 5 } })
      yield* metrics.emit({ _tag: "http.unread", note: "closed" })
      expect(yield* shown, `round ${round}`).toEqual({
        "requests.open": { value: 5 - round },
        "requests.total": { value: 5 }
      })
    }
  }).pipe(simulatingOutside, Effect.scoped)
)

it.effect("other sources are folded when one has an unreadable state, which is named", () =>
  Effect.gen(function* () {
    const stored = noEvents()
    const store = memoryEvents(() => stored)
    const producers = yield* Effect.forEach([1, 2, 3], (process) => producer(store, process))
    const ship = (from: number, to: number) =>
      Effect.forEach(producers, ({ emit, runtime }) => Effect.andThen(emit(from, to), runtime.flush()))
    yield* ship(0, 50)
    yield* Effect.scoped(Effect.flatMap(aggregator(store), ({ foldNow }) => foldNow))
    const [[key, kept]] = [...stored.sources] as [[string, Parameters<typeof stored.sources.set>[1]]]
    const damaged = new Map([...kept.parts].map(([part, bytes]) => [part, part === "life" ? bytes : bytes.slice(0, 9)]))
    stored.sources.set(key, { ...kept, parts: damaged })
    yield* ship(50, 100)
    const stream = yield* aggregator(store)
    const error = yield* Effect.flip(stream.foldNow)
    expect(error._tag).toBe("mvx-metrics/MetricsStoreError")
    expect(error.message).toContain(JSON.parse(key)[1])
    // Whatever it reads fails, rather than to show less than there is.
    expect((yield* Effect.flip(stream.report))._tag).toBe("mvx-metrics/MetricsStoreError")
    stored.sources.delete(key)
    const { events } = (yield* stream.report).recorders.http!
    expect(events.applied + events.ignored).toBe(200)
  }).pipe(Effect.scoped)
)

it.effect(
  "the counts of ended processes are kept while an aggregator with another version of a metric takes over",
  () =>
    Effect.gen(function* () {
      const store = memoryEvents()
      const otherVersion = Metric.counter("requests", { events: Requests, when: ["http.request"], labels: ["method"] })
      const foldWith = (metrics: ReadonlyArray<Metric.Any>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const stream = yield* aggregator(store, { metrics })
            for (let i = 0; i < 3; i++) yield* stream.foldNow
            return yield* stream.report
          })
        )
      const removed = yield* producer(store, 1)
      const shutDown = yield* producer(store, 2)
      for (const { emit, runtime } of [removed, shutDown]) {
        yield* emit(0, 100)
        yield* runtime.flush()
      }
      const expected = foldedRequests(new Map([1, 2].map((process) => [process, 100])), at, at(99))
      const before = yield* foldWith(RequestMetrics.metrics)
      expect(dimensionsOf(before.recorders.http!.snapshots)).toEqual(expected)
      yield* removed.runtime.stopAndRemoveRecorder("http")
      for (const { runtime } of [removed, shutDown]) yield* runtime.shutdown
      const between = yield* foldWith([otherVersion])
      expect(between.leftOut).toContain("requests")
      const after = yield* foldWith(RequestMetrics.metrics)
      expect(dimensionsOf(after.recorders.http!.snapshots)).toEqual(expected)
      expect({ ended: after.ended, leftOut: after.leftOut }).toEqual({ ended: 2, leftOut: [] })
    }).pipe(Effect.scoped)
)

it.effect(
  "the counts of one version of a metric never appear under another, and the missed events of each are reported",
  () =>
    Effect.gen(function* () {
      const store = memoryEvents()
      const versionOf = (boundary: number) =>
        Metric.histogram("requests.seconds", {
          ...{ events: Requests, when: ["http.request"], value: "seconds", boundaries: [boundary, 10] }
        })
      const [one, two] = [versionOf(1), versionOf(2)]
      const process = (metric: Metric.Any) =>
        Effect.scoped(
          Effect.gen(function* () {
            const stream = { store: storeOf(store), interval: "1 hour" } as const
            const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", stream })
            yield* runtime.start
            const metrics = yield* (yield* runtime.createRecorder("http")).register(metric)
            for (let i = 0; i < 10; i++) {
              yield* metrics.emit({ _tag: "http.request", method: "GET", route: "/", seconds: 1.5, user: "u" } as never)
            }
            yield* runtime.shutdown
          })
        )
      const foldWith = (metric: Metric.Any) =>
        Effect.scoped(
          Effect.gen(function* () {
            const stream = yield* aggregator(store, { metrics: [metric] })
            for (let i = 0; i < 3; i++) yield* stream.foldNow
            const { leftOut, recorders } = yield* stream.report
            const shown = recorders.http!.snapshots["requests.seconds"]?.dimensions as { readonly counts: unknown }
            return { counts: shown?.counts, leftOut }
          })
        )
      const leftOut = ["requests.seconds"]
      yield* process(one)
      expect(yield* foldWith(one)).toEqual({ counts: [0, 10, 0], leftOut: [] })
      // Of this one the first version folds the events, and keeps them for the second one.
      yield* process(two)
      expect(yield* foldWith(one)).toEqual({ counts: [0, 10, 0], leftOut })
      for (let round = 0; round < 3; round++) {
        yield* process(one)
        yield* process(two)
        const counts = [
          [10 * (round + 2), 0, 0],
          [0, 10 * (round + 2), 0]
        ]
        expect(yield* foldWith(two)).toEqual({ counts: counts[0], leftOut })
        expect(yield* foldWith(one)).toEqual({ counts: counts[1], leftOut })
      }
    }).pipe(Effect.scoped)
)

it.effect("a metric that was quarantined in an ended process is named", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const fragile = Metric.make("requests.fragile", {
      events: Requests,
      initial: { requests: 0 },
      reduce: {
        "http.request": ({ requests }) => {
          if (requests === 3) throw new Error("it is too many")
          return { requests: requests + 1 }
        }
      },
      merge: (one, other) => ({ requests: one.requests + other.requests })
    })
    const stream = yield* aggregator(store, { metrics: [fragile] })
    const settings = { store: storeOf(store), interval: "1 hour" } as const
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", stream: settings })
    yield* runtime.start
    const metrics = yield* (yield* runtime.createRecorder("http")).register(fragile)
    const begun = { _tag: "http.request", method: "GET", route: "/", seconds: 1, user: "u" } as const
    for (let i = 0; i < 10; i++) yield* metrics.emit(begun)
    yield* runtime.flush()
    yield* stream.foldNow
    const running = yield* stream.report
    expect(running.recorders.http!.snapshots["requests.fragile"]).toMatchObject({
      dimensions: { requests: 3 },
      quarantine: { missed: 7 }
    })
    yield* runtime.shutdown
    yield* stream.foldNow
    const { leftOut, recorders } = yield* stream.report
    expect(recorders.http!.snapshots["requests.fragile"]!.dimensions).toEqual({ requests: 3 })
    expect(leftOut).toEqual(["requests.fragile"])
  }).pipe(Effect.scoped)
)

it.effect("damaged batches are left out, and later ones are folded", () =>
  Effect.gen(function* () {
    const stored = noEvents()
    const store = memoryEvents(() => stored)
    const { emit, runtime } = yield* producer(store, 1)
    const numbers = (): ReadonlyArray<number> =>
      [...stored.sources.values()].flatMap(({ batches }) => [...batches.keys()])
    // A hundred events may be appended in several parts.
    const rounds: Array<ReadonlyArray<number>> = []
    for (const from of [0, 100, 200, 300]) {
      const before = numbers()
      yield* emit(from, from + 100)
      yield* runtime.flush()
      rounds.push(numbers().filter((number) => !before.includes(number)))
    }
    const [[key, kept]] = [...stored.sources] as [[string, Parameters<typeof stored.sources.set>[1]]]
    const damage = (number: number, bytes: Uint8Array): Uint8Array => {
      const words = Uint8Array.from(bytes)
      // A record without an end, and one that ends behind the batch.
      if (rounds[1]!.includes(number)) new Int32Array(words.buffer)[5] = 0
      if (rounds[2]!.includes(number)) new Int32Array(words.buffer)[5] = 1 << 30
      return words
    }
    const unpacked = yield* Effect.forEach(kept.batches, ([number, bytes]) =>
      Effect.map(unpack(bytes), (bytes) => [number, bytes] as const)
    )
    const batches = new Map(unpacked.map(([number, bytes]) => [number, damage(number, bytes)]))
    stored.sources.set(key, { ...kept, batches })
    const stream = yield* aggregator(store)
    yield* stream.foldNow
    const { events } = (yield* stream.report).recorders.http!
    expect(events.missed).toBe(200)
    expect(events.applied + events.ignored).toBe(200)
  }).pipe(Effect.scoped)
)

it.effect("the stream continues on a store that has lost everything, and reports how many events that were", () =>
  Effect.gen(function* () {
    const stored = noEvents()
    const store = memoryEvents(() => stored)
    const { emit, runtime } = yield* producer(store, 1)
    const stream = yield* aggregator(store)
    yield* emit(0, 100)
    yield* runtime.flush()
    yield* stream.foldNow
    stored.sources.clear()
    stored.owners.clear()
    yield* emit(100, 150)
    yield* runtime.flush()
    yield* stream.foldNow
    const { events } = (yield* stream.report).recorders.http!
    // What the process has kept comes once more: it may not have been committed for long enough.
    expect(events.applied + events.ignored + events.missed).toBe(150)
    expect(events.missed).toBe(0)
  }).pipe(Effect.scoped)
)

it.effect("folding continues after an aggregator's store has thrown", () =>
  Effect.gen(function* () {
    const memory = memoryEvents()
    let throws = true
    const store: EventStoreService = {
      ...memory,
      join: (...args) => (throws ? Effect.die(new TypeError("it is broken")) : memory.join(...args))
    }
    const stream = yield* MetricsStream.make({
      namespace,
      metrics: [Metric.counter("requests", { events: Requests })],
      store: storeOf(store),
      interval: 1
    })
    const error = yield* Effect.flip(stream.foldNow)
    expect(error.message).toContain("it is broken")
    throws = false
    yield* stream.foldNow
    // By itself as well.
    const { batches } = yield* stream.stats
    const { emit, runtime } = yield* producer(memory, 1)
    yield* emit(0, 10)
    yield* runtime.flush()
    while ((yield* stream.stats).batches === batches)
      yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
  }).pipe(Effect.scoped)
)

it.effect("concurrent requests share one report, and only changes are read again", () =>
  Effect.gen(function* () {
    const memory = memoryEvents()
    const read: Array<string> = []
    const store: EventStoreService = {
      ...memory,
      state: (namespace, source) =>
        Effect.andThen(
          Effect.sync(() => read.push(source)),
          memory.state(namespace, source)
        )
    }
    const producers = yield* Effect.forEach([1, 2, 3], (process) => producer(memory, process))
    const writer = yield* aggregator(memory)
    const ship = (some: typeof producers, from: number, to: number) =>
      Effect.andThen(
        Effect.forEach(some, ({ emit, runtime }) => Effect.andThen(emit(from, to), runtime.flush())),
        writer.foldNow
      )
    yield* ship(producers, 0, 50)
    const byName = new Map(RequestMetrics.metrics.map((metric) => [metric.name, metric] as const))
    const reports = new Reports({
      store: packedEvents(store),
      namespace,
      metrics: { byName, onProblem: () => {} },
      reader: "report"
    })
    const asking = yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.forkChild(reports.report))
    const found = yield* Effect.forEach(asking, (fiber) => Fiber.join(fiber))
    expect(new Set(found).size).toBe(1)
    expect(read.filter((source) => source !== "")).toHaveLength(3)
    read.length = 0
    yield* ship(producers.slice(0, 1), 50, 100)
    const { events } = (yield* reports.report).recorders.http!
    expect(events.applied + events.ignored).toBe(200)
    expect(read).toHaveLength(1)
    read.length = 0
    yield* reports.report
    expect(read).toEqual([])
  }).pipe(Effect.scoped)
)
