// The emitter of a component is bound to its recorder, whatever fiber emits.
import { describe, expect, it } from "@effect/vitest"
import { Clock, Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { type Emitter, type MetricEvent, Recorder, type RecorderService } from "mvx-metrics"
import { TestRecorder } from "mvx-metrics/testing"
import { badInputOf } from "../support/badInput.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { heldByHook } from "../support/held.ts"
import { Notes, note, ProbeEvent, TickLog, Ticks, tick } from "../support/probe.metrics.ts"

/** A component: it registers in its layer, and emits wherever it is used. */
class Ticker extends Context.Service<Ticker, { readonly tick: (n: number) => Effect.Effect<void> }>()("test/Ticker") {
  static readonly layer = Layer.effect(
    Ticker,
    Effect.map(Recorder.register(Ticks), (metrics) => Ticker.of({ tick: (n) => metrics.emit(tick(n)) }))
  )
}

const ticks = Effect.gen(function* () {
  const ticker = yield* Ticker
  yield* ticker.tick(2)
  yield* ticker.tick(3)
})

const counted = { name: "probe.ticks", dimensions: { count: 2, sum: 5 } }

onBothLayers("a component with an emitter", (it) => {
  it.effect("counts in the recorder of its layer, which the caller does not know", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* Effect.provide(ticks, Ticker.layer.pipe(Layer.provide(Layer.succeed(Recorder, recorder))))
      expect(yield* recorder.snapshot(Ticks)).toEqual(counted)
    })
  )

  it.effect("counts the same if the caller also has the recorder", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* Effect.provide(ticks, Ticker.layer.pipe(Layer.provideMerge(Layer.succeed(Recorder, recorder))))
      expect(yield* recorder.snapshot(Ticks)).toEqual(counted)
    })
  )

  it.effect("counts in its own recorder, not in that of the calling fiber", () =>
    Effect.gen(function* () {
      const [own, callers] = [yield* newRecorder(), yield* newRecorder()]
      yield* callers.register(Ticks)
      yield* ticks.pipe(
        Effect.provideService(Recorder, callers),
        Effect.provide(Ticker.layer.pipe(Layer.provide(Layer.succeed(Recorder, own))))
      )
      expect(yield* own.snapshot(Ticks)).toEqual(counted)
      expect((yield* callers.stats).offered).toBe(0)
    })
  )

  it.effect("is bound permanently: it continues counting after its recorder was stopped and started", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      yield* metrics.emit(tick(2))
      yield* recorder.stop
      yield* metrics.emit(tick(7))
      yield* recorder.start
      yield* metrics.emit(tick(3))
      expect(yield* recorder.snapshot(Ticks)).toEqual(counted)
      expect((yield* recorder.stats).refusedBy.notRunning).toBe(1)
    })
  )
})

it.effect("a component with an emitter runs the same without a recorder", () =>
  Effect.gen(function* () {
    yield* Effect.provide(ticks, Ticker.layer)
    const metrics = yield* Recorder.register(Ticks)
    expect(metrics.emitUnsafe(tick())).toBe(false)
    expect(yield* metrics.onExit(Effect.succeed(1), () => tick())).toBe(1)
    expect(yield* metrics.track(Effect.succeed(1), () => tick())).toBe(1)
    expect(yield* Effect.succeed(1).pipe(metrics.onExit(() => tick()))).toBe(1)
    expect((yield* Recorder.emitter(ProbeEvent)).emitUnsafe(tick())).toBe(false)
  })
)

onBothLayers("emit of an emitter", (it) => {
  it.effect("emits each time it runs, and not when it is created or inspected", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      const emit = metrics.emit(tick())
      expect(`${String(emit)} ${JSON.stringify(emit)}`).not.toBe("")
      const iterator = emit[Symbol.iterator]()
      iterator.next()
      expect((yield* recorder.stats).offered).toBe(0)
      yield* emit
      yield* emit
      expect((yield* recorder.stats).accepted).toBe(2)
    })
  )

  it.effect("stamps an event with the time of the fiber's clock", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(TickLog)
      yield* TestClock.setTime(1000)
      yield* metrics.emit(tick(1))
      yield* TestClock.setTime(2000)
      yield* metrics.emit(tick(2))
      const { dimensions } = yield* recorder.snapshot(TickLog)
      expect(dimensions.log).toEqual([
        [1, 1000],
        [2, 2000]
      ])
    })
  )

  it.effect("never fails: refused events are counted", () =>
    Effect.gen(function* () {
      const { recorder } = yield* heldByHook({ capacity: 2, overflow: "fail" })
      const metrics = yield* recorder.register(Ticks)
      yield* metrics.emit(null as never)
      yield* metrics.emit({ _tag: "probe.tick", n: () => 1 } as never)
      for (let n = 0; n < 3; n++) yield* metrics.emit(tick())
      const { refusedBy } = yield* recorder.stats
      expect(refusedBy).toEqual({ overflow: 2, invalid: 2, notRunning: 0 })
    })
  )

  it.effect("waits for room under backpressure", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ capacity: 1, overflow: "backpressure" })
      const metrics = yield* recorder.register(Ticks)
      const waiting = yield* Effect.forkChild(metrics.emit(tick()), { startImmediately: true })
      expect(waiting.pollUnsafe()).toBeUndefined()
      expect(metrics.emitUnsafe(tick())).toBe(false)
      yield* release
      yield* Fiber.join(waiting)
      expect((yield* recorder.stats).accepted).toBe(2)
    })
  )

  it.effect("has functions that can be destructured", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const { emit, emitUnsafe, onExit, track } = yield* recorder.register(Ticks)
      yield* emit(tick(1))
      emitUnsafe(tick(2))
      yield* onExit(Effect.void, () => tick(3))
      yield* track(Effect.void, () => tick(4))
      const { dimensions } = yield* recorder.snapshot(Ticks)
      expect(dimensions).toEqual({ count: 4, sum: 10 })
    })
  )

  it.effect("an emitter of a family serves metrics that are registered elsewhere", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emitter(ProbeEvent).emit(tick(2))
      const bound = yield* Effect.provideService(Recorder.emitter(ProbeEvent), Recorder, recorder)
      yield* bound.emit(tick(3))
      expect(yield* recorder.snapshot(Ticks)).toEqual(counted)
    })
  )
})

