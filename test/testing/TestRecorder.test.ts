// A test recorder keeps what was emitted, and is otherwise a recorder: the common behaviour is tested on both kinds.
import { describe, expect, it, layer } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Metric, Recorder, Replay } from "mvx-metrics"
import { fixedClock, steppingClock, TestRecorder } from "mvx-metrics/testing"
import { badInputOf } from "../support/badInput.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { forEvery } from "../support/property.ts"
import { reasonOf } from "../support/registerReason.ts"

const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean }, "cache.eviction": {} })
const DiskEvent = Schema.TaggedUnion({ "disk.read": { bytes: Schema.Number } })

const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit", when: "cache.lookup" })
const Evictions = Metric.counter("cache.evictions", { events: CacheEvent, when: "cache.eviction" })
const Times = Metric.make("cache.times", {
  events: CacheEvent,
  initial: [] as ReadonlyArray<number>,
  reduce: { "cache.lookup": (times, _event, at) => [...times, at] },
  view: (times) => ({ times })
})

const Kept = Metric.make("cache.kept", {
  events: CacheEvent,
  initial: [] as ReadonlyArray<typeof CacheEvent.Type>,
  reduce: { "cache.lookup": (events, event) => [...events, event] },
  view: (events) => ({ events })
})

const hit = { _tag: "cache.lookup", hit: true } as const
const miss = { _tag: "cache.lookup", hit: false } as const

const kinds = { layer: TestRecorder.layer, layerSync: TestRecorder.layerSync }

