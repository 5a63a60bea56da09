/** A worker that dies in the middle of an operation: every waiter gets an error, and nothing waits for ever. */
import type { Worker } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Latch, Schedule } from "effect"
import { MetricsRuntime, type RecorderOptions } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { GatedTicks, gatedTick, gatedWorker } from "./fixtures/gated.metrics.ts"

/** A runtime whose worker folds nothing, a recorder on it, and the end of the worker. */
const doomed = (options?: RecorderOptions, shutdownTimeout: Duration.Input = "1 minute") =>
  Effect.gen(function* () {
    const gated = gatedWorker()
    let thread: Worker | undefined
    const spawn = (): Worker => {
      thread = gated.spawn()
      return thread
    }
    const runtime = yield* MetricsRuntime.makeWorker({
      namespace: "test.doomed",
      spawn,
      shutdownTimeout,
      restart: Schedule.recurs(0),
      logging: "silent"
    })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("doomed", options)
    yield* recorder.register(GatedTicks)
    return { runtime, recorder, thread: thread!, kill: Effect.promise(() => thread!.terminate()) }
  })

/** Runs an operation up to where it waits. */
const waitingFor = <A, E>(operation: Effect.Effect<A, E>) =>
  Effect.forkChild(Effect.flip(operation), { startImmediately: true })

const recorderFailed = { _tag: "mvx-metrics/RecorderFailed", recorderId: "doomed" }

