// A scrape while the worker is down: 503 and the reason, within a second.
import type { Worker } from "node:worker_threads"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { GatedTicks, gatedTick, gatedWorker } from "./fixtures/gated.metrics.ts"

/** A runtime whose fold stands still at the first event, until its gate is opened. */
const gated = Effect.gen(function* () {
  const { open, spawn } = gatedWorker()
  let thread: Worker | undefined
  const runtime = yield* MetricsRuntime.makeWorker({
    namespace: "test.scrape",
    spawn: () => {
      thread = spawn()
      return thread
    },
    shutdownTimeout: "1 milli",
    capacity: 50_000,
    // Room for some of the events.
    memoryLimit: 524_288,
    restart: Schedule.recurs(0),
    logging: "silent"
  })
  yield* runtime.start
  const recorder = yield* runtime.createRecorder("gated")
  yield* recorder.register(GatedTicks)
  const handle = yield* Effect.provideService(Prometheus.handler(), MetricsRuntime, runtime)
  const ask = Effect.promise(async () => {
    const response = await handle(new Request("http://localhost/metrics"))
    return [response.status, await response.text()] as const
  })
  return { ask, kill: Effect.promise(() => thread!.terminate()), open, recorder }
})

it.live("a dead worker is named at once, in any state of the scrape", () =>
  Effect.gen(function* () {
    const { ask, kill, recorder } = yield* gated
    yield* recorder.emit(gatedTick(1))
    const inFlight = yield* Effect.forkChild(ask, { startImmediately: true })
    yield* kill
    const reason = /^metrics runtime "test.scrape" failed: .*exit/i
    for (const [status, text] of [yield* Fiber.join(inFlight), yield* ask]) {
      expect(status).toBe(503)
      expect(text).toMatch(reason)
    }
  })
)

it.live("a worker that does not respond is abandoned within a second, and tried again by the next scrape", () =>
  Effect.gen(function* () {
    const { ask, open, recorder } = yield* gated
    yield* recorder.emit(gatedTick(1))
    const [status, text] = yield* ask
    expect(status).toBe(503)
    expect(text).toContain("the fold has not answered within 900ms")
    open()
    expect((yield* ask)[1]).toContain('gated_ticks{recorder="gated",namespace="test.scrape",dimension="count"} 1\n')
  })
)

it.live("a worker that does not respond is abandoned as fast while events wait for room on their way to it", () =>
  Effect.gen(function* () {
    const { ask, open, recorder } = yield* gated
    const events = 30_000
    for (let n = 1; n <= events; n++) recorder.emitUnsafe(gatedTick(n))
    const begun = performance.now()
    const [status, text] = yield* ask
    expect(status).toBe(503)
    expect(text).toContain("the fold has not answered within 900ms")
    // A scrape may take 10 seconds.
    expect(performance.now() - begun).toBeLessThan(5000)
    open()
    expect((yield* ask)[1]).toContain(
      `gated_ticks{recorder="gated",namespace="test.scrape",dimension="count"} ${events}\n`
    )
  })
)

it.live("a slow worker that makes progress is waited for", () =>
  Effect.gen(function* () {
    const { letPass, spawn } = gatedWorker()
    const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test.scrape", spawn, logging: "silent" })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("slow")
    yield* recorder.register(GatedTicks)
    // Each on its own in the stream: the fold says how far it is between any two.
    for (let n = 1; n <= 8; n++) {
      yield* recorder.emit(gatedTick(n))
      yield* recorder.emit({ _tag: "of.nobody", n })
    }
    const asking = yield* Effect.forkChild(Effect.provideService(Prometheus.render(), MetricsRuntime, runtime), {
      startImmediately: true
    })
    // One event each 250 ms: two seconds in all, more than a silent worker is given.
    yield* Effect.forEach(Array(8), () => Effect.andThen(Effect.sleep("250 millis"), Effect.sync(letPass)))
    expect(yield* Fiber.join(asking)).toContain(
      'gated_ticks{recorder="slow",namespace="test.scrape",dimension="count"} 8\n'
    )
  })
)