describe.each(Object.entries(kinds))("TestRecorder.%s", (_name, make) => {
  const recorded = <A, E>(
    test: Effect.Effect<A, E, Recorder | TestRecorder>,
    options: Parameters<typeof TestRecorder.layerSync>[0] = { metrics: [Hits, Times] }
  ) => Effect.provide(test, make(options))

  it.effect("captures what components emit, in order, by value, with the time", () =>
    recorded(
      Effect.gen(function* () {
        const changed = { _tag: "cache.lookup", hit: true, tags: ["first"] }
        yield* Recorder.emit(changed)
        changed.hit = false
        changed.tags.push("second")
        yield* TestClock.adjust("2 seconds")
        yield* Effect.exit(Recorder.onExit(Effect.fail("no"), (exit) => ({ ...hit, hit: Exit.isSuccess(exit) })))
        expect((yield* Recorder).emitUnsafe({ _tag: "cache.eviction" })).toBe(true)
        expect(yield* (yield* Recorder).emit(miss)).toBe(true)
        expect(yield* TestRecorder.events).toEqual([
          { at: 0, event: { _tag: "cache.lookup", hit: true, tags: ["first"] } },
          { at: 2_000, event: miss },
          { at: 2_000, event: { _tag: "cache.eviction" } },
          { at: 2_000, event: miss }
        ])
      })
    )
  )

  it.effect("passes the events to metrics as they were at emission", () =>
    recorded(
      Effect.gen(function* () {
        const changed = { _tag: "cache.lookup", hit: true }
        yield* Recorder.emit(changed)
        yield* (yield* Recorder).emit(changed)
        changed.hit = false
        expect((yield* (yield* Recorder).snapshot(Kept)).dimensions.events).toEqual([hit, hit])
      }),
      { metrics: Kept }
    )
  )

  it.effect("measures them like any recorder", () =>
    recorded(
      Effect.gen(function* () {
        yield* Recorder.emit({ _tag: "cache.eviction" })
        yield* Recorder.register(Evictions)
        for (const event of [hit, miss, { _tag: "cache.eviction" }]) yield* Recorder.emit(event)
        const snapshots = yield* Recorder.snapshots
        expect(Object.keys(snapshots)).toEqual(["cache.hits", "cache.times", "cache.evictions"])
        expect(snapshots["cache.hits"]?.dimensions).toEqual({ ratio: 0.5, hits: 1, total: 2 })
        // Registered after the first one.
        const recorder = yield* Recorder
        expect((yield* recorder.snapshot(Evictions)).dimensions.value).toBe(1)
        yield* recorder.reset(Hits)
        expect((yield* recorder.snapshot(Hits)).dimensions.total).toBe(0)
      })
    )
  )

  it.effect("returns the events of a family, typed by it", () =>
    recorded(
      Effect.gen(function* () {
        yield* Recorder.emit(hit)
        yield* Recorder.emit<typeof DiskEvent.Type>({ _tag: "disk.read", bytes: 8 })
        const [read] = yield* TestRecorder.eventsOf(DiskEvent)
        const bytes: number | undefined = read?.event.bytes
        expect(bytes).toBe(8)
        expect(yield* TestRecorder.eventsOf(CacheEvent)).toEqual([{ at: 0, event: hit }])
      })
    )
  )

  it.effect("distinguishes refused events by reason", () =>
    recorded(
      Effect.gen(function* () {
        const noEvent = { tag: "cache.lookup" }
        const recorder = yield* Recorder
        yield* Recorder.emit(noEvent as never)
        expect(recorder.emitUnsafe(null as never)).toBe(false)
        expect(yield* Effect.flip(recorder.emit(noEvent as never))).toMatchObject({
          _tag: "mvx-metrics/InvalidArgument"
        })
        yield* Recorder.emit(hit)
        yield* recorder.snapshots
        yield* recorder.stop
        yield* Recorder.emit(miss)
        expect(yield* Effect.flip(recorder.emit(miss))).toMatchObject({
          _tag: "mvx-metrics/InvalidState",
          state: "Stopped"
        })
        expect(yield* TestRecorder.refused).toEqual([
          { at: 0, event: noEvent, reason: "invalid" },
          { at: 0, event: null, reason: "invalid" },
          { at: 0, event: noEvent, reason: "invalid" },
          { at: 0, event: miss, reason: "not-running" },
          { at: 0, event: miss, reason: "not-running" }
        ])
        expect(yield* TestRecorder.events).toEqual([{ at: 0, event: hit }])
        expect(yield* recorder.stats).toMatchObject({ offered: 6, accepted: 1, applied: 1, refused: 5, pending: 0 })
      })
    )
  )

  it.effect("forgets its events on request, and earlier results do not change", () =>
    recorded(
      Effect.gen(function* () {
        yield* Recorder.emit(hit)
        yield* Recorder.emit(null as never)
        const before = yield* TestRecorder.events
        yield* TestRecorder.clear
        yield* Recorder.emit(miss)
        expect(before).toEqual([{ at: 0, event: hit }])
        expect(yield* TestRecorder.events).toEqual([{ at: 0, event: miss }])
        expect(yield* TestRecorder.refused).toEqual([])
        expect((yield* Recorder.snapshots)["cache.hits"]?.dimensions).toMatchObject({ total: 2 })
      })
    )
  )

  it.effect("stamps each event with the time that the metrics get, with one clock reading each", () =>
    recorded(
      Effect.gen(function* () {
        const recorder = yield* Recorder
        yield* Effect.gen(function* () {
          yield* Recorder.emit(hit)
          yield* recorder.emit(miss)
          yield* Recorder.emit(miss)
        }).pipe(Effect.provide(steppingClock(100, 7)))
        recorder.emitUnsafe(hit)
        expect((yield* TestRecorder.events).map(({ at }) => at)).toEqual([100, 107, 114, 0])
        expect((yield* recorder.snapshot(Times)).dimensions.times).toEqual([100, 107, 114, 0])
      })
    )
  )

  it.live("stamps each event with the time that the metrics get, also by the live clock", () =>
    recorded(
      Effect.gen(function* () {
        for (let i = 0; i < 200; i++) yield* Recorder.emit(hit)
        const recorder = yield* Recorder
        const times = (yield* TestRecorder.events).map(({ at }) => at)
        expect((yield* recorder.snapshot(Times)).dimensions.times).toEqual(times)
        expect(Math.abs((times[0] ?? 0) - (yield* Clock.currentTimeMillis))).toBeLessThan(60_000)
      })
    )
  )

  it.effect("shows the same as a replay of its events", () =>
    forEvery(
      fc.array(fc.tuple(fc.constantFrom(hit, miss, { _tag: "cache.eviction" } as const), fc.nat(2_000))),
      (steps) =>
        recorded(
          Effect.gen(function* () {
            yield* Recorder.register(Metric.combine(Evictions))
            for (const [event, at] of steps) yield* Effect.provide(Recorder.emit(event), fixedClock(at))
            const replayed = Replay.run([Hits, Times, Evictions], yield* TestRecorder.events, { now: 9_000 })
            expect(yield* Effect.provide(Recorder.snapshots, fixedClock(9_000))).toEqual(replayed)
          })
        )
    )
  )

  it.effect("reports changes in order, and the difference since a read", () =>
    recorded(
      Effect.gen(function* () {
        const recorder = yield* Recorder
        const listening = yield* Effect.forkChild(Stream.runCollect(recorder.changes), { startImmediately: true })
        const reader = yield* recorder.deltaReader
        yield* Recorder.emit({ _tag: "cache.eviction" })
        yield* Recorder.emit(hit)
        expect((yield* reader.read)["cache.hits"]?.dimensions).toMatchObject({ total: 1 })
        yield* Recorder.emit(miss)
        expect((yield* reader.read)["cache.hits"]?.dimensions).toMatchObject({ total: 1, hits: 0 })
        yield* recorder.stop
        const changes = yield* Fiber.join(listening)
        expect(changes.map(({ sequence, snapshot, tag }) => ({ sequence, tag, name: snapshot.name }))).toEqual([
          { sequence: 2, tag: "cache.lookup", name: "cache.hits" },
          { sequence: 2, tag: "cache.lookup", name: "cache.times" },
          { sequence: 3, tag: "cache.lookup", name: "cache.hits" },
          { sequence: 3, tag: "cache.lookup", name: "cache.times" }
        ])
      })
    )
  )

  it.effect("starts with the first event, stops, and starts again with its state", () =>
    recorded(
      Effect.gen(function* () {
        const recorder = yield* Recorder
        expect(yield* recorder.state).toBe("Idle")
        expect(yield* Effect.flip(recorder.stop)).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
        yield* Recorder.emit(hit)
        yield* recorder.snapshots
        expect(yield* recorder.state).toBe("Running")
        expect(yield* Effect.flip(recorder.start)).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
        yield* recorder.stop
        expect(yield* recorder.state).toBe("Stopped")
        expect(yield* reasonOf(recorder.register(Evictions))).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
        expect(yield* Effect.flip(recorder.reset())).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
        yield* recorder.start
        yield* Recorder.emit(hit)
        expect((yield* recorder.report).snapshots["cache.hits"]?.dimensions).toMatchObject({ total: 2 })
        expect(Object.keys(yield* recorder.states)).toEqual(["cache.hits", "cache.times"])
        expect(yield* recorder.metrics).toEqual([Hits, Times])
      })
    )
  )

  it.effect("rejects invalid options", () =>
    Effect.gen(function* () {
      const refusal = (options: unknown) => badInputOf(recorded(Effect.void, options as never))
      expect(yield* refusal({ metric: Hits })).toMatchObject({ argument: "metric" })
      expect(yield* refusal({ metrics: [Hits, {}] })).toMatchObject({ argument: "metrics[1]" })
      const other = Metric.counter("cache.hits", { events: CacheEvent })
      expect(yield* refusal({ metrics: [Hits, other] })).toMatchObject({ argument: "metrics" })
      const conflict = recorded(Recorder.register(other))
      expect(yield* reasonOf(conflict)).toMatchObject({ _tag: "mvx-metrics/MetricNameTaken" })
      const unknown = recorded(Recorder.use((recorder) => recorder.snapshot(Evictions)))
      expect(yield* Effect.flip(unknown)).toMatchObject({ _tag: "mvx-metrics/MetricNotRegistered" })
    })
  )
})

