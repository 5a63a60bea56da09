import { expect } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { MetricsRuntime, type RecorderService, type RuntimeService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

/** What would wait for the recorder, which waits for its hook. */
const calls: {
  readonly [name: string]: (recorder: RecorderService, runtime: RuntimeService) => Effect.Effect<unknown, unknown>
} = {
  start: (recorder) => recorder.start,
  stop: (recorder) => recorder.stop,
  snapshots: (recorder) => recorder.snapshots,
  snapshot: (recorder) => recorder.snapshot(Ticks),
  report: (recorder) => recorder.report,
  states: (recorder) => recorder.states,
  "a delta read": (recorder) => Effect.flatMap(recorder.deltaReader, ({ read }) => read),
  scrape: (_recorder, runtime) => Effect.provideService(Prometheus.render(), MetricsRuntime, runtime),
  stopRecorder: ({ recorderId }, runtime) => runtime.stopRecorder(recorderId),
  stopAndRemoveRecorder: ({ recorderId }, runtime) => runtime.stopAndRemoveRecorder(recorderId),
  shutdown: (_recorder, runtime) => runtime.shutdown
}

const reads = ["snapshots", "snapshot", "report", "states", "a delta read", "scrape"]

/** Ways in which a hook makes a call: as an effect, or by a promise that knows nothing of the hook's fiber. */
const ways: { readonly [way: string]: <A>(call: Effect.Effect<A, unknown>) => Effect.Effect<A, unknown> } = {
  "": (call) => call,
  ", by a promise": (call) =>
    Effect.tryPromise({
      try: async () => {
        await Promise.resolve()
        return await Effect.runPromise(Effect.andThen(Effect.yieldNow, call))
      },
      catch: (error) => error
    })
}

/** A recorder that makes a call of itself in one of its hooks, once it is told to, and what became of the call. */
const callingItself = (hook: "onStarting" | "onMetricChanged" | "onStopped", name: string, way = "") =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const gate = yield* makeGate
    const outcome = yield* Deferred.make<unknown, unknown>()
    const calling = Effect.andThen(
      gate.pass,
      Effect.suspend(() => Deferred.into(ways[way]!(calls[name]!(recorder, runtime)), outcome))
    )
    const recorder: RecorderService = yield* newRecorder({
      [hook]: hook === "onMetricChanged" ? () => calling : calling
    })
    yield* recorder.register(Ticks)
    return { recorder, call: gate.open, outcome: Deferred.await(outcome) }
  })

onBothLayers("inside its own hook a recorder rejects calls that would wait for the hook", (it) => {
  for (const name of Object.keys(calls)) {
    for (const hook of ["onStarting", "onMetricChanged", "onStopped"] as const) {
      // By then everything is folded: see "onStopped can read the last snapshots".
      if (hook === "onStopped" && reads.includes(name)) continue
      it.effect.each(Object.keys(ways))(`${name} in ${hook}%s is InvalidState, and the recorder continues`, (way) =>
        Effect.gen(function* () {
          const { call, outcome, recorder } = yield* callingItself(hook, name, way)
          yield* recorder.emit(tick())
          yield* call
          if (hook === "onStopped") yield* recorder.stop
          expect(yield* Effect.flip(outcome)).toMatchObject({ _tag: "mvx-metrics/InvalidState", subject: "recorder" })
          expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
          expect(yield* recorder.state).toBe(hook === "onStopped" ? "Stopped" : "Running")
        })
      )
    }
  }
})

