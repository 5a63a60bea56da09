/** The second way to load metrics on the worker: a custom worker entry. */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { Fragile, Notes, note, TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { forEvery } from "../support/property.ts"
import { reasonOf } from "../support/registerReason.ts"

const entry = (name: string) => () => new Worker(new URL(`./fixtures/${name}`, import.meta.url))

const spawned = (spawn: () => Worker) => MetricsLayer.layerWorker({ namespace: "test.spawn", spawn, logging: "silent" })

/** What the messages of Effect's workers and of this library look like, and anything else. */
const anyMessage = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
  fc.tuple(fc.constantFrom(0, 1), fc.anything()),
  fc.record({ _tag: fc.constantFrom("Catalog", "Refused", "Died", "Idle", "Hello", "Sleep"), error: fc.anything() })
)

/** Everything sent before has come back. */
const echoed = (thread: Worker) =>
  Effect.callback<void>((resume) => {
    const listen = (message: unknown): void => {
      if (message !== "the last one") return
      thread.off("message", listen)
      resume(Effect.void)
    }
    thread.on("message", listen).postMessage("the last one")
  })

const newRecorder = Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder("spawned"))

describe("spawn: () => Worker", () => {
  it.live("folds on the worker that it returns", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder
      yield* recorder.register(Ticks)
      yield* recorder.register(Notes)
      yield* recorder.emit(tick(4))
      yield* recorder.emit(note("a", "b"))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 4 })
      expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["a #b"] })
    }).pipe(Effect.provide(spawned(entry("probe.worker.ts"))))
  )

  it.effect("has its time from the TestClock of the producer", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder
      yield* recorder.register(TickLog)
      yield* recorder.emit(tick(1))
      yield* TestClock.adjust("1 hour")
      yield* recorder.emit(tick(2))
      yield* TestClock.adjust("10 seconds")
      expect((yield* recorder.snapshot(TickLog)).dimensions).toEqual({
        log: [
          [1, 0],
          [2, 3_600_000]
        ],
        now: 3_610_000
      })
    }).pipe(Effect.provide(spawned(entry("probe.worker.ts"))))
  )

  it.effect("is called once for each start of a runtime, and not before", () =>
    Effect.gen(function* () {
      let threads = 0
      const spawn = () => {
        threads++
        return entry("probe.worker.ts")()
      }
      const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test.spawn", spawn, logging: "silent" })
      expect(threads).toBe(0)
      yield* Effect.all([runtime.start, runtime.start], { concurrency: 2 })
      yield* runtime.start
      expect(threads).toBe(1)
    })
  )

  it.effect("releases the thread when the scope closes, under a stopped TestClock", () =>
    Effect.gen(function* () {
      const thread = entry("probe.worker.ts")()
      yield* Effect.gen(function* () {
        const recorder = yield* newRecorder
        yield* recorder.register(Ticks)
        yield* recorder.emit(tick())
      }).pipe(Effect.provide(spawned(() => thread)))
      // Node gives a thread that has ended the id -1.
      expect(thread.threadId).toBe(-1)
    })
  )

  it.live("has its messages next to those of the program, which affect nothing in either direction", () =>
    Effect.gen(function* () {
      const thread = entry("echo.worker.ts")()
      yield* Effect.gen(function* () {
        const recorder = yield* newRecorder
        yield* recorder.register(Ticks)
        let ticks = 0
        yield* forEvery(
          fc.array(anyMessage, { maxLength: 20 }),
          (messages) =>
            Effect.gen(function* () {
              yield* recorder.emit(tick(1))
              for (const message of messages) thread.postMessage(message)
              thread.emit("messageerror", new Error("somebody else's message cannot be read"))
              yield* echoed(thread)
              expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: ++ticks, sum: ticks })
            }),
          20
        )
        const runtime = yield* MetricsRuntime
        expect(yield* runtime.state).toBe("Running")
      }).pipe(Effect.provide(spawned(() => thread)))
      expect(thread.threadId).toBe(-1)
    })
  )

  it.effect("rejects a metric that its entry does not list", () =>
    Effect.gen(function* () {
      const error = yield* reasonOf(Effect.flatMap(newRecorder, (recorder) => recorder.register(Fragile)))
      expect(error).toMatchObject({
        _tag: "mvx-metrics/UnknownMetric",
        metric: "probe.fragile",
        known: ["probe.ticks", "probe.tick.log", "probe.notes"]
      })
    }).pipe(Effect.provide(spawned(entry("probe.worker.ts"))))
  )

  it.effect("rejects a metric whose definition differs, and accepts no event for it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder
      expect(yield* reasonOf(recorder.register(Ticks))).toMatchObject({
        _tag: "mvx-metrics/DefinitionMismatch",
        differences: ["initial state", "tags it reduces", "description"]
      })
      yield* recorder.emit(tick())
      expect(yield* recorder.snapshots).toEqual({})
      expect(yield* recorder.stats).toMatchObject({ applied: 0, ignored: 1 })
    }).pipe(Effect.provide(spawned(entry("mismatch.worker.ts"))))
  )
})

it.effect("is rejected at once if it returns a worker that has ended", () =>
  Effect.gen(function* () {
    const ended = new Worker("", { eval: true })
    yield* Effect.promise(() => once(ended, "exit"))
    const start = Effect.provide(
      MetricsRuntime,
      MetricsLayer.layerWorker({
        namespace: "test.ended",
        spawn: () => ended,
        startTimeout: "1 hour",
        logging: "silent"
      })
    )
    expect(yield* badInputOf(start)).toMatchObject({
      argument: "spawn",
      reason: "returned a worker that has ended. Start a new one in each call"
    })
  })
)