layer(TestRecorder.layerSync({ metrics: Hits }))("a test layer", (it) => {
  it.effect("has one recorder", () =>
    Effect.gen(function* () {
      yield* Recorder.emit(hit)
      expect(yield* TestRecorder.events).toHaveLength(1)
    })
  )
})

describe("the synchronous recorder", () => {
  it("folds in the emitting call, and answers at once", () => {
    const program = Effect.gen(function* () {
      yield* Recorder.register(Hits)
      const recorder = yield* Recorder
      yield* Recorder.emit(hit)
      recorder.emitUnsafe(miss)
      const { stats, ...report } = yield* recorder.report
      expect(stats).toMatchObject({ accepted: 2, applied: 2, pending: 0 })
      return report
    })
    const test = program.pipe(Effect.provide(TestRecorder.layerSync()), Effect.provide(fixedClock(5)))
    expect(Effect.runSync(test)).toEqual({
      recorderId: "test",
      entityId: "test",
      at: 5,
      sequence: 2,
      snapshots: { "cache.hits": { name: "cache.hits", dimensions: { ratio: 0.5, hits: 1, total: 2 } } }
    })
  })

  it("closes at once", () => {
    const recorder = Effect.runSync(Effect.provide(Recorder.use(Effect.succeed), TestRecorder.layerSync()))
    expect(Effect.runSync(recorder.state)).toBe("Stopped")
    expect(recorder.emitUnsafe(hit)).toBe(false)
  })
})