describe("a worker that dies", () => {
  it.effect("fails a pending stop", () =>
    Effect.gen(function* () {
      const { kill, recorder } = yield* doomed()
      yield* recorder.emit(gatedTick(1))
      const stop = yield* waitingFor(recorder.stop)
      expect(yield* recorder.state).toBe("Stopping")
      yield* kill
      expect(yield* Fiber.join(stop)).toMatchObject(recorderFailed)
      expect(yield* recorder.state).toBe("Failed")
    })
  )

  it.effect("fails a pending start", () =>
    Effect.gen(function* () {
      const reached = yield* Latch.make()
      let starts = 0
      const onStarting = Effect.suspend(() =>
        ++starts === 1 ? Effect.void : Effect.andThen(reached.open, Effect.never)
      )
      const { kill, recorder } = yield* doomed({ onStarting })
      yield* recorder.stop
      const start = yield* waitingFor(recorder.start)
      yield* reached.await
      yield* kill
      expect(yield* Fiber.join(start)).toMatchObject(recorderFailed)
      expect(yield* recorder.state).toBe("Failed")
    })
  )

  it.effect("fails a pending removal, and the recorder is gone", () =>
    Effect.gen(function* () {
      const { kill, recorder, runtime } = yield* doomed()
      yield* recorder.emit(gatedTick(1))
      const removal = yield* waitingFor(runtime.stopAndRemoveRecorder("doomed"))
      yield* kill
      expect(yield* Fiber.join(removal)).toMatchObject(recorderFailed)
      expect(yield* runtime.recorderIds).toEqual([])
    })
  )

  it.effect("fails a pending flush, and every later one", () =>
    Effect.gen(function* () {
      const { kill, recorder, runtime } = yield* doomed()
      yield* recorder.emit(gatedTick(1))
      const flush = yield* waitingFor(runtime.flush())
      yield* kill
      const failed = {
        _tag: "mvx-metrics/FlushFailed",
        flushed: [],
        failures: [{ recorderId: "doomed", accepted: 1, folded: 0, reason: expect.stringContaining("failed") }]
      }
      expect(yield* Fiber.join(flush)).toMatchObject(failed)
      expect(yield* Effect.flip(runtime.flush())).toMatchObject(failed)
    })
  )

  it.effect("makes a pending shutdown name the recorders that could not stop", () =>
    Effect.gen(function* () {
      const { kill, recorder, runtime } = yield* doomed()
      yield* recorder.emit(gatedTick(1))
      yield* runtime.createRecorder("idle")
      const shutdown = yield* waitingFor(runtime.shutdown)
      yield* kill
      const reason = expect.stringContaining("The worker has exited")
      expect(yield* Fiber.join(shutdown)).toMatchObject({
        _tag: "mvx-metrics/ShutdownFailed",
        failures: [{ recorderId: "doomed", reason }]
      })
    })
  )

  it.effect("refuses the events of fibers that wait for room, and counts them", () =>
    Effect.gen(function* () {
      const { kill, recorder } = yield* doomed({ capacity: 2, overflow: "backpressure" })
      yield* recorder.emit(gatedTick(1))
      yield* recorder.emit(gatedTick(2))
      const emits = yield* Effect.forEach([3, 4], (n) => waitingFor(recorder.emit(gatedTick(n))))
      yield* kill
      for (const emit of emits)
        expect(yield* Fiber.join(emit)).toMatchObject({ _tag: "mvx-metrics/InvalidState", state: "Failed" })
      const stats = yield* recorder.stats
      expect(stats).toMatchObject({ offered: 4, accepted: 2, refusedBy: { notRunning: 2 }, pending: 2 })
      expectBalanced(stats)
    })
  )

  it.effect("fails all pending reads, of every recorder", () =>
    Effect.gen(function* () {
      const { kill, recorder, runtime } = yield* doomed()
      const other = yield* runtime.createRecorder("other")
      yield* recorder.emit(gatedTick(1))
      const reads = yield* Effect.forEach([recorder, recorder, other], (each) => waitingFor(each.report))
      yield* kill
      const errors = yield* Effect.forEach(reads, (read) => Fiber.join(read))
      expect(errors).toMatchObject([
        recorderFailed,
        recorderFailed,
        { _tag: "mvx-metrics/RecorderFailed", recorderId: "other" }
      ])
    })
  )

  it.effect("makes the reads and the start of a recorder that was stopped before fail", () =>
    Effect.gen(function* () {
      const { kill, recorder, runtime } = yield* doomed()
      const other = yield* runtime.createRecorder("other")
      yield* other.stop
      yield* recorder.emit(gatedTick(1))
      const read = yield* waitingFor(recorder.snapshots)
      yield* kill
      yield* Fiber.join(read)
      expect(yield* Effect.flip(other.snapshots)).toMatchObject({
        _tag: "mvx-metrics/RecorderFailed",
        recorderId: "other"
      })
      expect(yield* Effect.flip(other.start)).toMatchObject({ _tag: "mvx-metrics/InvalidState" })
    })
  )

  it.effect("does not run onStopped, because not everything was folded", () =>
    Effect.gen(function* () {
      const stopped = yield* Latch.make()
      const { kill, recorder } = yield* doomed({ onStopped: stopped.open })
      yield* recorder.emit(gatedTick(1))
      const stop = yield* waitingFor(recorder.stop)
      yield* kill
      yield* Fiber.join(stop)
      expect(Latch.isOpen(stopped)).toBe(false)
    })
  )

  it.effect("does not affect another runtime", () =>
    Effect.gen(function* () {
      const { kill, recorder } = yield* doomed()
      const gated = gatedWorker()
      const healthy = yield* MetricsRuntime.makeWorker({
        namespace: "test.healthy",
        spawn: gated.spawn,
        logging: "silent"
      })
      yield* healthy.start
      const unhurt = yield* healthy.createRecorder("unhurt")
      yield* unhurt.register(GatedTicks)
      yield* recorder.emit(gatedTick(1))
      yield* unhurt.emit(gatedTick(7))
      const read = yield* waitingFor(recorder.snapshots)
      yield* kill
      yield* Fiber.join(read)
      gated.open()
      expect((yield* unhurt.snapshot(GatedTicks)).dimensions).toEqual({ count: 1, sum: 7 })
      expect(yield* healthy.state).toBe("Running")
    })
  )
})

describe("a hanging worker", () => {
  it.effect("is abandoned at shutdown, which names its recorders and ends the thread", () =>
    Effect.gen(function* () {
      const { recorder, runtime, thread } = yield* doomed({}, "10 millis")
      yield* recorder.emit(gatedTick(1))
      const read = yield* waitingFor(recorder.snapshots)
      const reason = expect.stringContaining("did not stop within 10ms")
      expect(yield* Effect.flip(runtime.shutdown)).toMatchObject({
        _tag: "mvx-metrics/ShutdownFailed",
        failures: [{ recorderId: "doomed", reason }]
      })
      expect(yield* Fiber.join(read)).toMatchObject(recorderFailed)
      expect(yield* runtime.state).toBe("Closed")
      // Node gives a thread that has ended the id -1.
      expect(thread.threadId).toBe(-1)
    })
  )
})