it.effect("an emitter of an invalid family is rejected, with a recorder and without", () =>
  Effect.gen(function* () {
    const refusal = { argument: "family" }
    expect(yield* badInputOf(Recorder.emitter(Ticks as never))).toMatchObject(refusal)
    const recorder = yield* Recorder.make()
    expect(() => recorder.emitter({ cases: 1 } as never)).toThrow(expect.objectContaining(refusal))
  }).pipe(Effect.scoped)
)

onBothLayers("onExit of an emitter", (it) => {
  it.effect("emits however the effect ended, and does not change its result", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Notes)
      const told = metrics.onExit((exit: Exit.Exit<unknown, unknown>) =>
        note(Exit.isSuccess(exit) ? "success" : "failure")
      )
      expect(yield* told(Effect.succeed(1))).toBe(1)
      expect(yield* Effect.exit(told(Effect.fail("no")))).toEqual(Exit.fail("no"))
      expect(yield* Effect.exit(told(Effect.die("defect")))).toEqual(Exit.die("defect"))
      const running = yield* Effect.forkChild(told(Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(running)
      const { dimensions } = yield* recorder.snapshot(Notes)
      expect(dimensions.notes).toEqual(["success", "failure", "failure", "failure"])
    })
  )

  it.effect("emits nothing for undefined, and counts a throwing function as an invalid event", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      yield* Effect.void.pipe(metrics.onExit(() => undefined))
      expect((yield* recorder.stats).offered).toBe(0)
      const throws = metrics.onExit((): ReturnType<typeof tick> => {
        throw new Error("no event")
      })
      expect(yield* throws(Effect.succeed(1))).toBe(1)
      expect((yield* recorder.stats).refusedBy.invalid).toBe(1)
    })
  )

  it.effect("ends a fiber that is interrupted while it waits for room under backpressure", () =>
    Effect.gen(function* () {
      const { recorder } = yield* heldByHook({ capacity: 1, overflow: "backpressure" })
      const metrics = yield* recorder.register(Ticks)
      const waiting = yield* Effect.forkChild(
        metrics.onExit(Effect.void, () => tick()),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(waiting)
      expect((yield* recorder.stats).refusedBy.overflow).toBe(1)
    })
  )

  it.effect.each<readonly [string, (recorder: RecorderService) => RecorderService]>([
    ["a recorder", (recorder) => recorder],
    ["a copy", (recorder) => ({ ...recorder, emit: (event) => Effect.asVoid(recorder.emit(event)) as never })]
  ])("offers an event once to %s, even if its fiber is interrupted just after admission", ([, copy]) =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ capacity: 1, overflow: "backpressure" })
      const metrics = yield* copy(recorder).register(Ticks)
      const waiting = yield* forkNow(metrics.onExit(Effect.void, () => tick()))
      yield* release
      while ((yield* recorder.stats).accepted < 2) yield* Effect.yieldNow
      expect(waiting.pollUnsafe()).toBe(undefined)
      yield* Fiber.interrupt(waiting)
      expect((yield* recorder.report).stats).toMatchObject({ offered: 2, accepted: 2, refused: 0 })
    })
  )
})