describe("the recorder that folds in process", () => {
  it.effect("has the overflow policies of a recorder: an event without room is refused", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder
      const starting = yield* Effect.forkChild(recorder.start, { startImmediately: true })
      yield* Recorder.emit(hit)
      yield* Recorder.emit(miss)
      expect(yield* Effect.flip(recorder.emit(miss))).toMatchObject({ _tag: "mvx-metrics/QueueOverflow" })
      expect(yield* TestRecorder.events).toEqual([{ at: 0, event: hit }])
      expect(yield* TestRecorder.refused).toEqual([
        { at: 0, event: miss, reason: "overflow" },
        { at: 0, event: miss, reason: "overflow" }
      ])
      yield* Fiber.interrupt(starting)
    }).pipe(Effect.provide(TestRecorder.layer({ capacity: 1, onStarting: Effect.yieldNow })))
  )

  it.effect("captures an event that waited for room when it is admitted, as it was at emission", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder
      yield* Recorder.emit(hit)
      const event = { _tag: "cache.lookup", hit: false }
      const waiting = yield* Effect.forkChild(Recorder.emit(event), { startImmediately: true })
      const givenUp = yield* Effect.forkChild(Recorder.emit(miss), { startImmediately: true })
      event.hit = true
      expect(yield* TestRecorder.events).toEqual([{ at: 0, event: hit }])
      yield* Fiber.interrupt(givenUp)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(waiting)
      yield* recorder.snapshots
      expect(yield* TestRecorder.events).toEqual([
        { at: 0, event: hit },
        { at: 0, event: miss }
      ])
      expect(yield* TestRecorder.refused).toEqual([])
    }).pipe(
      Effect.provide(
        TestRecorder.layer({ capacity: 1, overflow: "backpressure", onStarting: Effect.sleep("1 second") })
      )
    )
  )

  it.effect("keeps an event that was admitted just before its fiber was interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      yield* Effect.gen(function* () {
        const recorder = yield* Recorder
        yield* Recorder.emit(hit)
        yield* gate.reached
        const waiting = yield* forkNow(Recorder.emit(miss))
        yield* gate.open
        while ((yield* recorder.stats).accepted < 2) yield* Effect.yieldNow
        expect(waiting.pollUnsafe()).toBe(undefined)
        yield* Fiber.interrupt(waiting)
        expect((yield* TestRecorder.events).map(({ event }) => event)).toEqual([hit, miss])
        expect(yield* TestRecorder.refused).toEqual([])
      }).pipe(
        Effect.provide(
          TestRecorder.layer({
            metrics: Hits,
            capacity: 1,
            overflow: "backpressure",
            onMetricChanged: () => gate.pass
          })
        )
      )
    })
  )

  it.effect("runs the hooks of a recorder", () =>
    Effect.gen(function* () {
      const changed: Array<string> = []
      const onMetricChanged = ({ snapshot }: { readonly snapshot: { readonly name: string } }) =>
        Effect.sync(() => changed.push(snapshot.name))
      yield* Effect.gen(function* () {
        yield* Recorder.emit(hit)
        yield* (yield* Recorder).stop
      }).pipe(Effect.provide(TestRecorder.layer({ metrics: Hits, onMetricChanged })))
      expect(changed).toEqual(["cache.hits"])
    })
  )

  it.effect("keeps an event without its uncloneable parts if the recorder accepts it", () =>
    Effect.gen(function* () {
      yield* (yield* Recorder).start
      yield* Recorder.emit({ ...hit, callback: () => {} })
      expect(yield* TestRecorder.events).toEqual([{ at: 0, event: hit }])
    }).pipe(Effect.provide(TestRecorder.layer({ metrics: Hits })))
  )
})
