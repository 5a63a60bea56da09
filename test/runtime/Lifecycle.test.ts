import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { forkNow } from "../support/forkNow.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { watchedWorker } from "../support/watchedWorker.ts"

const invalidState = (state: string) => ({ _tag: "mvx-metrics/InvalidState", subject: "runtime", id: "test", state })

onBothRuntimes("the lifecycle of a runtime", (make) => {
  it.effect("it is idle when created, runs once started, and is closed once shut down", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      expect(yield* runtime.state).toBe("Idle")
      yield* runtime.start
      expect(yield* runtime.state).toBe("Running")
      yield* runtime.shutdown
      expect(yield* runtime.state).toBe("Closed")
    })
  )

  it.effect("its namespace is trimmed", () =>
    Effect.gen(function* () {
      expect((yield* make({ namespace: "  test.trimmed " })).namespace).toBe("test.trimmed")
    })
  )

  it.effect("starting it again does nothing", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("a")
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* runtime.start
      expect(yield* runtime.state).toBe("Running")
      expect(yield* runtime.getRecorder("a")).toBe(recorder)
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
    })
  )

  it.effect("starting it while it starts joins that start", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      yield* Effect.all([runtime.start, runtime.start, runtime.start], { concurrency: "unbounded" })
      expect(yield* runtime.state).toBe("Running")
    })
  )

  it.effect("interrupting a waiter for the start leaves it running", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      yield* Fiber.interrupt(yield* forkNow(runtime.start))
      expect(["Starting", "Running"]).toContain(yield* runtime.state)
      yield* runtime.start
      yield* runtime.createRecorder("a")
    })
  )

  it.effect("it creates recorders only while it runs", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      const create = runtime.createRecorder("a")
      expect(yield* Effect.flip(create)).toMatchObject(invalidState("Idle"))
      yield* runtime.start
      yield* create
      yield* runtime.shutdown
      expect(yield* Effect.flip(create)).toMatchObject(invalidState("Closed"))
    })
  )

  it.effect("its registry can be queried in every state", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      const nothing = Effect.gen(function* () {
        expect(yield* runtime.recorderIds).toEqual([])
        expect(yield* runtime.findRecorder("a")).toEqual(Option.none())
        expect(yield* Effect.flip(runtime.getRecorder("a"))).toMatchObject({ _tag: "mvx-metrics/RecorderNotFound" })
      })
      yield* nothing
      yield* runtime.start
      yield* runtime.createRecorder("a")
      yield* runtime.shutdown
      yield* nothing
    })
  )

  it.effect("it is never started again", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      yield* runtime.shutdown
      expect(yield* Effect.flip(runtime.start)).toMatchObject(invalidState("Closed"))
    })
  )

  it.effect("one that never started can be shut down, and cannot be started afterwards", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      yield* runtime.shutdown
      expect(yield* runtime.state).toBe("Closed")
      expect(yield* Effect.flip(runtime.start)).toMatchObject(invalidState("Closed"))
    })
  )

  it.effect("a shutdown while it starts waits for the start, then closes it", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      const starting = yield* forkNow(runtime.start)
      yield* runtime.shutdown
      expect(yield* Fiber.await(starting)).toEqual(Exit.void)
      expect(yield* runtime.state).toBe("Closed")
    })
  )
})

describe("a worker's runtime", () => {
  it.effect("has one thread, however often it is started", () =>
    Effect.gen(function* () {
      const { spawn } = watchedWorker()
      let threads = 0
      const counted = () => {
        threads++
        return spawn()
      }
      const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", spawn: counted })
      yield* Effect.all([runtime.start, runtime.start], { concurrency: "unbounded" })
      yield* runtime.start
      expect(threads).toBe(1)
    })
  )

  it.effect("a shutdown requested while it starts continues when its waiter is interrupted", () =>
    Effect.gen(function* () {
      const { exited, spawn } = watchedWorker()
      const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", spawn })
      const starting = yield* forkNow(runtime.start)
      yield* Fiber.interrupt(yield* forkNow(runtime.shutdown))
      yield* Fiber.join(starting)
      yield* exited
    })
  )

  it.effect("that cannot start reports the reason to every waiter, and stays failed", () =>
    Effect.gen(function* () {
      const metrics = new URL("./no-such.metrics.ts", import.meta.url)
      const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", metrics })
      const starts = Effect.all([Effect.flip(runtime.start), Effect.flip(runtime.start)], { concurrency: "unbounded" })
      for (const error of yield* starts) {
        expect(error).toMatchObject({
          _tag: "mvx-metrics/MetricsModuleError",
          path: expect.stringContaining("no-such.metrics")
        })
      }
      expect(yield* runtime.state).toBe("Failed")
      expect(yield* Effect.flip(runtime.start)).toMatchObject(invalidState("Failed"))
      expect(yield* Effect.flip(runtime.createRecorder("a"))).toMatchObject(invalidState("Failed"))
      yield* runtime.shutdown
    })
  )

  it.effect("whose spawn throws fails to start", () =>
    Effect.gen(function* () {
      const cause = new Error("no more threads")
      const spawn = () => {
        throw cause
      }
      const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", spawn })
      const error = yield* Effect.flip(runtime.start)
      expect(error).toMatchObject({ _tag: "mvx-metrics/RuntimeFailed", namespace: "test" })
      expect(error.message).toContain(cause.message)
      expect(yield* runtime.state).toBe("Failed")
    })
  )
})

describe("several runtimes next to each other", () => {
  it.effect("share nothing, not even recorder ids", () =>
    Effect.gen(function* () {
      const metrics = new URL("../support/probe.metrics.ts", import.meta.url)
      const inProcess = (namespace: string) => MetricsRuntime.makeInProcess({ namespace, logging: "silent" })
      const onWorker = (namespace: string) => MetricsRuntime.makeWorker({ namespace, logging: "silent", metrics })
      const runtimes = yield* Effect.all([inProcess("a"), inProcess("b"), onWorker("c"), onWorker("d")].map(started))
      const recorders = yield* Effect.forEach(runtimes, (runtime) => runtime.createRecorder("same"))
      for (const [i, recorder] of recorders.entries()) {
        yield* recorder.register(Ticks)
        yield* recorder.emit(tick(10 ** i))
      }
      yield* runtimes[0]!.shutdown
      yield* runtimes[2]!.shutdown
      for (const i of [1, 3]) {
        expect(yield* runtimes[i]!.state).toBe("Running")
        expect((yield* recorders[i]!.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 10 ** i })
      }
    })
  )
})
