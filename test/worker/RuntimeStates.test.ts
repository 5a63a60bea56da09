// The sequence of a runtime's states: while its worker is replaced, and to its end.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { MetricsRuntime as PromiseRuntime } from "mvx-metrics/promise"
import { Count, lastingWorkers } from "./fixtures/lasting.metrics.ts"

const work = { _tag: "lasting.work", kind: "a", millis: 1 } as const

it.effect(
  "a runtime reports that it restarts, and that it runs again, in a stream and to its hook; recorders can be created meanwhile",
  () =>
    Effect.gen(function* () {
      const { spawn, workers } = lastingWorkers()
      const told: Array<string> = []
      const runtime = yield* MetricsRuntime.makeWorker({
        namespace: "test.states",
        logging: "silent",
        spawn,
        restart: Schedule.spaced("1 milli"),
        onStateChanged: (state) => Effect.sync(() => void told.push(state))
      })
      const states = yield* Effect.forkChild(Stream.runCollect(runtime.states), { startImmediately: true })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("a")
      yield* recorder.register(Count)
      yield* recorder.emit(work)
      yield* recorder.flush()
      yield* Effect.promise(() => workers.at(-1)!.terminate())
      yield* Stream.runDrain(Stream.takeUntil(runtime.states, (state) => state === "Restarting"))
      const other = yield* runtime.createRecorder("b")
      yield* other.register(Count)
      yield* recorder.emit(work)
      yield* other.emit(work)
      expect((yield* recorder.snapshot(Count)).dimensions.value).toBe(2)
      expect((yield* other.snapshot(Count)).dimensions.value).toBe(1)
      yield* runtime.shutdown
      const all = ["Starting", "Running", "Restarting", "Running", "Stopping", "Closed"]
      expect(yield* Fiber.join(states)).toEqual(["Idle", ...all])
      expect(told).toEqual(all)
    })
)

it.effect("a runtime whose worker is not replaced has failed, which ends the stream", () =>
  Effect.gen(function* () {
    const { spawn, workers } = lastingWorkers()
    const runtime = yield* MetricsRuntime.makeWorker({
      namespace: "test.states",
      logging: "silent",
      spawn,
      restart: Schedule.recurs(0)
    })
    yield* runtime.start
    const states = yield* Effect.forkChild(Stream.runCollect(runtime.states), { startImmediately: true })
    yield* Effect.promise(() => workers.at(-1)!.terminate())
    expect((yield* Fiber.join(states)).at(-1)).toBe("Failed")
    expect(yield* runtime.state).toBe("Failed")
  })
)

it("a hook of the promise API may throw, which changes nothing", async () => {
  const told: Array<string> = []
  const runtime = await PromiseRuntime.start({
    namespace: "test.states",
    logging: "silent",
    inProcess: true,
    onStateChanged: (state) => {
      told.push(state)
      throw new Error("not today")
    }
  })
  await runtime.shutdown()
  expect(told).toEqual(["Starting", "Running", "Stopping", "Closed"])
})