onBothLayers("track of an emitter", (it) => {
  it.effect("reports how long the effect took, by the clock of its fiber", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      const tracked = Effect.sleep("3 seconds").pipe(
        metrics.track((_exit, { duration }) => tick(Duration.toMillis(duration)))
      )
      const running = yield* Effect.forkChild(tracked, { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(running)
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 3000 })
    })
  )

  it.effect("measures the duration itself, in Effect.fn and data-first, on failure and interruption", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      const millis = (_exit: Exit.Exit<unknown, unknown>, { duration }: { readonly duration: Duration.Duration }) =>
        tick(Duration.toMillis(duration))
      const save = Effect.fn("save")(function* (time: Duration.Input) {
        yield* Effect.sleep(time)
        return yield* Effect.fail("full")
      }, metrics.track(millis))
      const failing = yield* Effect.forkChild(Effect.exit(save("20 millis")), { startImmediately: true })
      const endless = yield* Effect.forkChild(metrics.track(Effect.never, millis), { startImmediately: true })
      yield* TestClock.adjust("100 millis")
      expect(Exit.findErrorOption(yield* Fiber.join(failing))).toEqual(Option.some("full"))
      yield* Fiber.interrupt(endless)
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 120 })
    })
  )

  it.effect("measures each run of a tracked effect separately", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      const gates = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let runs = 0
      const tracked = metrics.track(
        Effect.suspend(() => Deferred.await(gates[runs++]!)),
        (_exit, { duration }) => tick(Duration.toMillis(duration))
      )
      const first = yield* Effect.forkChild(tracked, { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      const second = yield* Effect.forkChild(tracked, { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      for (const gate of gates) yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 30 })
    })
  )
})

describe("a recorder is a plain service", () => {
  /** Registers and emits twice with a recorder in place of the one given; what the static functions make of it. */
  const usedThrough = (copy: RecorderService) =>
    Effect.gen(function* () {
      yield* Effect.provide(ticks, Ticker.layer.pipe(Layer.provide(Layer.succeed(Recorder, copy))))
      const metrics = yield* copy.register(Ticks)
      yield* metrics.emit(tick(10))
      yield* Recorder.emit(tick(20)).pipe(Effect.provideService(Recorder, copy))
      yield* Effect.void.pipe(
        Recorder.onExit(() => tick(30)),
        Effect.provideService(Recorder, copy)
      )
    })

  const everyEmission = [2, 3, 10, 20, 30]

  for (const [how, copied] of [
    ["spread", (recorder: RecorderService, emit: RecorderService["emit"]) => ({ ...recorder, emit })],
    ["Recorder.of", (recorder: RecorderService, emit: RecorderService["emit"]) => Recorder.of({ ...recorder, emit })],
    [
      "Object.create",
      (recorder: RecorderService, emit: RecorderService["emit"]): RecorderService =>
        Object.create(recorder, { emit: { value: emit, enumerable: true } })
    ]
  ] as const) {
    onBothLayers(`a copy by ${how} with another emit`, (it) => {
      it.effect("has all its emitters and static functions use the changed emit", () =>
        Effect.gen(function* () {
          const recorder = yield* newRecorder()
          const seen: Array<number> = []
          const emit = <E extends MetricEvent.MetricEvent>(event: E) => {
            seen.push((event as unknown as { readonly n: number }).n)
            return recorder.emit(event)
          }
          const copy = copied(recorder, emit)
          yield* usedThrough(copy)
          expect(seen).toEqual(everyEmission)
          expect((yield* copy.snapshot(Ticks)).dimensions).toEqual({ count: 5, sum: 65 })
          const report = yield* copy.report
          expect(report.stats.accepted).toBe(5)
        })
      )
    })
  }

  it.effect("a mock of Layer.mock serves the static functions for which it has a function", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const metrics: Emitter<MetricEvent.MetricEvent> = (yield* newEmitter) as never
      const mock = Layer.mock(Recorder)({
        recorderId: "mock",
        entityId: "mock",
        overflow: "fail",
        emitUnsafe: (event) => seen.push(event) > 0,
        emitter: () => metrics,
        emit: (event) => Effect.sync(() => seen.push(event) > 0),
        register: () => Effect.succeed(metrics),
        snapshots: Effect.succeed({})
      })
      yield* Effect.gen(function* () {
        yield* ticks
        yield* Recorder.emit(tick(4))
        yield* Effect.void.pipe(Recorder.onExit(() => tick(5)))
        expect(yield* Recorder.snapshots).toEqual({})
      }).pipe(Effect.provide(Ticker.layer.pipe(Layer.provideMerge(mock))))
      expect(seen).toEqual([tick(2), tick(3), tick(4), tick(5)])
    })
  )

  const newEmitter = Effect.map(Recorder.register(Ticks), (metrics) => metrics)
})

it.effect("a test recorder captures what an emitter emits, with its time", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(5)
    const metrics = yield* Recorder.register(Ticks)
    yield* metrics.emit(tick(1))
    metrics.emitUnsafe(tick(2))
    yield* Effect.void.pipe(metrics.track(() => tick(3)))
    expect(yield* TestRecorder.events).toEqual([1, 2, 3].map((n) => ({ at: 5, event: tick(n) })))
    expect(yield* Clock.currentTimeMillis).toBe(5)
  }).pipe(Effect.provide(TestRecorder.layerSync()))
)