onBothLayers("inside a hook", (it) => {
  it.effect("onStopped can read the last snapshots", () =>
    Effect.gen(function* () {
      const { call, outcome, recorder } = yield* callingItself("onStopped", "snapshots")
      yield* recorder.emit(tick(6))
      yield* call
      yield* recorder.stop
      expect(yield* outcome).toMatchObject({ [Ticks.name]: { dimensions: { count: 1, sum: 6 } } })
    })
  )

  it.effect("stats and state can be read", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const look = Effect.suspend(() =>
        Effect.map(
          Effect.all([recorder.state, recorder.stats]),
          ([state, stats]) => void seen.push([state, stats.state])
        )
      )
      const recorder: RecorderService = yield* newRecorder({
        onStarting: look,
        onMetricChanged: () => look,
        onStopped: look
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      yield* recorder.stop
      expect(seen).toEqual([
        ["Starting", "Starting"],
        ["Running", "Running"],
        ["Stopping", "Stopping"]
      ])
    })
  )

  it.effect("another recorder can be used in every way", () =>
    Effect.gen(function* () {
      const other = yield* newRecorder()
      yield* other.register(Ticks)
      const recorder = yield* newRecorder({
        onMetricChanged: () =>
          Effect.gen(function* () {
            yield* other.emit(tick(9))
            yield* other.stop
          })
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      expect(yield* other.state).toBe("Stopped")
      expect((yield* other.snapshot(Ticks)).dimensions.sum).toBe(9)
    })
  )

  it.effect("a fiber that is forked there is unrestricted once the hook has finished", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const forked = yield* Deferred.make<Fiber.Fiber<void, unknown>>()
      const recorder: RecorderService = yield* newRecorder({
        onStarting: gate.pass.pipe(
          Effect.andThen(Effect.suspend(() => Effect.andThen(recorder.emit(tick(2)), recorder.snapshot(Ticks)))),
          Effect.andThen(({ dimensions }) => Effect.sync(() => expect(dimensions.sum).toBe(2))),
          Effect.andThen(Effect.suspend(() => recorder.stop)),
          Effect.forkDetach({ startImmediately: true }),
          Effect.tap((fiber) => Deferred.succeed(forked, fiber))
        )
      })
      yield* recorder.register(Ticks)
      yield* recorder.start
      yield* gate.open
      yield* Fiber.join(yield* Deferred.await(forked))
      expect(yield* recorder.state).toBe("Stopped")
    })
  )

  it.effect("a promise that is started there and not awaited is unrestricted once the hook has finished", () =>
    Effect.gen(function* () {
      let ended: (() => void) | undefined
      const hookEnded = new Promise<void>((resolve) => {
        ended = resolve
      })
      let stopped: Promise<void> | undefined
      const recorder: RecorderService = yield* newRecorder({
        onMetricChanged: () =>
          Effect.sync(() => {
            stopped = hookEnded.then(() => Effect.runPromise(recorder.stop))
          })
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      ended!()
      yield* Effect.promise(() => stopped!)
      expect(yield* recorder.state).toBe("Stopped")
    })
  )

  it.effect("unrelated work is not treated as a part of it", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const go = yield* Deferred.make<void>()
      const recorder: RecorderService = yield* newRecorder({
        // The fiber that waits for this goes on from within the hook.
        onMetricChanged: () => Effect.andThen(Deferred.succeed(go, undefined), gate.pass)
      })
      yield* recorder.register(Ticks)
      const reading = yield* Effect.forkChild(Effect.andThen(Deferred.await(go), recorder.snapshot(Ticks)), {
        startImmediately: true
      })
      yield* recorder.emit(tick())
      yield* gate.reached
      yield* gate.open
      expect((yield* Fiber.join(reading)).dimensions.count).toBe(1)
    })
  )

  it.effect("the hook of another recorder, whose event this one has emitted, may read this one", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const read = yield* Deferred.make<unknown, unknown>()
      const other = yield* newRecorder({
        onMetricChanged: () => Effect.andThen(gate.open, Deferred.into(recorder.snapshot(Ticks), read))
      })
      yield* other.register(Ticks)
      const recorder: RecorderService = yield* newRecorder({
        onMetricChanged: () => Effect.andThen(other.emit(tick()), gate.pass)
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      expect(yield* Deferred.await(read)).toMatchObject({ dimensions: { count: 1, sum: 3 } })
    })
  )

  it.effect("a fiber that the hook waits for is restricted like the hook", () =>
    Effect.gen(function* () {
      const outcome = yield* Deferred.make<void, unknown>()
      const recorder: RecorderService = yield* newRecorder({
        onMetricChanged: () => Effect.flatMap(Effect.forkChild(Deferred.into(recorder.stop, outcome)), Fiber.await)
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      expect(yield* Effect.flip(Deferred.await(outcome))).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
      yield* recorder.stop
    })
  )

  it.effect("a recorder can be created, whose own hooks are guarded like any other's", () =>
    Effect.gen(function* () {
      const outcome = yield* Deferred.make<void, unknown>()
      const made = yield* Deferred.make<RecorderService, unknown>()
      const makeInner = Effect.gen(function* () {
        const inner: RecorderService = yield* newRecorder({
          onMetricChanged: () => Deferred.into(inner.stop, outcome)
        })
        return inner
      })
      const outer = yield* newRecorder({ onStarting: Deferred.into(makeInner, made) })
      yield* outer.start
      const inner = yield* Deferred.await(made)
      yield* inner.register(Ticks)
      yield* inner.emit(tick())
      expect(yield* Effect.flip(Deferred.await(outcome))).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
    })
  )

  it.effect("an emit that would wait for room that only the end of the hook frees is refused and counted", () =>
    Effect.gen(function* () {
      const outcomes: Array<boolean> = []
      const recorder: RecorderService = yield* newRecorder({
        capacity: 1,
        overflow: "backpressure",
        onMetricChanged: () => Effect.map(recorder.emit(tick()), (accepted) => void outcomes.push(accepted))
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
      expect(outcomes).toEqual([false])
      expect((yield* recorder.stats).refusedBy.overflow).toBe(1)
    })
  )
})
