// A worker that ends is replaced, and the numbers do not show it.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime, type RecorderService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { OutsideClock } from "../../src/internal/util/liveClock.ts"
import { expectBalanced } from "../support/accounting.ts"
import { forkNow } from "../support/forkNow.ts"
import { asMany } from "../support/long.ts"
import { GatedTicks, gatedTick, gatedWorker } from "./fixtures/gated.metrics.ts"
import { all, Count, type LastingEvent, lastingWorkers } from "./fixtures/lasting.metrics.ts"

const event = (n: number): typeof LastingEvent.Type => ({
  _tag: "lasting.work",
  kind: `kind ${n % 7}`,
  // Sums of these have parts that neither a double nor two of them hold.
  millis: ((n * 37) % 1500) + 0.1 + (n % 97 === 0 ? 1e300 : 0) - (n % 89 === 0 ? 1e-300 : 0),
  ...(n % 11 === 0 && { tags: ["a", "b"] })
})

const namespace = "test.restart"

/** A runtime that replaces its workers at once, and what to compare it with: the same in process. */
const twin = (recorderIds: ReadonlyArray<string>, memoryLimit?: number) =>
  Effect.gen(function* () {
    const { spawn, workers } = lastingWorkers()
    const options = { namespace, logging: "silent", ...(memoryLimit !== undefined && { memoryLimit }) } as const
    const runtime = yield* MetricsRuntime.makeWorker({ ...options, spawn, restart: Schedule.spaced("1 milli") })
    const other = yield* MetricsRuntime.makeInProcess(options)
    yield* runtime.start
    yield* other.start
    const recorders: Array<readonly [RecorderService, RecorderService]> = []
    for (const id of recorderIds) {
      const pair = [yield* runtime.createRecorder(id), yield* other.createRecorder(id)] as const
      for (const each of pair) for (const metric of all) yield* each.register(metric)
      recorders.push(pair)
    }
    let n = 0
    /** Emits events to all in turn. */
    const emit = (count: number): void => {
      for (let i = 0; i < count; i++, n++) {
        for (const each of recorders[n % recorders.length]!) {
          if (!each.emitUnsafe(event(n))) throw new Error(`event ${n} was refused`)
        }
      }
    }
    const kill = Effect.promise(() => workers.at(-1)!.terminate())
    const expectSame = Effect.gen(function* () {
      for (const [recorder, expected] of recorders) {
        const report = yield* recorder.report
        const { snapshots, stats } = yield* expected.report
        expect(report.snapshots).toEqual(snapshots)
        expect(report.stats).toEqual(stats)
        expectBalanced(report.stats)
      }
    })
    return { runtime, recorders, emit, kill, expectSame, workers }
  })

it.effect(
  "a replaced worker continues with the state of all its recorders, including events that were not folded",
  () =>
    Effect.gen(function* () {
      const { emit, expectSame, kill, runtime, workers } = yield* twin(["a", "b"])
      emit(500)
      yield* expectSame
      emit(300)
      yield* kill
      emit(200)
      yield* expectSame
      expect(workers).toHaveLength(2)
      expect((yield* runtime.stats).restarts).toBe(1)
      const text = yield* Prometheus.render().pipe(Effect.provideService(MetricsRuntime, runtime))
      expect(text).toContain(`mvx_metrics_worker_restarts_total{namespace="${namespace}"} 1`)
    })
)

it.live("a scrape that was requested while there was no worker is answered", () =>
  Effect.gen(function* () {
    const { emit, kill, runtime } = yield* twin(["a"])
    emit(10)
    yield* kill
    while ((yield* runtime.state) !== "Restarting") yield* Effect.yieldNow
    // By a clock that stands still: a busy machine may take longer to start a worker than a scrape waits.
    const text = yield* Prometheus.render().pipe(
      Effect.provideService(MetricsRuntime, runtime),
      Effect.provideService(OutsideClock, yield* TestClock.make())
    )
    expect(text).toContain(`mvx_metrics_events_accepted_total{recorder="a",namespace="${namespace}"} 10\n`)
    expect(text).toMatch(/^lasting_count_total\{recorder="a",namespace="test.restart",kind="kind 1"\} 2$/m)
  })
)

it.effect("a worker is replaced repeatedly, with more events than memory has room for", () =>
  Effect.gen(function* () {
    const { emit, expectSame, kill, recorders, workers } = yield* twin(["a", "b", "c"], 4 * 262_144)
    for (let round = 0; round < 4; round++) {
      for (let burst = 0; burst < asMany(20, 8); burst++) {
        emit(3000)
        for (const [recorder, other] of recorders) yield* Effect.all([recorder.snapshot(Count), other.snapshot(Count)])
      }
      emit(1000)
      yield* kill
    }
    yield* expectSame
    expect(workers).toHaveLength(5)
  })
)

for (const what of ["close its port", "close the port of the stream"]) {
  it.effect(`replaces a worker that is made to ${what}, even under permanent load`, () =>
    Effect.gen(function* () {
      const { emit, expectSame, recorders, workers } = yield* twin(["a", "b"], 2 * 262_144)
      emit(100)
      yield* expectSame
      let hasEnded = false
      workers[0]!.once("exit", () => {
        hasEnded = true
      })
      workers[0]!.postMessage(what)
      const reads: Array<Fiber.Fiber<unknown, unknown>> = []
      while (!hasEnded) {
        emit(400)
        for (const pair of recorders) for (const each of pair) reads.push(yield* forkNow(each.snapshot(Count)))
        yield* nextTurn
        yield* recorders[0]![1].flush()
      }
      for (const read of reads) yield* Fiber.join(read)
      yield* expectSame
      expect(workers).toHaveLength(2)
    })
  )
}

it.effect("a flush that the ended worker has not answered is answered", () =>
  Effect.gen(function* () {
    const gated = gatedWorker()
    const threads: Array<ReturnType<typeof gated.spawn>> = []
    const spawn = () => {
      const thread = gated.spawn()
      threads.push(thread)
      return thread
    }
    const restart = Schedule.spaced("1 milli")
    const runtime = yield* MetricsRuntime.makeWorker({ namespace, logging: "silent", spawn, restart })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("a")
    yield* recorder.register(GatedTicks)
    for (let n = 1; n <= 5; n++) yield* recorder.emit(gatedTick(n))
    const flush = yield* forkNow(runtime.flush())
    yield* Effect.promise(() => threads[0]!.terminate())
    expect(flush.pollUnsafe()).toBeUndefined()
    gated.open()
    yield* Fiber.join(flush)
    expect(threads).toHaveLength(2)
    expect(yield* recorder.stats).toMatchObject({ accepted: 5, applied: 5, pending: 0 })
  })
)

it.effect("a scrape and a probe before the worker ended change no later window", () =>
  Effect.gen(function* () {
    const { emit, expectSame, kill, runtime } = yield* twin(["a", "b"])
    yield* TestClock.setTime(1_000_000)
    emit(300)
    yield* runtime.flush()
    const { scrape } = internalsOf(runtime)
    yield* scrape({ rendering: { format: "text" }, timeout: "10 seconds" })
    yield* TestClock.adjust("10 seconds")
    emit(300)
    // Asked for, and not answered: the probe of a scrape that waits has no time of its own.
    const waiting = yield* Effect.forkChild(
      Effect.exit(scrape({ rendering: { format: "text" }, timeout: "10 seconds" })),
      {
        startImmediately: true
      }
    )
    yield* kill
    yield* Fiber.join(waiting)
    emit(10)
    yield* expectSame
  })
)
